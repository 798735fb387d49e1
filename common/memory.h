/*
 * Allocation that cannot fail: out of memory ends the process. A job queue must survive a killed
 * worker anyway, so exhaustion is an ordinary crash and no caller needs a branch for it.
 */
#ifndef COMMON_MEMORY_H
#define COMMON_MEMORY_H

#include <stddef.h>

#include "common/cleanup.h"

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
