/*
 * One claimed job in flight: the kind's state, what it wants next, what came of it.
 *
 *   STEPPING ──> CALLING ──answer──> STEPPING ──> … ──> REPORTING ──acknowledged──> gone
 *                   ^                    └──> SAVING ──acknowledged──┘ (writes saved between calls)
 *
 * job_run_set_state() is the only function that changes the state, and it traces each change. A run
 * is on exactly one list, which follows from its state. One thread owns it.
 */
#ifndef WORKER_ENGINE_JOB_RUN_H
#define WORKER_ENGINE_JOB_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "worker/jobs/job_kind.h"
#include "worker/queue/queue.h"

enum job_run_state {
    JOB_RUN_STEPPING,  /* the kind is deciding; only within a function call */
    JOB_RUN_CALLING,   /* `request` is to be sent, or under way */
    JOB_RUN_SAVING,    /* writes go to the database before the next call */
    JOB_RUN_REPORTING, /* the outcome goes to the database */
};

struct http_call;
struct bearer_waiter;

struct job_run {
    struct job job;
    const struct job_kind *kind;
    int64_t token;
    void *kind_state;
    enum job_run_state state;
    enum step end;    /* REPORTING: how it ended */
    bool is_released; /* REPORTING: handed back unattempted */
    bool is_refused;  /* the database refused this one's report once */
    struct outcome outcome;
    struct http_request request;  /* CALLING, SAVING: what comes next */
    struct http_call *call;       /* CALLING: the transfer */
    struct bearer_waiter *waiter; /* CALLING: waits for a bearer token before the transfer */
    int64_t sent_us;              /* CALLING: when a transfer with a bearer token began */
    bool is_bearer_renewed;       /* the API refused a token for this request once */
    char *client_id;              /* of the account at Boekuwzending, or NULL */
    size_t unwritten_bytes;       /* SAVING, REPORTING: of its rows, as its owner counts them */
    void *owner;                  /* whoever runs it, for callbacks */
    char *secret;                 /* opened token or client secret; wiped when freed */
    char *token_problem;          /* why there is none; job.token_problem points here */
    struct job_run *previous;
    struct job_run *next;
};

/* A doubly linked list of runs. A zeroed struct is an empty list. */
struct job_run_list {
    struct job_run *first;
    struct job_run *last;
    int count;
};

void job_run_list_append(struct job_run_list *list, struct job_run *run);
void job_run_list_remove(struct job_run_list *list, struct job_run *run);

/* Moves all of `from` to the front of `to`, in order. */
void job_run_list_prepend_all(struct job_run_list *to, struct job_run_list *from);

/* Makes a run of a claimed job. `secret` (NULL: none) and `token_problem` (NULL: none) are taken
 * over. The kind has begun; the state is STEPPING, or REPORTING when it could not begin. */
struct job_run *job_run_new(const struct queue_job *queue_job, const struct job_kind *kind,
                            char *secret, char *token_problem);

/* Lets the kind look at an answer (NULL: the first step) and decide. Afterwards the state is
 * CALLING, SAVING or REPORTING. */
void job_run_step(struct job_run *run, const struct http_response *answer);

/* Bytes of the rows that it wants to store. */
size_t job_run_written_bytes(const struct job_run *run);

/* SAVING is done: on to the call. */
void job_run_saved(struct job_run *run);

/* Ends a run without an outcome of its kind: handed back unattempted. */
void job_run_release(struct job_run *run);

/* Ends a run as failed for good, dropping what it wanted to write. */
void job_run_fail(struct job_run *run, enum error_class error_class, const char *error);

/* Frees a run that is on no list. */
void job_run_free(struct job_run *run);

#endif
