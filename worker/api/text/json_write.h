/*
 * Values of jansson as text. All texts of JSON come from here, since json_dumps() would give memory
 * of jansson's own, which free() does not know (scratch.h).
 */
#ifndef WORKER_API_TEXT_JSON_WRITE_H
#define WORKER_API_TEXT_JSON_WRITE_H

#include <jansson.h>
#include <stddef.h>

#include "common/cleanup.h"

/* The value as json_dumps() writes it with these flags, to be freed, and its length in bytes
 * without the zero (ret_length may be NULL). NULL when it cannot be written: it is NULL itself, or
 * no array or object, or has a text that is not UTF-8. Pure; any thread. */
char *json_write(const json_t *json, size_t flags, size_t *ret_length) MUSTCHECK;

#endif
