/*
 * What standard error leads to, and what a line looks like there.
 *
 *   the journal    <4>time=... level=warning ...   its priority in front: journalctl -p works
 *   a terminal     22:30:01.123 warning ...        in colour, unless NO_COLOR is set
 *   anything else  time=... level=warning ...
 */
#ifndef COMMON_LOG_STREAM_H
#define COMMON_LOG_STREAM_H

#include "common/log.h"

enum log_stream { LOG_STREAM_PLAIN, LOG_STREAM_JOURNAL, LOG_STREAM_TERMINAL };

/* Looks at a descriptor: the journal says in JOURNAL_STREAM which one is its own (systemd.exec(5)).
 * Before threads start. */
enum log_stream log_stream_of(int descriptor);

/* What stands in front of a line of this level in the journal: "<4>" (sd-daemon(3)). A constant. */
const char *log_stream_priority(enum log_level level);

/* What colours a line of this level on a terminal, to be ended by log_stream_plain; "" for none,
 * also when NO_COLOR is set. A constant. */
const char *log_stream_colour(enum log_level level);

#define LOG_STREAM_UNCOLOUR "\033[0m"

#endif
