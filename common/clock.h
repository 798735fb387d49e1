/*
 * Time. Durations and deadlines use the monotonic clock, which goes on while the machine sleeps, so
 * that a frozen worker notices that its lease has lapsed. Anything that two machines compare uses
 * the database's clock instead, never this one.
 */
#ifndef COMMON_CLOCK_H
#define COMMON_CLOCK_H

#include <stdint.h>

/* Microseconds since some fixed moment (CLOCK_BOOTTIME). */
int64_t clock_monotonic_us(void);

/* Microseconds since 1970 (CLOCK_REALTIME); for log lines and for reading HTTP dates only. */
int64_t clock_wall_us(void);

#endif
