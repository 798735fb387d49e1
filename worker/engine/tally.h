/*
 * The counters of what workers do. They are of the process: any thread may count.
 */
#ifndef WORKER_ENGINE_TALLY_H
#define WORKER_ENGINE_TALLY_H

#include "worker/api/http_message.h"
#include "worker/engine/job_run.h"
#include "worker/queue/flight.h"

/* Makes all of them visible with their first value, 0, since an alert must not see them absent; and
 * which program counts. */
void tally_show(void);

/* An attempt has begun, so long after its job was due, and its job is held; it is held no more. */
void tally_started(const struct job_kind *kind, int64_t waited_us);
void tally_gone(void);

/* The attempt ended, as the database has acknowledged. */
void tally_ended(const struct job_run *run);

/* It was let go of with its lease. */
void tally_abandoned(void);

/* The database refused its result as too late: refused and abandoned, and nothing else. */
void tally_refused(void);

/* A lease has lapsed. */
void tally_lapsed(void);

/* A flight is back, so long after it was sent. */
void tally_flight(const struct flight *flight, int64_t took_us);

/* The worker of the calling thread is connected with the database, for the first time or again. */
void tally_connected(void);

/* An API answered, or did not. */
void tally_answer(const struct http_response *answer);

#endif
