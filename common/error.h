/*
 * One way to report errors.
 *
 * A function that can fail returns bool, is MUSTCHECK, and takes `struct error *err` last. On
 * failure it fills *err, returns false, and nothing has changed; outputs are named ret_* and are
 * untouched. Messages read "cannot X 'Y': reason": lower case, no full stop, no secret, no personal
 * data. common/ never logs an error that it returns; whoever decides what to do about it logs it,
 * once.
 */
#ifndef COMMON_ERROR_H
#define COMMON_ERROR_H

#include <stdbool.h>

#include "common/cleanup.h"

/* What kind of trouble: it decides the exit code (sysexits) and whether to try again. */
enum error_code {
    ERROR_NONE,
    ERROR_USAGE,       /* the command line is wrong: EX_USAGE */
    ERROR_CONFIG,      /* a setting is wrong or missing: EX_CONFIG */
    ERROR_UNAVAILABLE, /* a service cannot be reached now; trying again may help: EX_UNAVAILABLE */
    ERROR_LOCKED,      /* somebody else holds what it needs; later it may be free: EX_UNAVAILABLE */
    ERROR_CONNECTION,  /* the database connection is gone: reconnect: EX_UNAVAILABLE */
    ERROR_DATA,        /* input that cannot be understood: EX_DATAERR */
    ERROR_PERMISSION,  /* not allowed: EX_NOPERM */
    ERROR_SYSTEM,      /* the operating system refused (descriptors, threads, disk): EX_OSERR */
    ERROR_OUTPUT,      /* what was asked for could not be written: EX_IOERR */
    ERROR_INTERNAL,    /* a defect of ours: EX_SOFTWARE */
};

#define ERROR_TEXT_SIZE 512

struct error {
    enum error_code code;
    char text[ERROR_TEXT_SIZE]; /* cut at a whole UTF-8 character */
};

#define ERROR_INIT                                                                                 \
    {                                                                                              \
        .code = ERROR_NONE, .text = ""                                                             \
    }

/* Fills *err (NULL is allowed) and returns false, so that `return error_set(...)` reads well. */
bool error_set(struct error *err, enum error_code code, const char *format, ...) PRINTF(3, 4);

/* Puts "context: " before the text that is there. Returns false. */
bool error_prefix(struct error *err, const char *format, ...) PRINTF(2, 3);

/* What the system says about a value of errno. Unlike that of strerror(), the text belongs to the
 * calling thread everywhere; it is valid until the thread asks again. */
const char *error_reason(int number) MUSTCHECK;

/* The sysexits value for a code; 0 for ERROR_NONE. */
int error_exit_code(enum error_code code) MUSTCHECK;

#endif
