/*
 * The payload hashes that one poll works with: those that the database knows, and which of them,
 * and which others, were seen, and in which list. A poll walks one list after the other, one for
 * each status; each is a turn, counted from 1. A small open-addressing table: the keys are hashes
 * already, so their low bits say where they go. Owned by one poll; not shared.
 */
#ifndef WORKER_JOBS_POLL_KNOWN_H
#define WORKER_JOBS_POLL_KNOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/cleanup.h"

struct poll_known {
    uint64_t *keys;        /* 0: free */
    unsigned char *states; /* bits of poll_known.c, one for each key */
    size_t capacity;       /* a power of two, or 0 before the first key */
    size_t count;
    bool has_known; /* the database knows at least one */
};

/* Most turns that can be told apart. */
#define POLL_TURNS 127

/* What a hash is at the moment it is seen. */
enum poll_sight {
    POLL_SIGHT_AGAIN,     /* it was seen before in this turn */
    POLL_SIGHT_ELSEWHERE, /* it was seen in an earlier turn */
    POLL_SIGHT_KNOWN,     /* the database knows it */
    POLL_SIGHT_NEW,
};

/* Reads hashes of 16 hexadecimal digits each, one behind the other; NULL for none. What is not in
 * that form is left out. */
void poll_known_init(struct poll_known *known, const char *hexadecimal);
void poll_known_release(struct poll_known *known);

/* Notes that `hash` (not 0) was seen in this turn (1 to POLL_TURNS), and says what it was before.
 */
enum poll_sight poll_known_see(struct poll_known *known, uint64_t hash, unsigned turn) MUSTCHECK;

/* True when it was seen in this turn. */
bool poll_known_was_seen(const struct poll_known *known, uint64_t hash, unsigned turn) MUSTCHECK;

/* True when the database knows it or it was seen. */
bool poll_known_has(const struct poll_known *known, uint64_t hash) MUSTCHECK;

/* The known hashes that were not seen in any turn, in the form that poll_known_init() reads; to be
 * freed. */
char *poll_known_missing(const struct poll_known *known) MUSTCHECK;

#endif
