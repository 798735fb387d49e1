/*
 * Allocation that cannot fail: out of memory ends the process. A job queue must survive a killed
 * worker anyway, so exhaustion is an ordinary crash and no caller needs a branch for it.
 *
 * memory_start() makes the same true of jansson and libcurl, which would otherwise go on with half
 * an object, or without a header; and it has their copies of tokens wiped (common/wiping.h). The
 * other libraries report exhaustion like any other failure: a lost connection, a secret that cannot
 * be kept, a page that is not served.
 */
#ifndef COMMON_MEMORY_H
#define COMMON_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

#include "common/cleanup.h"
#include "common/error.h"

/* Initialises libcurl and gives it and jansson allocators that cannot fail; once per process,
 * before either is used and before there are threads. ERROR_SYSTEM: libcurl cannot start. */
bool memory_start(struct error *err) MUSTCHECK;

/* Says "out of memory" and ends the process with EX_OSERR; nothing is flushed or handed back. */
NORETURN void memory_exhausted(void);

/* Zeroed memory for count elements; count 0 gives a valid pointer too. The caller frees it. */
void *xcalloc(size_t count, size_t size) MUSTCHECK __attribute__((malloc));

/* Like realloc(), for count elements, with overflow checked. */
void *xreallocarray(void *memory, size_t count, size_t size) MUSTCHECK;

/* Copies; NULL gives NULL. The caller frees the copy. */
char *xstrdup(const char *text) MUSTCHECK;

/* Copies length bytes and adds a terminating zero. The caller frees the copy. */
char *xstrndup(const char *text, size_t length) MUSTCHECK;

/* Formats into new memory that the caller frees. */
char *xasprintf(const char *format, ...) MUSTCHECK PRINTF(1, 2);

/* Overwrites a secret (NULL is allowed) up to its terminating zero, then frees it. */
void free_secret(char *secret);
DEFINE_CLEANUP(free_secret, char *, free_secret);

#endif
