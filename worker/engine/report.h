/*
 * What finished runs say to the database: their writes and their outcomes, as a few statements of
 * one flight for the whole batch.
 */
#ifndef WORKER_ENGINE_REPORT_H
#define WORKER_ENGINE_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "worker/engine/job_run.h"
#include "worker/queue/flight.h"

/* Which parts of a flight are the report: from `first` up to, not with, `end`. */
struct report_span {
    int first;
    int end;
};

/*
 * Moves up to `limit` runs (fewer when their writes get large) from PENDING to SENT and adds what
 * they have to say to the flight: first the writes, which look for the job under its fencing token,
 * then the outcomes, which take it away. A suspect (quarantine.h) goes alone.
 */
struct report_span report_add(struct job_run_lists *lists, int limit, struct flight *flight);

/* What the database said to the statements of a report: each answers with the jobs that it refused,
 * since their tokens are somebody else's by now. */
enum { REPORT_VERDICTS = 4 };
struct report_verdict {
    const PGresult *refused[REPORT_VERDICTS]; /* the flight's; NULL for what it does not have */
    const struct flight *flight;
};

/* Reads the verdict of a committed flight; it is good until the flight is cleared. */
void report_read(const struct flight *flight, struct report_verdict *ret_verdict);

/* True when the report of this job came too late: nothing of it was stored. */
bool report_is_refused(const struct report_verdict *verdict, int64_t job_id);

/* A statement that saves what a request is about to do may object to it: it answers with rows of
 * `id`, of the job, and `objection`. The words, owned by the flight; "" means: not now; NULL: there
 * is none. */
const char *report_objection(const struct report_verdict *verdict, int64_t job_id);

#endif
