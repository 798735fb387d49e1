/* One tick of the scheduler. */
#ifndef SCHEDULER_TICK_H
#define SCHEDULER_TICK_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"

/* What a tick did. */
struct tick_report {
    bool skipped;     /* another scheduler was at it */
    int64_t enqueued; /* jobs */
    int64_t rescued;  /* jobs of lost workers */
    int64_t paced;    /* jobs that were late in large numbers and are spread again */
    bool is_full;     /* a batch was full: there is more, tick again at once */
};

/*
 * Runs the tick in one short transaction; afterwards, when `with_maintenance`, partitions and old
 * worker rows in another. Nothing is half done on failure.
 */
bool tick_run(PGconn *connection, bool with_maintenance, struct tick_report *ret_report,
              struct error *err) MUSTCHECK;

#endif
