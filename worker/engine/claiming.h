/*
 * When a worker asks for jobs, and for how many. Pure: the owner hands in the clock.
 *
 * WINDOW. How many jobs to hold: it opens a step with each job that the database has acknowledged,
 * and closes a step with each result that comes in while too much waits to be written. When the
 * database is what is slow, more calls in flight only cost memory.
 *
 * STORE. A little more is claimed than there are slots: as many jobs as calls have ended since the
 * last claim, since about that many will end until this one is back. So a slot does not stay empty
 * for the time of a round trip to the database, and behind slow calls nothing is held in store.
 *
 * WHEN. At once after a wake-up; again after a claim that came back full, as soon as there is room
 * enough to be worth the round trip, or a report goes anyway; and without any hint after half a
 * second to a second, since a wake-up can be lost.
 */
#ifndef WORKER_ENGINE_CLAIMING_H
#define WORKER_ENGINE_CLAIMING_H

#include <stdbool.h>
#include <stdint.h>

struct claiming {
    int most;           /* jobs to hold at most, whatever the window says */
    int window;         /* jobs to hold */
    int calls_ended;    /* since the last claim */
    int limit;          /* of the last claim */
    bool has_more;      /* it was full */
    int64_t poll_us;    /* longest wait between two claims */
    int64_t poll_at_us; /* the next claim without any hint */
};

/* `most` is at least 1. `is_hasty`: ask often, since somebody waits for the queue to be empty. */
void claiming_init(struct claiming *claiming, int most, bool is_hasty);

/* Another most: what is held beyond it stays until it ends; a wider one opens as at the start. */
void claiming_set_most(struct claiming *claiming, int most);

/* How many jobs to ask for while `held` are held; 0 when there is no room. */
int claiming_room(const struct claiming *claiming, int held);

/* Whether a claim is worth its round trip now. */
bool claiming_wants(const struct claiming *claiming, int held, bool is_woken, bool has_report,
                    int64_t now_us);

/* A claim of `limit` jobs goes out. The next one without a hint is due a jittered while later. */
void claiming_asked(struct claiming *claiming, int limit, int64_t now_us);

/* It brought so many. */
void claiming_answered(struct claiming *claiming, int count);

/* The next claim is due at once: a fresh connection, a fresh lease. */
void claiming_hurry(struct claiming *claiming);

/* A call has ended, and its slot is free. */
void claiming_call_ended(struct claiming *claiming);

/* A step wider, a step narrower. */
void claiming_widen(struct claiming *claiming);
void claiming_narrow(struct claiming *claiming);

/* When a claim is due without any hint; INT64_MAX while there is no room. */
int64_t claiming_due_us(const struct claiming *claiming, int held);

#endif
