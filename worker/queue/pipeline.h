/*
 * A PostgreSQL connection for an event loop: never blocks, sends statements in pipeline mode,
 * reconnects with backoff by itself.
 *
 * Work goes in flights: a few statements that are sent together and form one transaction. One
 * flight is out at a time; results that pile up meanwhile go with the next one, which is all the
 * batching there is. A flight ends in one of the three ways a COMMIT can end:
 *   FLIGHT_COMMITTED  all statements succeeded and the transaction is durable
 *   FLIGHT_REFUSED    a statement failed: nothing happened; `failed_part`, `sqlstate` and `error`
 *                     say why
 *   FLIGHT_UNKNOWN    the connection broke after sending: it may or may not have happened
 *
 * The owner's loop waits for pipeline_socket() with pipeline_events(), at most until
 * pipeline_deadline_us(), then calls pipeline_advance(). Everything belongs to one thread.
 */
#ifndef WORKER_QUEUE_PIPELINE_H
#define WORKER_QUEUE_PIPELINE_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/cleanup.h"
#include "common/config/config.h"
#include "common/error.h"

enum { FLIGHT_PARTS = 40, FLIGHT_PARAMETERS = 8 };

struct flight_part {
    const char *query; /* file name in sql/queries/, a constant */
    int parameter_count;
    char *parameters[FLIGHT_PARAMETERS]; /* text, NULL for SQL NULL; owned */
    PGresult *result;                    /* owned; set when the flight is committed */
};

enum flight_status { FLIGHT_NOT_SENT, FLIGHT_COMMITTED, FLIGHT_REFUSED, FLIGHT_UNKNOWN };

struct flight {
    struct flight_part parts[FLIGHT_PARTS];
    int part_count;
    enum flight_status status;
    int failed_part;      /* REFUSED: index of the statement that failed, or -1 (at commit) */
    char sqlstate[6];     /* REFUSED: "" when the server gave none */
    enum error_code code; /* REFUSED: see database_run() */
    char error[300];      /* REFUSED or UNKNOWN: in words */
};

/* Adds a statement and returns its part; the flight must have room (FLIGHT_PARTS). */
struct flight_part *flight_add(struct flight *flight, const char *query);

/* Appends a parameter. _take owns `text` (NULL: SQL NULL); the others copy. */
void flight_parameter_take(struct flight_part *part, char *text);
void flight_parameter_text(struct flight_part *part, const char *text);
void flight_parameter_integer(struct flight_part *part, int64_t value);
void flight_parameter_boolean(struct flight_part *part, bool value);

/* Frees parameters and results; leaves an empty flight. A zeroed struct is an empty flight too. */
void flight_clear(struct flight *flight);

/* Takes (and owns) the next result of a flight that is out, of the part of that index. True when it
 * was the last one: then the status says how the flight ended. */
bool flight_take_result(struct flight *flight, int part, PGresult *result);

struct pipeline;

enum pipeline_event {
    PIPELINE_NOTHING,   /* go on waiting */
    PIPELINE_CONNECTED, /* a fresh connection is ready for flights */
    PIPELINE_LANDED,    /* the flight that was out is back: read its status */
    PIPELINE_LOST,      /* the connection is gone, no flight was out; a new one is being tried */
};

/*
 * `url` and `application_name` are borrowed for the life of the pipeline; `prepared` lists the
 * statements, ended by NULL, that are prepared under their names on each new connection, unless
 * `prepare` says otherwise or, with AUTO, a pooler is found in between; all others are sent with
 * their text. Connecting starts with the first pipeline_advance().
 */
struct pipeline *pipeline_new(const char *url, const char *application_name,
                              enum config_prepare prepare, const char *const *prepared);

/* Closes the connection; a flight that is out is forgotten. NULL is allowed. */
void pipeline_free(struct pipeline *pipeline);

/* Descriptor to wait for, or -1. It changes with each connection attempt, so ask before each
 * wait. */
int pipeline_socket(const struct pipeline *pipeline);

/* A number that changes whenever the descriptor may be another one, though its value is the
 * same. */
uint64_t pipeline_generation(const struct pipeline *pipeline);

/* EPOLLIN and/or EPOLLOUT. */
uint32_t pipeline_events(const struct pipeline *pipeline);

/* When pipeline_advance() must be called even if nothing happens on the socket
 * (clock_monotonic_us). */
int64_t pipeline_deadline_us(const struct pipeline *pipeline);

/* Does what can be done without waiting. */
enum pipeline_event pipeline_advance(struct pipeline *pipeline, int64_t now_us);

/* True when a flight can be sent. */
bool pipeline_is_ready(const struct pipeline *pipeline);

/* Sends a flight, which the caller keeps alive and unchanged until it has landed. When the
 * connection breaks at once the flight lands as UNKNOWN with the next pipeline_advance(). */
void pipeline_send(struct pipeline *pipeline, struct flight *flight, int64_t now_us);

#endif
