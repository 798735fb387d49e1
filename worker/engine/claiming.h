/*
 * When a worker asks for jobs, and for how many. Pure: the owner hands in the clock, and how many
 * jobs it holds of each API (queue.h numbers them).
 *
 * WINDOW. How many jobs to hold of an API: it opens a step with each job that the database has
 * acknowledged, and closes a step with each result that comes in while too much waits to be
 * written. When the database is what is slow, more calls in flight only cost memory. Each API has
 * the whole window for itself, so one that hangs holds what it holds and takes nothing from others.
 *
 * STORE. A little more is claimed than there are slots: as many jobs as calls have ended since the
 * last claim, since about that many will end until this one is back. So a slot does not stay empty
 * for the time of a round trip to the database, and behind slow calls nothing is held in store.
 *
 * TASTE. A worker that was woken because it had nothing to do asks for a few jobs only. Most often
 * that is all there is; when it is not, it is told so at once, and so are the others (pool.c).
 *
 * WHEN. At once after a wake-up; again after a claim that brought all that was asked for of an API,
 * as soon as there is room enough for it to be worth the round trip, or a report goes anyway; and
 * without any hint after half a second to a second, since a wake-up can be lost.
 */
#ifndef WORKER_ENGINE_CLAIMING_H
#define WORKER_ENGINE_CLAIMING_H

#include <stdbool.h>
#include <stdint.h>

#include "worker/queue/queue.h"

/* What concerns one API. */
struct claiming_share {
    int calls_ended; /* since the last claim */
    int asked;       /* room in the last claim */
    bool has_more;   /* it was filled */
};

struct claiming {
    int most;           /* jobs of an API to hold at most, whatever the window says */
    int window;         /* jobs of an API to hold */
    int limit;          /* of the last claim, over all APIs */
    bool was_filled;    /* the last claim, or the room of an API in it */
    int api_count;      /* of the shares */
    int64_t poll_us;    /* longest wait between two claims */
    int64_t poll_at_us; /* the next claim without any hint */
    struct claiming_share shares[QUEUE_APIS];
};

/* `most` is at least 1. `is_hasty`: ask often, since somebody waits for the queue to be empty. */
void claiming_init(struct claiming *claiming, int most, int api_count, bool is_hasty);

/* Another most: what is held beyond it stays until it ends; a wider one opens as at the start. */
void claiming_set_most(struct claiming *claiming, int most);

/* For how many jobs of an API there is room while `held` of it are held; 0 for none. */
int claiming_room(const struct claiming *claiming, int api, int held);

/* Whether a claim is worth its round trip now; `held` has the jobs of each API. */
bool claiming_wants(const struct claiming *claiming, const struct queue_apis *held, bool is_woken,
                    bool has_report, int64_t now_us);

/* A claim of so many jobs of each API goes out, or of a few of them all. The next one without a
 * hint is due a jittered while later. Returns how many jobs to ask for altogether. */
int claiming_asked(struct claiming *claiming, const struct queue_apis *rooms, bool is_taste,
                   int64_t now_us);

/* It brought so many of each. */
void claiming_answered(struct claiming *claiming, const struct queue_apis *counts);

/* Whether the last claim brought all that was asked for, of an API or altogether. */
bool claiming_was_filled(const struct claiming *claiming);

/* The next claim is due at once: a fresh connection, a fresh lease. */
void claiming_hurry(struct claiming *claiming);

/* A call to an API has ended, and its slot is free. */
void claiming_call_ended(struct claiming *claiming, int api);

/* A step wider, a step narrower. */
void claiming_widen(struct claiming *claiming);
void claiming_narrow(struct claiming *claiming);

/* When a claim is due without any hint; INT64_MAX while there is no room. */
int64_t claiming_due_us(const struct claiming *claiming, const struct queue_apis *held);

#endif
