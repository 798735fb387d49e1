/*
 * An allocator that overwrites what it gives back, for libraries that copy secrets: curl keeps
 * URLs, headers and forms with tokens in memory of its own, jansson the strings of an answer that
 * is a token. Same contracts as the functions of <stdlib.h>, but
 * out of memory ends the process (common/memory.h). Thread-safe.
 */
#ifndef COMMON_WIPING_H
#define COMMON_WIPING_H

#include <stddef.h>

#include "common/cleanup.h"

void *wiping_malloc(size_t size) MUSTCHECK;
/* Moves to a new place whenever it grows over what was reserved, so that the old one is wiped. */
void *wiping_realloc(void *memory, size_t size) MUSTCHECK;
void wiping_free(void *memory);

#endif
