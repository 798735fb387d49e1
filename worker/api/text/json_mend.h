/*
 * Makes one JSON text digestible for jansson and for PostgreSQL's jsonb, which are stricter than
 * what a PHP shop can emit. Changed, and nothing else:
 *
 *   - bytes that are not UTF-8 become U+FFFD (jansson refuses the whole text otherwise);
 *   - inside strings: raw control characters become a space, an escaped NUL (\u0000) is dropped, a
 *     lone surrogate escape becomes \ufffd (jsonb refuses these, and with them the whole row).
 *
 * It does not check the grammar: what was not JSON before is not JSON afterwards.
 * Pure; any thread.
 */
#ifndef WORKER_API_TEXT_JSON_MEND_H
#define WORKER_API_TEXT_JSON_MEND_H

#include <stdbool.h>
#include <stddef.h>

#include "common/cleanup.h"

struct mended {
    char *text; /* NULL when nothing had to change; else owned, zero-terminated */
    size_t length;
    bool odd_numbers;  /* a number outside strings has an exponent or over 40 characters: jsonb may
                         refuse it as too large, so it must be written anew from its value */
    bool wide_numbers; /* a whole number has over 18 characters: 64 bits may not hold it */
};

/* Reads `length` bytes and fills *ret_mended; the caller frees its text. Never fails. */
void json_mend(const char *text, size_t length, struct mended *ret_mended);

/* The same, with each whole number of over 18 characters as a string, so that a parser keeps all of
 * its digits. */
void json_mend_quoting(const char *text, size_t length, struct mended *ret_mended);

#endif
