/*
 * A worker: one thread, one event loop, one database connection, one curl multi handle, and up to
 * KOPPELING_IN_FLIGHT jobs under its own lease. Workers share nothing but read-only settings, the
 * counters of tally.h and a few flags and times that any thread may read.
 */
#ifndef WORKER_ENGINE_WORKER_H
#define WORKER_ENGINE_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/config/config.h"
#include "common/sealing.h"
#include "worker/engine/exchange.h"
#include "worker/engine/identity.h"
#include "worker/engine/stall.h"
#include "worker/queue/queue.h"

/* What a worker is given; borrowed for its life, except `queue`, which it frees. */
struct worker_settings {
    const struct config *config;
    const struct identity *identity;
    const struct sealing_key *key; /* NULL: no secret can be opened */
    struct queue *queue;
    bool until_idle;               /* find out when there is nothing left to do */
    void (*notice)(void *context); /* called by the thread when it became idle, or ended */
    void (*more)(void *context);   /* and when there may be jobs for others, too */
    void *context;                 /* of both */
};

struct worker;

/* Starts the thread. ERROR_SYSTEM when there is no thread or no descriptor to be had. */
bool worker_start(const struct worker_settings *settings, int index, struct worker **ret_worker,
                  struct error *err) MUSTCHECK;

/* Wakes the worker: there may be new jobs. Any thread may call it. */
void worker_wake(struct worker *worker, enum exchange_wake wake);

/* So many calls at most from now on, and certificates that are read anew, from this file (NULL: the
 * system's). Any thread may call it. */
void worker_reload(struct worker *worker, int in_flight, const char *ca_file);

/* Asks it to stop: no new claims, what is in flight may end within the grace time, the rest is
 * handed back. Any thread may call it. */
void worker_stop(struct worker *worker);

/* True once the thread has ended, by itself or after worker_stop(), or found, with until_idle, that
 * nothing is left to do. */
bool worker_is_over(const struct worker *worker);

/* Its signs of life, for readiness. Any thread may read the atomic members. */
const struct stall *worker_stall(const struct worker *worker);

/* Waits for the thread and frees it. NULL is allowed. */
void worker_join(struct worker *worker);

#endif
