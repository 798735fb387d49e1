/*
 * What a poll does with each order that it meets: nothing when it is known, import it, note why it
 * is not imported, or pass it over. Pure; owned by one poll.
 */
#ifndef WORKER_JOBS_POLL_INTAKE_H
#define WORKER_JOBS_POLL_INTAKE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buffer.h"
#include "worker/api/shop/order_page.h"
#include "worker/api/shop/order_row.h"
#include "worker/jobs/job_kind.h"
#include "worker/jobs/poll_known.h"

/* The settings of the shop's connection, borrowed from the job's context. */
struct poll_rules {
    json_t *open_statuses; /* an array of integers */
    bool paid_only;
    const char *imported_since; /* "2026-10-24", or NULL: no limit */
    const char *start_date;     /* where the lists begin, or NULL: nothing is left out */
    struct order_defaults defaults;
};

struct poll_intake {
    struct poll_rules rules;
    struct poll_known known;          /* payload hashes of the orders that are here */
    struct poll_known skipped_before; /* and of those that were skipped, which nobody misses */
    struct poll_known handled; /* hashes of the uuids and numbers that were written in this poll:
                                  a statement must not meet the same row twice */
    struct buffer reread;      /* the uuids of the orders that were parsed and are open, as JSON
                             without the closing bracket: their bytes, and so their hashes, are
                             new, but they are not missing; empty: none */
    unsigned turn;             /* which list is walked, from 1 */
    size_t seen;               /* different elements */
    size_t written;
    size_t skipped; /* newly */
};

/* Reads the rules and the known hashes from the context. False when open_statuses is no array of
 * at least one integer and at most POLL_TURNS; nothing has to be released then. */
bool poll_intake_init(struct poll_intake *intake, json_t *context) MUSTCHECK;
void poll_intake_release(struct poll_intake *intake);

/* Takes the element at `position` (from 1) of a page of orders with status `asked`. Appends a row
 * to *outcome when something is to be stored. Returns whether it was new in this list. */
bool poll_intake_take(struct poll_intake *intake, const struct order_slice *slice, size_t position,
                      int32_t asked, struct outcome *outcome) MUSTCHECK;

#endif
