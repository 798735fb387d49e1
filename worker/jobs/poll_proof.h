/*
 * Whether a list of orders was read to its end.
 *
 * A short page is not the end for certain, and to ask for one page more in each poll of each shop
 * would double the calls. So what was proven once is not proven again while the list stays as it
 * is: the end of a list that has the very orders, byte for byte, of one whose end was proven lately
 * is where it was. Orders come by descending number, so a new one changes the first page. The
 * context brings what earlier polls proved ("ends"), for a while: what no rule thought of is found
 * after that.
 *
 * Another list is proven by the shop's own count, or, when that says that there is more or cannot
 * be had, by pages until one brings nothing new. What then is less than the count is recorded.
 *
 * Pure; owned by one poll.
 */
#ifndef WORKER_JOBS_POLL_PROOF_H
#define WORKER_JOBS_POLL_PROOF_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "worker/jobs/poll_walk.h"

struct poll_proof {
    json_t *ends;    /* status -> what was found lately; borrowed; NULL: nothing */
    json_t *proven;  /* status -> what was found in this poll; owned; NULL: nothing */
    size_t short_by; /* how many orders all lists of this poll had less than their counts */
    /* The list that is walked: */
    size_t listed;   /* different orders on it */
    uint64_t sum;    /* of their hashes */
    bool is_asked;   /* for its count */
    bool is_counted; /* and there is one */
    size_t count;
};

void poll_proof_init(struct poll_proof *proof, json_t *context);
void poll_proof_release(struct poll_proof *proof);

/* At the start of the list of the next status. */
void poll_proof_start(struct poll_proof *proof);

/* The list has an order with this hash, which it did not show before. */
void poll_proof_note(struct poll_proof *proof, uint64_t hash);

/* Whether the list, as far as it was read, is one whose end is known. */
bool poll_proof_is_known(const struct poll_proof *proof, int32_t status) MUSTCHECK;

/* Takes the shop's answer to the question how many there are. Any other answer than a count means
 * that it cannot be had. */
void poll_proof_take_count(struct poll_proof *proof, int status, const char *body, size_t length);

/* Whether the list has what the shop counts: then it ends here. */
bool poll_proof_is_whole(const struct poll_proof *proof) MUSTCHECK;

/* Whether the list has less than the shop counts. */
bool poll_proof_is_short(const struct poll_proof *proof) MUSTCHECK;

/* The list with this status ended so. When new orders may stand behind its end, or others may, it
 * is recorded, but no later list is known by it. */
void poll_proof_end(struct poll_proof *proof, int32_t status, const struct poll_walk *walk);

/* What was proven, as JSON for write_polled: an object by status, or "null"; to be freed. */
char *poll_proof_text(const struct poll_proof *proof) MUSTCHECK;

#endif
