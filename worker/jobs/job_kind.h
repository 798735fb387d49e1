/*
 * A job kind is a pure state machine: an answer in, the next request or the outcome out. It knows
 * no curl, no libpq, no thread and no clock, so it is tested in a few lines. The engine (worker/)
 * never mentions a kind; adding one is a file in worker/jobs/ and a row in worker/jobs/job_kinds.c.
 *
 *   begin(job) -> state        look at the job and its context; nothing is sent yet
 *   step(state, NULL, ...)     first call: says which request to send, or that there is nothing
 *                              to do
 *   step(state, answer, ...)   once for each answer, until it returns anything but STEP_CALL
 *   end(state)                 frees the state; also called when the job is abandoned in mid-flight
 *
 * What a kind wants stored it appends to the outcome with outcome_write(): rows for a statement in
 * sql/queries/write_*.sql. The engine saves them in the transaction that finishes the job, or
 * earlier (with the next batch after a STEP_CALL); always only while this attempt still owns the
 * job. So a write must be absolute and safe to repeat.
 *
 * A request with save_first may be objected to by the statement that saves its rows, since what it
 * is about has changed since the job was claimed (worker/engine/report.h): it is not sent, and
 * step() gets an answer that has the objection.
 */
#ifndef WORKER_JOBS_JOB_KIND_H
#define WORKER_JOBS_JOB_KIND_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/cleanup.h"
#include "worker/api/error_class.h"
#include "worker/api/http_message.h"

/* A claimed job as its kind sees it. The engine owns everything; it lives until end(). */
struct job {
    int64_t id;
    int attempt;  /* 1 for the first */
    json_t *args; /* an object, perhaps empty; never NULL */
    /* What koppeling.job_context() says about the subject: an object; never NULL. */
    json_t *context;
    /* NULL, or why the sealed secret cannot be used ("cannot be opened with this key", "was sealed
     * for another shop"). A kind need not look: an attempt that asks for a request which needs the
     * secret ends there, as ERROR_CLASS_AUTH and without its writes. verify tells the merchant. */
    const char *token_problem;
};

enum step {
    STEP_CALL,      /* *next is filled: send it and come back with the answer */
    STEP_DONE,      /* the job is finished */
    STEP_RETRY,     /* this attempt failed; retry_rule decides when to try again or to give up */
    STEP_FAILED,    /* it failed and trying again cannot help: a person must look */
    STEP_UNCERTAIN, /* it may or may not have taken effect: retried as unknown_outcome */
};

/* A row for a statement sql/queries/write_*.sql; the engine frees it. */
struct row_write {
    const char *statement; /* "write_orders": a string constant */
    char *json;            /* one object as text, "{...}" with at least one member; owned */
    size_t length;
    /* A JSON text that is stored as it is, beside the row and not in it, or NULL: owned. */
    char *document;
    size_t document_length;
    struct row_write *next;
};

/* What a job leaves behind. Filled by step(), consumed by the engine. */
struct outcome {
    enum error_class error_class; /* why, for STEP_RETRY and STEP_FAILED; OK for STEP_DONE */
    char error[300];              /* in words; no personal data, no secret; "" for STEP_DONE */
    int http_status;              /* of the last answer that mattered; 0 for none */
    int64_t retry_after_ms;       /* the service's wish; -1 for none */
    json_t *result; /* NULL or an object for job_history.result; owned by the outcome */
    enum environment label_environment; /* for jobs about a label */
    enum environment shop_environment;  /* for jobs that touched a shop */
    bool unremarkable;              /* nothing changed: leave no row in job_history, only a count */
    struct row_write *writes;       /* oldest first */
    struct row_write **writes_tail; /* where the next one is linked */
};

/* A fresh outcome: OK, no writes, no Retry-After. */
void outcome_init(struct outcome *outcome);

/* Frees result and writes. */
void outcome_release(struct outcome *outcome);

/* Appends a row given as JSON text; takes ownership of `json`, which must be an object with a
 * member. */
void outcome_write_take(struct outcome *outcome, const char *statement, char *json, size_t length);

/* The same for a row with a document: takes what `row` owns. Either each row of a statement has one
 * or none has; they are its second parameter, in the order of its rows. */
void outcome_write_row(struct outcome *outcome, const struct row_write *row);

/* Appends a row; takes the caller's reference to `row`, an object with at least one member. */
void outcome_write(struct outcome *outcome, const char *statement, json_t *row);

/* Sets class and words (control characters become spaces) and returns `step`, so that a kind can
 * say `return outcome_fail(out, STEP_RETRY, ERROR_CLASS_UNREADABLE, "the page is not a list")`. */
enum step outcome_fail(struct outcome *outcome, enum step step, enum error_class error_class,
                       const char *format, ...) PRINTF(4, 5) __attribute__((nonnull(4)));

struct job_kind {
    const char *name; /* koppeling.job.kind */
    enum api api;     /* where it calls; API_LOCAL: nowhere */

    /* Returns the state, or NULL when the job cannot be done at all; then *outcome says why (it is
     * STEP_FAILED). */
    void *(*begin)(const struct job *job, struct outcome *outcome);

    /* One step. `previous` is NULL the first time. *next is empty on entry; the kind fills it for
     * STEP_CALL. Everything else goes into *outcome. Never blocks. */
    enum step (*step)(void *state, const struct http_response *previous, struct http_request *next,
                      struct outcome *outcome);

    /* Frees the state; NULL is allowed. */
    void (*end)(void *state);
};

/* The table of kinds, ended by NULL. */
extern const struct job_kind *const job_kinds[];

/* The kind with this name, or NULL. */
const struct job_kind *job_kind_find(const char *name);

#endif
