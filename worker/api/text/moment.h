/*
 * Dates and times as the services write them: a day of the calendar and a time of day, in ISO's
 * order. What follows them is the caller's. Pure; any thread.
 */
#ifndef WORKER_API_TEXT_MOMENT_H
#define WORKER_API_TEXT_MOMENT_H

#include <stdbool.h>

#include "common/cleanup.h"

/* Characters of "yyyy-mm-dd" and of "hh:mm:ss". */
#define MOMENT_DATE_LENGTH 10
#define MOMENT_TIME_LENGTH 8

/* Whether the text begins with "yyyy-mm-dd" that is a day of the years 1970 to 2999. */
bool moment_begins_with_date(const char *text) MUSTCHECK;

/* Whether the text begins with "hh:mm:ss" that is a time of day; leap seconds are none. */
bool moment_begins_with_time(const char *text) MUSTCHECK;

/* Whether the text begins like `shape`, where 0 stands for any digit. */
bool moment_has_shape(const char *text, const char *shape) MUSTCHECK;

#endif
