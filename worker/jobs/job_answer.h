/*
 * What jobs do alike when a service answers badly: this attempt ends, and the record says what was
 * tried (`deed`: "read the order") and what came. Pure.
 */
#ifndef WORKER_JOBS_JOB_ANSWER_H
#define WORKER_JOBS_JOB_ANSWER_H

#include "worker/jobs/job_kind.h"

/* The answer is of no use. When it is no success, class, Retry-After and words come from itself;
 * when it is one, `why` says what is wrong with its content, and its class is UNREADABLE. Returns
 * STEP_RETRY: the class decides what follows; STEP_FAILED for one that is too large. */
enum step job_answer_useless(const struct http_response *answer, const char *deed, const char *why,
                             struct outcome *outcome);

/* The same for what makes no sense, whatever its status. */
enum step job_answer_unreadable(const struct http_response *answer, const char *deed,
                                const char *why, struct outcome *outcome);

/* Whether to try again when there is no answer that can be used: not when there was one that is
 * larger than is taken, unless it is of a request that may have taken effect and must be looked
 * up. STEP_RETRY or STEP_FAILED. */
enum step job_answer_step(const struct http_response *answer);

#endif
