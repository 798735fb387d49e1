/*
 * koppeling-scheduler top: the queue, the services, shops in trouble and what happened last, by
 * views. On a terminal it is drawn anew every two seconds until q is pressed or a signal comes;
 * else, and when asked, once and plain. Changes nothing.
 */
#ifndef SCHEDULER_TOP_H
#define SCHEDULER_TOP_H

#include <stdbool.h>

#include "common/config/config.h"
#include "common/error.h"

/* ERROR_UNAVAILABLE when the database cannot be reached at the start; later that is shown, and
 * tried again. */
bool top_run(const struct config *config, bool once, struct error *err) MUSTCHECK;

#endif
