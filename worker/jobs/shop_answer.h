/*
 * What the jobs that talk to a shop do alike when it answers badly. Pure.
 */
#ifndef WORKER_JOBS_SHOP_ANSWER_H
#define WORKER_JOBS_SHOP_ANSWER_H

#include "worker/jobs/job_kind.h"

/* Ends this attempt: class, status, Retry-After and words come from the answer; `deed` says what
 * was tried ("list the orders"). Returns STEP_RETRY: the class decides what follows. */
enum step shop_answer_retry(const struct http_response *answer, const char *deed,
                            struct outcome *outcome);

/* Ends this attempt because an answer with status 200 makes no sense; `why` says what was seen. */
enum step shop_answer_unreadable(const struct http_response *answer, const char *deed,
                                 const char *why, struct outcome *outcome);

#endif
