/*
 * What the scheduler counts in the tables for whoever scrapes its metrics: only looked at, within a
 * bounded time, and never in the way of a tick. One thread.
 */
#ifndef SCHEDULER_WATCH_H
#define SCHEDULER_WATCH_H

#include <libpq-fe.h>
#include <stdbool.h>

#include "common/error.h"

/* Sets the gauges from what is in the tables now. What takes too long, or is refused, is put off
 * with a warning; false only when the connection is of no more use. */
bool watch_read(PGconn *connection, struct error *err) MUSTCHECK;

#endif
