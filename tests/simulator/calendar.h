/*
 * Dates and times as the two APIs write them: Dutch local time, whatever the machine's zone is.
 */
#ifndef SIMULATOR_CALENDAR_H
#define SIMULATOR_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

#define DATE_SIZE   11 /* 2026-11-23 */
#define TIME_SIZE   9  /* 22:30:01 */
#define MOMENT_SIZE 28 /* 2026-11-23T22:30:01+01:00, 2026-11-23T21:30:01.123456Z */

/* Sets the zone of the process; once, before threads start. */
void calendar_start(void);

/* Each takes microseconds since 1970. Either output of the first may be NULL. */
void calendar_local(int64_t wall_us, char ret_date[DATE_SIZE], char ret_time[TIME_SIZE]);
void calendar_moment_local(int64_t wall_us, char ret_moment[MOMENT_SIZE]);
void calendar_moment_utc(int64_t wall_us, char ret_moment[MOMENT_SIZE]);

/* Whether the text looks like yyyy-mm-dd, or yyyy-mm-dd hh:mm:ss. */
bool calendar_is_date(const char *text);
bool calendar_is_date_time(const char *text);

#endif
