/*
 * The queue seen from a worker: claim, finish, fail, release. Builds the statements of a flight and
 * reads their results; knows no kind's meaning. sql/queries/queue_*.sql do the work.
 *
 * A queue remembers per lane (kind, API, priority) how far its claims have come, so that index
 * entries of finished jobs that cannot be vacuumed yet are not walked again. It starts over from
 * the front now and then, since a job may become due behind that point. One thread owns a queue.
 */
#ifndef WORKER_QUEUE_QUEUE_H
#define WORKER_QUEUE_QUEUE_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"
#include "worker/queue/flight.h"
#include "worker/queue/pg_array.h"

struct queue;

/* The APIs of the lanes, each environment by itself, are numbered from 0; how many of something
 * there are of each. More of them than this share the last number. */
enum { QUEUE_APIS = 8 };
struct queue_apis {
    int of[QUEUE_APIS];
};

/* Reads the lanes of the named kinds over a blocking connection. ERROR_CONFIG when a kind is
 * unknown to the database. The caller frees with queue_free(). */
bool queue_open(PGconn *connection, const char *const *kinds, size_t kind_count,
                struct queue **ret_queue, struct error *err) MUSTCHECK;

/* The columns that queue_lanes and queue_claim are read by; NULL ends them. */
enum { QUEUE_LANE_COLUMNS = 3, QUEUE_CLAIM_COLUMNS = 13 };
extern const char *const queue_lane_columns[QUEUE_LANE_COLUMNS + 1];
extern const char *const queue_claim_columns[QUEUE_CLAIM_COLUMNS + 1];

/* A queue over the lanes in a result of sql/queries/queue_lanes.sql. */
struct queue *queue_new(const PGresult *lanes) MUSTCHECK;

/* Another queue over the same lanes, for another thread. */
struct queue *queue_copy(const struct queue *queue) MUSTCHECK;
void queue_free(struct queue *queue);

/* How many numbers of APIs there are. */
int queue_api_count(const struct queue *queue);

/* A random fencing token, never 0. */
int64_t queue_new_token(void);

/* In whose name jobs are claimed, under which token, and how many at most: altogether, and of each
 * API. */
struct queue_claim {
    int64_t worker_id;
    int64_t token;
    int limit;
    struct queue_apis rooms;
};

/* Adds a claim to a flight. `now_us` is clock_monotonic_us(). */
void queue_add_claim(struct queue *queue, struct flight *flight, const struct queue_claim *claim,
                     int64_t now_us);

/* A claimed job. The texts belong to the result. */
struct queue_job {
    int64_t id;
    int64_t token;
    int attempt;
    int api; /* the number of its API */
    const char *kind;
    const char *args;          /* JSON or NULL */
    const char *context;       /* JSON or NULL */
    const char *shop_host;     /* or NULL */
    const char *sealed_secret; /* as PostgreSQL writes bytea ("\x…"), or NULL */
    const char *client_id;     /* of the account at Boekuwzending, or NULL */
    int64_t waited_us;         /* since it was due, by the clock of the database */
    bool is_held;              /* its shop was paused, say, after it was queued: hand it back */
};

/* Number of jobs in the result of a claim, and how many are of each API; moves the lanes on. */
int queue_claimed_count(struct queue *queue, const PGresult *result,
                        const struct queue_claim *claim, struct queue_apis *ret_counts);

/* The job in a row of that result. */
void queue_claimed_job(const struct queue *queue, const PGresult *result, int row,
                       struct queue_job *ret_job);

/* Adds the question whether there is nothing left to wait for (--until-idle). */
void queue_add_idle(const struct queue *queue, struct flight *flight);

/* Adds the question whether work is left lying that a claim should have taken (readiness). */
void queue_add_due(const struct queue *queue, struct flight *flight);

/* The parameters of queue_finish, queue_fail and queue_release, in their order. */
enum {
    QUEUE_DONE_ID,
    QUEUE_DONE_TOKEN,
    QUEUE_DONE_STATUS,
    QUEUE_DONE_LABEL,
    QUEUE_DONE_SHOP,
    QUEUE_DONE_RESULT,
    QUEUE_DONE_UNREMARKABLE,
    QUEUE_DONE_COLUMNS
};
enum {
    QUEUE_FAILED_ID,
    QUEUE_FAILED_TOKEN,
    QUEUE_FAILED_CLASS,
    QUEUE_FAILED_ERROR,
    QUEUE_FAILED_STATUS,
    QUEUE_FAILED_WAIT,
    QUEUE_FAILED_GIVE_UP,
    QUEUE_FAILED_CALL,
    QUEUE_FAILED_COLUMNS
};
/* Who is to blame, for queue_hold_account and queue_hold_api. */
#define QUEUE_BLAMES_ACCOUNT  "account"
#define QUEUE_BLAMES_OPERATOR "operator"

enum { QUEUE_RELEASED_ID, QUEUE_RELEASED_TOKEN, QUEUE_RELEASED_COLUMNS };

/* Outcomes that are reported together; _add() puts the statements that are needed into a flight. */
struct queue_report {
    struct pg_array done[QUEUE_DONE_COLUMNS];
    struct pg_array failed[QUEUE_FAILED_COLUMNS];
    struct pg_array blames; /* of the failed ones */
    bool blames_account;
    bool blames_operator;
    struct pg_array released[QUEUE_RELEASED_COLUMNS];
    int done_count;
    int failed_count;
    int released_count;
};

void queue_report_init(struct queue_report *report);

/* Environments are "staging", "production" or NULL; result is JSON or NULL; status 0 means none. */
struct queue_done {
    int64_t id;
    int64_t token;
    int http_status;
    const char *label_environment;
    const char *shop_environment;
    const char *result;
    bool unremarkable;
};
void queue_report_done(struct queue_report *report, const struct queue_done *done);

struct queue_failed {
    int64_t id;
    int64_t token;
    const char *error_class; /* koppeling.retry_rule.error_class */
    const char *error;
    int http_status;
    int64_t retry_after_ms; /* -1: none */
    bool give_up;
    const char *call_id; /* of the last call of the attempt; NULL: it made none */
    const char *blames;  /* QUEUE_BLAMES_ACCOUNT, say: it is held at once; NULL: nobody */
};
void queue_report_failed(struct queue_report *report, const struct queue_failed *failed);

void queue_report_released(struct queue_report *report, int64_t id, int64_t token);

/* Adds queue_finish, queue_fail (behind what the failures say about APIs, shops and accounts:
 * queue_trip_api, queue_hold_shop, queue_hold_api, queue_hold_account) and queue_release, as far as
 * there is something to report with them. Each of the three answers with the ids of the jobs that
 * are somebody else's by now. Empties the report. */
void queue_report_add(struct queue_report *report, struct flight *flight);

#endif
