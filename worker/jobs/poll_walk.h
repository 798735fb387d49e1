/*
 * Where a poll is in the list of a shop's orders with one status.
 *
 * The API pages by position [MWW-303], and orders leave the list while it is read: everything
 * behind them moves up, and a walk by position would step over some. So each page begins with the
 * last order of the one before. When that order is there, or its number is not above the last one
 * seen, nothing was stepped over; otherwise the page is put aside and the walk goes back by a page
 * . Orders come by ascending number [MWW-304].
 *
 * Pure; owned by one poll.
 */
#ifndef WORKER_JOBS_POLL_WALK_H
#define WORKER_JOBS_POLL_WALK_H

#include <stdbool.h>
#include <stddef.h>

#include "worker/api/shop/order.h"
#include "worker/api/shop/order_page.h"
#include "worker/jobs/poll_known.h"

struct poll_walk {
    size_t offset;    /* position of the first order of the page that is asked for */
    bool is_backward; /* that page is asked for to find back what was stepped over */
    bool is_circular; /* a full page had nothing new: it ended so, and absence proves nothing */
    char last_number[ORDER_NUMBER_LENGTH + 1]; /* the highest number that was reached, or "" */
};

/* At the start of the list of the next status. is_circular stays. */
void poll_walk_start(struct poll_walk *walk);

/* Whether nothing lies between what was seen before and this page. True at the start. */
bool poll_walk_is_continuous(const struct poll_walk *walk, const struct order_page *page,
                             const struct poll_known *known) MUSTCHECK;

/* Puts the page aside: the next one to ask for lies a page before it. */
void poll_walk_step_back(struct poll_walk *walk);

/* Goes on behind a continuous page, of which `fresh` orders had not been seen in this walk. False
 * when the list ends: the page is short, or brought nothing new (a server that ignores offset). */
bool poll_walk_advance(struct poll_walk *walk, const struct order_page *page,
                       size_t fresh) MUSTCHECK;

#endif
