/*
 * What to make of a shipment that was asked for and cannot be found. The request may still be at
 * work for as long as the service was ever seen to take, and nobody can know from when it was given
 * up, so only after that time "not found" means "not made". Times come with the context of the job,
 * by the clock of the database. Pure.
 */
#ifndef WORKER_JOBS_BOOKING_DOUBT_H
#define WORKER_JOBS_BOOKING_DOUBT_H

#include <stdbool.h>

#include "worker/jobs/job_kind.h"

struct booking_doubt {
    bool was_asked_for; /* ever: then it is looked for first */
    bool is_open;       /* the last request may have made it */
    double given_up_s;  /* seconds since that request was given up; NAN: nobody noted that yet */
    double settle_s;    /* how long it may be at work after that */
};

/* What the context of a create_shipment job says. */
struct booking_doubt booking_doubt_read(const struct job *job);

/* True when a shipment that is not found was not made. */
bool booking_doubt_is_settled(const struct booking_doubt *doubt);

/* Ends the attempt: it was not found, and is looked for again. */
enum step booking_doubt_wait(const struct booking_doubt *doubt, struct outcome *outcome);

/* Whether the request to book may have reached the service: it was sent, and so was answered by the
 * service itself, or by nobody. */
bool booking_was_sent(const struct http_response *answer);

/* Ends the attempt to book it: the answer leaves open whether it was made. */
enum step booking_doubt_open(const struct http_response *answer, const struct job *job,
                             struct outcome *outcome);

/* The same, when the answer says that it was made but cannot be read; `why` says what was seen. */
enum step booking_doubt_unreadable(const struct http_response *answer, const char *why,
                                   struct outcome *outcome);

/* Ends the attempt to book it: the request never left, or was put off. It may be sent again. */
enum step booking_doubt_not_made(const struct http_response *answer, const struct job *job,
                                 struct outcome *outcome);

#endif
