/*
 * One tick of the scheduler: its chores, each in a transaction of its own.
 *
 * No chore waits for a row that somebody else has in hand: what is locked is skipped and comes next
 * time. So any number of schedulers may tick at once, and one that fails at a chore goes on with
 * the next. What was done, and what stands in the way, is in koppeling.chore.
 *
 * An object belongs to the thread that ticks; tick_failing() may be called by any.
 */
#ifndef SCHEDULER_TICK_H
#define SCHEDULER_TICK_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/cleanup.h"
#include "common/error.h"

/* What a tick did. */
struct tick_report {
    int64_t mended;       /* rows with times that lay too far ahead: a clock was set back */
    int64_t refreshed;    /* times that the planner was told of many new jobs */
    int64_t enqueued;     /* jobs */
    int64_t rescued;      /* jobs of lost workers */
    int64_t told;         /* events */
    int64_t paced;        /* jobs that were late in large numbers and are spread again */
    bool is_full;         /* a batch was full: there is more, tick again at once */
    int failed;           /* chores of each second that could not be done */
    bool needs_upkeep;    /* some upkeep could not be done: soon again */
    struct error trouble; /* why the first of those that failed could not be done */
};

struct tick;

/* `tick_us`: the time between two ticks, for those who look whether this scheduler is alive. */
struct tick *tick_new(int64_t tick_us) MUSTCHECK;
void tick_free(struct tick *tick);
DEFINE_CLEANUP(tick, struct tick *, tick_free);

/*
 * Does what is due each second and, when `with_upkeep`, what keeps the tables small.
 * ERROR_CONNECTION when the connection is of no more use; any other failure is one of its chore:
 * logged, noted in the database and counted in the report.
 */
bool tick_run(struct tick *tick, PGconn *connection, bool with_upkeep,
              struct tick_report *ret_report, struct error *err) MUSTCHECK;

/* This scheduler stops. */
void tick_goodbye(const struct tick *tick, PGconn *connection);

/* The chore of each second that has failed for longest, and since when (clock_monotonic_us). NULL:
 * all are done. Thread-safe. */
const char *tick_failing(struct tick *tick, int64_t *ret_since_us) MUSTCHECK;

#endif
