/*
 * Keeps repeats out of the log: when a service is down for fifty shops, one event comes hundreds of
 * times a second and hides all others. Of each event some lines are let through at once and then a
 * few each second; the next line that is let through tells how many were not.
 *
 * Thread-safe.
 */
#ifndef COMMON_LOG_LIMIT_H
#define COMMON_LOG_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/cleanup.h"

/* So many lines of an event at once, and so many a second afterwards. */
#define LOG_LIMIT_BURST      20
#define LOG_LIMIT_PER_SECOND 2

/* Whether a line of this event (a constant: it is known by its address) may be written now.
 * *ret_left_out: how many were not since the last one that was; 0 when it may not. */
bool log_limit_allows(const char *event, int64_t now_us, int64_t *ret_left_out) MUSTCHECK;

#endif
