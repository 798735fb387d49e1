/*
 * What both daemons do at their start: protect the process, take options out of the command line,
 * tell systemd how they are.
 */
#ifndef COMMON_PROGRAM_H
#define COMMON_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"

/* No core files and no reading of our memory by others, since it holds secrets; a broken pipe or
 * connection is an error code, not a signal; descriptors 0 to 2 are taken, so that no connection
 * becomes standard error. */
void program_protect(void);

/* Makes room for so many open descriptors. ERROR_SYSTEM says how many the system allows, and what
 * else than allowing more would help, such as " or lower X"; "" when nothing would. */
bool program_raise_descriptors(uint64_t wanted, const char *or_else, struct error *err) MUSTCHECK;

/* Whether the arguments ask for help: --help or -h somewhere, or the command help. */
bool program_wants_help(int *argument_count, char **arguments);

/* Removes every occurrence of `flag` from the arguments and tells whether there was one. */
bool program_take_flag(int *argument_count, char **arguments, const char *flag);

/* Removes "--name value" or "--name=value" and returns the value, which belongs to the arguments;
 * NULL when it is not there. */
const char *program_take_option(int *argument_count, char **arguments, const char *name);

/* Until the daemon reads signals itself, SIGTERM and SIGINT end it at once, with exit code 0: it
 * holds nothing yet. Also in a container, where the first process has no default action. */
void program_end_by_signal(void);

/*
 * Lets no signal end the process from here on: those that ask it to stop (SIGTERM, SIGINT, SIGQUIT,
 * SIGPWR) or to reload (SIGHUP) are blocked in this thread and in those that it starts later, and
 * make *ret_descriptor readable, which the caller closes. ERROR_SYSTEM when there is no descriptor
 * to be had.
 */
bool program_read_signals(int *ret_descriptor, struct error *err) MUSTCHECK;

enum program_wish { PROGRAM_GO_ON, PROGRAM_RELOAD, PROGRAM_STOP };

/* What the signals that came in want, without waiting: to stop, if any of them says so. */
enum program_wish program_take_signals(int descriptor) MUSTCHECK;

/* Flushes standard output, on which a command has printed its result; returns the exit code. */
int program_finish_output(const char *program) MUSTCHECK;

/* Prints "program: text" on standard error and returns the exit code for the error. */
int program_fail(const char *program, const struct error *err);

/* Tells systemd ("READY=1", "STOPPING=1"); nothing without systemd. */
void program_notify(const char *state);

/* How often systemd must hear "WATCHDOG=1", in microseconds, or it takes the program for hung
 * (WatchdogSec= of the unit); 0: it does not ask. */
int64_t program_watchdog_us(void);

#endif
