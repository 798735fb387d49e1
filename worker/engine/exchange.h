/*
 * What a worker says to the database and hears back. One flight at a time: it carries everything
 * there is to say, namely reports of what ended, the renewal of the lease, and a claim for the
 * slots that are free or become free with it. Since it is one transaction, a slot is free exactly
 * when the database says so. The three ways it can end:
 *   committed  reports are settled, claimed jobs start
 *   refused    nothing happened. A passing trouble (deadlock, no resources): again later. Else one
 *              of the reports is the culprit: the batch is halved until it stands alone, and only
 *              that job fails.
 *   unknown    reports are sent again; the fencing token makes that harmless. What a claim may have
 *              brought is disowned (lease.h).
 *
 * It knows no connection: the owner sends what exchange_compose() gives, and calls exchange_land()
 * when that is back. Belongs to one thread. `now_us` is clock_monotonic_us().
 */
#ifndef WORKER_ENGINE_EXCHANGE_H
#define WORKER_ENGINE_EXCHANGE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/config/config.h"
#include "worker/engine/claiming.h"
#include "worker/engine/identity.h"
#include "worker/engine/runs.h"
#include "worker/engine/stall.h"
#include "worker/queue/flight.h"
#include "worker/queue/queue.h"

struct exchange;

/* Who was woken for what has come; bits. */
enum exchange_wake {
    WAKE_ALONE = 1,      /* this worker, since it is free: it tastes first (claiming.h) */
    WAKE_WITH_OTHERS = 2 /* others, too */
};

/* What an exchange is given; all of it is borrowed for its life. */
struct exchange_settings {
    const struct config *config;
    const struct identity *identity;
    int thread;                  /* which worker of the process this is */
    bool until_idle;             /* find out when there is nothing left to do */
    atomic_int *wakes;           /* set by any thread: there may be new jobs (enum exchange_wake) */
    void (*more)(void *context); /* a claim brought all that was asked for: others may help */
    void *more_context;
    struct queue *queue;
    struct runs *runs;
    struct claiming *claiming; /* the same as the runs' */
    struct stall *stall;       /* the same as the runs' */
};

/* Statements that are worth preparing; ended by NULL. The rest is planned each time it is sent:
 * those statements meet tables of any size, and a plan that was made while a table was empty would
 * be kept for too long. The claim and the finish are written so that there is only one way to run
 * them. */
extern const char *const exchange_statements[];

struct exchange *exchange_new(const struct exchange_settings *settings);
void exchange_free(struct exchange *exchange);

/* The flight to send now; NULL: there is nothing to say, or a flight is out, or it is too early
 * after a refusal. It stays the exchange's, and is not touched until it has landed. */
struct flight *exchange_compose(struct exchange *exchange, int64_t now_us);

/* The flight that was out is back: does what follows from its status. */
void exchange_land(struct exchange *exchange, int64_t now_us);

/* When exchange_compose() may have something to say without anything else happening. */
int64_t exchange_due_us(const struct exchange *exchange, int64_t now_us);

/* Lets go of everything when the lease has lapsed: to be called before anything is done for a job.
 */
void exchange_check_lease(struct exchange *exchange, int64_t now_us);

/* When that is due; INT64_MAX while no lease is held. */
int64_t exchange_lease_deadline_us(const struct exchange *exchange);

/* Nothing is held, out or to be said: woken, it claims at once. */
bool exchange_is_free(const struct exchange *exchange);

/* From now on nothing is claimed, and when the last job has gone the worker says goodbye. */
void exchange_stop(struct exchange *exchange, int64_t now_us);

/* After exchange_stop(): all is told, or there is nobody to tell it to. */
bool exchange_is_over(const struct exchange *exchange);

/* No lease is left behind that has to lapse by itself. */
bool exchange_has_left(const struct exchange *exchange);

/* With until_idle: nothing is left to do. */
bool exchange_is_idle(const struct exchange *exchange);

#endif
