/*
 * What the files of the pipeline share: pipeline.c (states and flights) and pipeline_connect.c
 * (from no connection to a ready one). For them alone; everybody else includes pipeline.h.
 */
#ifndef WORKER_QUEUE_PIPELINE_INTERNAL_H
#define WORKER_QUEUE_PIPELINE_INTERNAL_H

#include "common/database/hosts.h"
#include "worker/queue/pipeline.h"

/* A node that does not answer (frozen, partitioned) is given up after this long. */
#define PIPELINE_ANSWER_US (30 * INT64_C(1000000))
/* The first wait after a failure; it doubles. */
#define PIPELINE_RETRY_MIN_US INT64_C(100000)

enum pipeline_state {
    STATE_WAITING,    /* no connection; the deadline says when to try again */
    STATE_CONNECTING, /* libpq is finding the host, encrypting and logging in */
    STATE_PROBING,    /* asked which process serves us, to find a pooler */
    STATE_TUNING,     /* asked for our settings of the session */
    STATE_PREPARING,  /* asked to prepare the statements */
    STATE_READY,      /* nothing is asked; a flight can be sent */
    STATE_FLYING,     /* a flight is out */
};

struct pipeline {
    struct database_hosts *hosts;
    const char *application_name;
    enum config_prepare prepare;
    const char *const *prepared;
    PGconn *connection;
    enum pipeline_state state;
    bool is_prepared;                  /* the statements are prepared on this connection */
    bool wants_write;                  /* libpq could not send everything yet */
    PostgresPollingStatusType polling; /* CONNECTING: what libpq waits for */
    int64_t deadline_us;               /* of the state */
    int64_t retry_us;                  /* the next wait after a failure */
    uint64_t generation;
    struct flight *flight; /* FLYING */
    int next_part;         /* FLYING: whose result comes next; negative: of the header's */
    bool part_has_result;
    bool is_unreplicated; /* the server gave up waiting for the standby that must have the commit */
    bool landed;          /* the flight was lost outside advance() and must still be reported */
};

/* The only way between states. `deadline_us`: when the new one has taken too long. */
void pipeline_set_state(struct pipeline *pipeline, enum pipeline_state state, int64_t deadline_us);

/* The only way out of a broken connection; the next try comes later, or at once with another host.
 * LANDED (as UNKNOWN) when a flight was out, else LOST. */
enum pipeline_event pipeline_lose(struct pipeline *pipeline, const char *why, int64_t now_us);

/* The same, with what libpq says about it. */
enum pipeline_event pipeline_lose_by_message(struct pipeline *pipeline, int64_t now_us);

/* Sends what waits in libpq, as far as it goes. False when the connection is broken. */
bool pipeline_flush(struct pipeline *pipeline);

/* Sends what our statements depend on, whatever was set for the role or the database: for the
 * session, or for the transaction that the next flight is. */
bool pipeline_send_settings(struct pipeline *pipeline, bool for_transaction);

/* What each state does when it is its turn. */
enum pipeline_event pipeline_start_connecting(struct pipeline *pipeline, int64_t now_us);
enum pipeline_event pipeline_go_on_connecting(struct pipeline *pipeline, int64_t now_us);
enum pipeline_event pipeline_read_probe(struct pipeline *pipeline, int64_t now_us);
enum pipeline_event pipeline_read_tuning(struct pipeline *pipeline, int64_t now_us);
enum pipeline_event pipeline_read_preparing(struct pipeline *pipeline, int64_t now_us);

#endif
