/*
 * Finds the brackets and commas of a JSON text that are not inside a string, 64 bytes at a time and
 * without parsing. Four comparisons turn a block into bit masks; a running exclusive-or over the
 * unescaped quotes tells which bytes are inside strings. It is several times as fast as looking at
 * each byte, and a poll that finds nothing new does little else.
 *
 * Any bytes are accepted; the text need not be JSON. Pure; any thread.
 */
#ifndef WORKER_API_TEXT_JSON_SCAN_H
#define WORKER_API_TEXT_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSON_SCAN_BLOCK 64

struct json_scan {
    const char *block; /* what `found` is about */
    const char *end;
    uint64_t found; /* brackets and commas of the block that were not returned yet */
    bool in_string; /* whether the next block begins inside a string */
    bool escaped;   /* whether its first byte is escaped */
    bool started;
};

/* Begins outside a string at `text`, which must stay while the scan is used. */
static inline void json_scan_init(struct json_scan *scan, const char *text, size_t length)
{
    *scan = (struct json_scan){.block = text, .end = text + length};
}

/* Goes to the next block that holds a bracket or comma; false when there is none. */
bool json_scan_refill(struct json_scan *scan);

/* The next '{', '}', '[', ']' or ',' outside strings, or NULL at the end. */
static inline const char *json_scan_next(struct json_scan *scan)
{
    if (scan->found == 0 && !json_scan_refill(scan)) {
        return NULL;
    }

    const char *at = scan->block + __builtin_ctzll(scan->found);

    scan->found &= scan->found - 1;
    return at;
}

#endif
