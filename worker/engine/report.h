/*
 * What finished runs say to the database: their writes and their outcomes, as a few statements of
 * one flight for the whole batch.
 */
#ifndef WORKER_ENGINE_REPORT_H
#define WORKER_ENGINE_REPORT_H

#include "worker/engine/job_run.h"
#include "worker/queue/pipeline.h"

/* Where the statements stand in the flight; -1 for those that were not needed. */
struct report_parts {
    int first; /* index of the first statement of the report; equal to `end` when there is none */
    int end;   /* index after the last */
    int done;
    int failed;
    int released;
    int owned;      /* which of the runs that only saved still own their job */
    int done_count; /* how many jobs `done` should finish */
};

/*
 * Moves up to `limit` runs (fewer when their writes get large) from `pending` to `sent` and adds
 * what they have to say to the flight: first the writes, which look for the job under its fencing
 * token, then the outcomes, which take it away.
 */
void report_add(struct job_run_list *pending, struct job_run_list *sent, int limit,
                struct flight *flight, struct report_parts *ret_parts);

#endif
