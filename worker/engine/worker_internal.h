/*
 * The inside of a worker, shared by the four files that make it:
 *   worker.c           the thread and its loop
 *   worker_exchange.c  what it says to the database and hears back
 *   worker_jobs.c      the jobs in flight
 *   worker_look.c      whether work is left lying
 * Nobody else includes this.
 */
#ifndef WORKER_ENGINE_WORKER_INTERNAL_H
#define WORKER_ENGINE_WORKER_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "worker/calls/bearer.h"
#include "worker/calls/http.h"
#include "worker/calls/token_cache.h"
#include "worker/engine/job_run.h"
#include "worker/engine/report.h"
#include "worker/engine/worker.h"
#include "worker/queue/pipeline.h"

/* Where the statements of the flight that is out stand; -1: not in it. */
struct exchange {
    struct flight flight;
    struct report_parts report;
    int register_part;
    int disown_part;
    int renew_part;
    int claim_part;
    int idle_part;
    int due_part;
    int goodbye_part;
    int64_t sent_us;
    int64_t claim_token;
    int claim_limit;
};

enum { WINDOW_FIRST = 256, WINDOW_LEAST = 32, WINDOW_STEP = 2 };

struct worker {
    struct worker_settings settings;
    const struct config *config;
    int index;
    pthread_t thread;

    /* Shared with other threads. */
    atomic_bool stop_wanted;
    atomic_bool wake_wanted;
    atomic_bool has_ended;
    atomic_bool is_idle;
    atomic_llong progress_us;
    atomic_llong moved_us;
    atomic_llong due_since_us;
    int wake_descriptor;

    /* The thread's own. */
    int epoll;
    int64_t now_us; /* read once per round of the loop */
    struct pipeline *pipeline;
    uint64_t watched_generation;
    int watched_socket;
    uint32_t watched_events;
    struct http_client *http;
    struct bearers *bearers;
    struct token_cache *tokens;
    char application_name[32];

    /* The lease. */
    int64_t id;                /* koppeling.worker.id; 0: not registered */
    int64_t lease_deadline_us; /* by our clock, counted from before the renewal was sent */
    int64_t renew_at_us;

    /* The jobs. */
    struct job_run_list active;  /* calling */
    struct job_run_list ready;   /* want to call, and wait for one of the calls to end */
    struct job_run_list pending; /* to be reported or saved */
    struct job_run_list sent;    /* in the flight that is out */
    int report_limit;            /* runs per flight; smaller while a culprit is being looked for */
    size_t unwritten_bytes;      /* rows of the runs in `pending` and `sent` */
    int64_t report_at_us;        /* pending reports go at the latest then */

    /* Claiming. The window opens a step with each job that the database has acknowledged, and
     * closes a step with each that comes in while too much waits to be written: when the database
     * is what is slow, more calls in flight only cost memory. */
    bool more;           /* the last claim was full: there is more */
    int calls_ended;     /* since the last claim */
    int window;          /* most jobs to hold: up to in_flight, see above */
    int64_t poll_at_us;  /* the next claim without any hint */
    int64_t retry_at_us; /* nothing is sent before: the database refused something */
    int64_t backoff_us;  /* the wait before that; 0: the last flight was committed */
    int64_t looked_us;   /* when it last looked whether work is left lying */

    /* Jobs may run in our name that we do not know of, now or later: a claim got no answer, or a
     * job could not be reported. They are disowned with each renewal. */
    bool has_strays;
    bool disowns_now; /* without waiting for the renewal */

    /* The end. */
    bool stopping;
    int64_t grace_until_us;
    bool said_goodbye;

    struct exchange exchange;
};

/* worker_exchange.c */

/* Statements of an exchange that are worth preparing; ended by NULL. */
extern const char *const worker_statements[];

/* Sends what there is to say, if anything and if the connection is free. */
void worker_exchange_send(struct worker *worker);

/* The flight that was out is back. */
void worker_exchange_land(struct worker *worker);

/* When worker_exchange_send() may have something to say without anything else happening. */
int64_t worker_exchange_due_us(const struct worker *worker);

/* worker_look.c */

/* When to look next; INT64_MAX: not at all. */
int64_t worker_look_at_us(const struct worker *worker);

/* Puts the question into the flight, and takes the answer out of it. */
void worker_add_look(struct worker *worker, struct exchange *exchange);
void worker_note_look(struct worker *worker, const struct exchange *exchange);

/* worker_jobs.c */

/* How many jobs are held that the flight which is out does not report. */
int worker_held_jobs(const struct worker *worker);

/* Starts a claimed job. */
void worker_start_job(struct worker *worker, const struct queue_job *queue_job);

/* Puts a run where its state says: sends its request, or queues its report. */
void worker_place_run(struct worker *worker, struct job_run *run);

/* The lease has lapsed: transfers stop, and the jobs are left to whoever rescues them. */
void worker_lose_lease(struct worker *worker);

/* Hands all jobs that are still in flight back. */
void worker_release_jobs(struct worker *worker);

/* Forgets a run whose report will never be heard of. */
void worker_forget_run(struct worker *worker, struct job_run *run);

/* The job is somebody else's: forgets it. */
void worker_abandon_run(struct worker *worker, struct job_run *run);

/* Counts what was acknowledged, and frees it. */
void worker_settle_run(struct worker *worker, struct job_run *run);

#endif
