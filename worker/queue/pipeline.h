/*
 * A PostgreSQL connection for an event loop: never blocks, sends statements in pipeline mode,
 * reconnects with backoff by itself.
 *
 * Work goes in flights (flight.h). One is out at a time; results that pile up meanwhile go with the
 * next one, which is all the batching there is.
 *
 * The owner's loop waits for pipeline_socket() with pipeline_events(), at most until
 * pipeline_deadline_us(), then calls pipeline_advance(). Everything belongs to one thread.
 */
#ifndef WORKER_QUEUE_PIPELINE_H
#define WORKER_QUEUE_PIPELINE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/config/config.h"
#include "worker/queue/flight.h"

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
