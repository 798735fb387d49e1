/*
 * What the jobs that talk to Boekuwzending do alike when it answers badly. Their contexts hold a
 * receiver "to" and perhaps a sender "from"; nothing of either gets into the words that are
 * recorded, even if the service repeats it. Pure.
 */
#ifndef WORKER_JOBS_BOOKING_ANSWER_H
#define WORKER_JOBS_BOOKING_ANSWER_H

#include <stdbool.h>

#include "worker/jobs/job_kind.h"

/* Reads the member "environment" of the context. False, with nothing set, when it is neither
 * "production" nor "staging". */
bool booking_environment(const struct job *job, enum environment *ret_environment) MUSTCHECK;

/* Ends this attempt with `step`: class, Retry-After and words come from the answer; `deed` says
 * what was tried ("book the shipment"). The class of STEP_UNCERTAIN is always UNKNOWN_OUTCOME. */
enum step booking_answer_end(const struct http_response *answer, enum step step, const char *deed,
                             const struct job *job, struct outcome *outcome);

/* The same, where a refusal of what was sent cannot be helped by sending it again: STEP_FAILED for
 * a client error and for what is too large, STEP_RETRY for all else. */
enum step booking_answer_fail(const struct http_response *answer, const char *deed,
                              const struct job *job, struct outcome *outcome);

/* The answer is of no use: like job_answer_useless(), without what may be the receiver's. */
enum step booking_answer_useless(const struct http_response *answer, const char *deed,
                                 const char *why, const struct job *job, struct outcome *outcome);

/* Fails the job and its shipment with the words of the outcome: nothing was made, and asking as it
 * is cannot help. */
enum step booking_answer_not_booked(struct outcome *outcome);

#endif
