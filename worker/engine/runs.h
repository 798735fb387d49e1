/*
 * The jobs that a worker has in flight, with the HTTP client, the bearer tokens and the opened
 * secrets that they call with. A claimed job starts here, makes its calls, waits for its report to
 * be acknowledged, and is gone. What is told to the database, and when, is up to the exchange.
 *
 * Belongs to one thread. `now_us` is clock_monotonic_us().
 */
#ifndef WORKER_ENGINE_RUNS_H
#define WORKER_ENGINE_RUNS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/config/config.h"
#include "common/sealing.h"
#include "worker/engine/claiming.h"
#include "worker/engine/job_run.h"
#include "worker/engine/stall.h"
#include "worker/queue/queue.h"

struct runs;

/* What runs are given; all of it is borrowed for their life. */
struct runs_settings {
    const struct config *config;
    const struct sealing_key *key; /* NULL: no secret can be opened */
    int epoll;                     /* the set in which the HTTP client watches its sockets … */
    uint32_t tag;                  /* … with this in the upper half of data.u64 */
    struct claiming *claiming;     /* told of calls that end and results that pile up */
    struct stall *stall;           /* told of jobs that move */
};

struct runs *runs_new(const struct runs_settings *settings);

/* From now on these certificates vouch for the services, read anew (NULL: the system's). How many
 * calls there are at most is up to `claiming`. */
void runs_reload(struct runs *runs, const char *ca_file);

/* Forgets all jobs without a word. NULL is allowed. */
void runs_free(struct runs *runs);

/* The lists by state, to be read, and for report_add(). */
struct job_run_lists *runs_lists(struct runs *runs);

/* How many jobs are held that the flight which is out does not tell of: altogether, and of each
 * API. */
int runs_held(const struct runs *runs);
struct queue_apis runs_held_of(const struct runs *runs);

/* True when no job is left, not even in the flight that is out. */
bool runs_is_empty(const struct runs *runs);

/* Starts a claimed job. */
void runs_start(struct runs *runs, const struct queue_job *queue_job, int64_t now_us);

/* No call begins after `grace_until_us`: jobs that want one then are handed back. */
void runs_stop(struct runs *runs, int64_t grace_until_us);

/* Hands back all jobs that are not to be reported yet. */
void runs_release_calling(struct runs *runs, int64_t now_us);

/* The lease has lapsed: calls stop, and their jobs are left to whoever rescues them. Returns how
 * many. What waits to be reported stays: its tokens tell whether it comes too late. */
int runs_abandon_calling(struct runs *runs);

/* Whether what is pending should go out now, rather than wait for company. */
bool runs_has_report_due(const struct runs *runs, int64_t now_us);

/* When it is due at the latest; INT64_MAX when nothing is pending. */
int64_t runs_report_due_us(const struct runs *runs);

/* What became of a run in the flight that was out: it was stored; or the database objected to the
 * call that it saved for (words, or "": not now); or it was refused as too late, since the job is
 * somebody else's; or it will never be heard of. */
void runs_settle(struct runs *runs, struct job_run *run, int64_t now_us);
void runs_object(struct runs *runs, struct job_run *run, const char *objection, int64_t now_us);
void runs_refuse(struct runs *runs, struct job_run *run);
void runs_forget(struct runs *runs, struct job_run *run);

/* The flight that was out did nothing, or may have done nothing: all that it told of is told again,
 * first of all. */
void runs_resend(struct runs *runs, int64_t now_us);

/* The HTTP client's part of the loop: see worker/calls/http.h. */
void runs_on_socket(struct runs *runs, int descriptor, uint32_t events, int64_t now_us);
void runs_advance(struct runs *runs, int64_t now_us);
int64_t runs_http_deadline_us(const struct runs *runs);

#endif
