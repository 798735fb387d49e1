/*
 * One claimed job in flight: the kind's state, what it wants next, what came of it.
 *
 *   STEPPING ──> READY ──slot is free──> CALLING ──answer──> STEPPING ──> …
 *      │           ^
 *      │           └──────── saved ────────┐
 *      └──> PENDING ──flight goes out──> SENT ──acknowledged──> gone (objected to: STEPPING)
 *              ^── refused or unknown ─────┤
 *              └──── after a wait ─── ASIDE <┘ a row is locked by somebody else
 *
 * PENDING and SENT tell the database either the rows that are saved between two calls
 * (`is_saving`), after which the job goes on, or how it ended. job_run_set_state() is the only
 * function that changes the state: it traces the change, and moves the run to the list of its new
 * state. One thread owns a run and its lists.
 */
#ifndef WORKER_ENGINE_JOB_RUN_H
#define WORKER_ENGINE_JOB_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "worker/jobs/job_kind.h"
#include "worker/queue/queue.h"

enum job_run_state {
    JOB_RUN_STEPPING, /* the kind is deciding; only within a function call */
    JOB_RUN_READY,    /* `request` is to be sent, when a slot is free */
    JOB_RUN_CALLING,  /* `request` is under way, or waits for a bearer token */
    JOB_RUN_PENDING,  /* its rows or its outcome go to the database with the next flight */
    JOB_RUN_SENT,     /* they are in the flight that is out */
    JOB_RUN_ASIDE,    /* somebody else holds a row that they change: they wait (quarantine.h) */
    JOB_RUN_STATES
};

struct http_call;
struct bearer_waiter;
struct partner_waiter;

/* A doubly linked list of runs. A zeroed struct is an empty list. */
struct job_run_list {
    struct job_run *first;
    struct job_run *last;
    int count;
    struct queue_apis counts; /* of each API */
};

/* The runs of an owner, a list for each state. */
struct job_run_lists {
    struct job_run_list of[JOB_RUN_STATES];
};

struct job_run {
    struct job job;
    const struct job_kind *kind;
    int64_t token;
    int api; /* the number of its API */
    void *kind_state;
    enum job_run_state state;
    enum step end;      /* PENDING, SENT: how it ended */
    bool is_saving;     /* PENDING, SENT: it has not ended; it saves rows before its next call */
    bool is_released;   /* PENDING, SENT: handed back unattempted */
    bool is_suspect;    /* PENDING, SENT: it was set aside; it is tried in a flight of its own */
    int64_t aside_us;   /* ASIDE: how long it waits, the first time 0 … */
    int64_t try_at_us;  /* … and until when */
    bool is_refused;    /* the database refused this one's report once */
    const char *blames; /* whose fault the last answer was, as queue_failed says it; or NULL */
    struct outcome outcome;
    struct http_request request;  /* READY, CALLING, or saving: what comes next */
    struct http_call *call;       /* CALLING: the transfer */
    struct bearer_waiter *waiter; /* CALLING: waits for a bearer token before the transfer */
    struct partner_waiter *doubt; /* CALLING: refused, and waits to hear who is to blame */
    int calls;                    /* so many were sent for this attempt */
    char call_id[HTTP_ID_SIZE];   /* of the last of them; "" before the first */
    int64_t sent_us;              /* CALLING: when a transfer with a bearer token began */
    bool is_bearer_renewed;       /* the API refused a token for this request once */
    char *shop;                   /* host name of the shop that the job is about, or NULL */
    char *client_id;              /* of the account at Boekuwzending, or NULL */
    size_t unwritten_bytes;       /* PENDING, SENT: of its rows, as its owner counts them */
    void *owner;                  /* whoever runs it, for callbacks */
    char *secret;                 /* opened token or client secret; wiped when freed */
    char *token_problem;          /* why there is none; job.token_problem points here */
    struct job_run_lists *lists;
    struct job_run *previous;
    struct job_run *next;
};

/* Puts it at the end of the list of that state; what comes back from SENT to PENDING at its front,
 * since it is older than what waits there. */
void job_run_set_state(struct job_run *run, enum job_run_state state);

/* What a run is made of: a claimed job, its kind, and its opened secret or why there is none. */
struct job_run_parts {
    const struct queue_job *queue_job; /* copied */
    const struct job_kind *kind;
    char *secret;        /* NULL: none; taken over */
    char *token_problem; /* NULL: none; taken over */
};

/* Makes a run on the lists, which are borrowed for its life. The kind has begun; the state is
 * STEPPING, or PENDING when it could not begin. */
struct job_run *job_run_new(const struct job_run_parts *parts, struct job_run_lists *lists);

/* Lets the kind look at an answer (NULL: the first step) and decide. Afterwards the state is READY
 * or PENDING. */
void job_run_step(struct job_run *run, const struct http_response *answer);

/* Bytes of the rows that it wants to store. */
size_t job_run_written_bytes(const struct job_run *run);

/* Gives the request, which is about to be sent, an id of its own, of job, attempt and call: in the
 * logs of both sides and in the record of the attempt it is the same. */
void job_run_name_call(struct job_run *run);

/* What it saved between two calls is saved: READY for the next call. */
void job_run_saved(struct job_run *run);

/* Its rows were saved, but the database objects to the call that was to follow: the kind looks at
 * that as at an answer; with "", not now, the run is handed back. */
void job_run_object(struct job_run *run, const char *objection);

/* Ends a run without an outcome of its kind, handed back unattempted: PENDING. */
void job_run_release(struct job_run *run);

/* Ends a run as failed for good, dropping what it wanted to write. The state stays. */
void job_run_fail(struct job_run *run, enum error_class error_class, const char *error);

/* Says in the log how it ended. */
void job_run_log_end(const struct job_run *run);

/* How many runs of each API there are that no flight tells of. */
struct queue_apis job_run_held_of(const struct job_run_lists *lists);

/* Takes it off its list and frees it. NULL is allowed. */
void job_run_free(struct job_run *run);

/* Frees all runs of the lists. */
void job_run_free_all(struct job_run_lists *lists);

struct bearers;

/* A service may echo what it was asked with: hides the run's secret, our partner token and the
 * bearer tokens at hand in the words of its outcome. */
void job_run_hide_secrets(struct job_run *run, const char *partner_token,
                          const struct bearers *bearers);

#endif
