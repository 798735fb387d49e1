/*
 * Where a poll is in the list of a shop's orders with one status.
 *
 * The API pages by position [MWW-303], and orders leave the list while it is read: everything
 * behind them moves up, and a walk by position would step over some. So each page begins with the
 * last order of the one before. When that order is there, or its number is not below the last one
 * seen, nothing was stepped over; otherwise the page is put aside and the walk goes back by a page
 * . Orders come by descending number [MWW-304]: what is new stands in front, where each poll
 * looks, and never behind a page that looks as it did.
 *
 * A page may hold less than was asked for although more follows [MWW-311]. So the walk goes on by
 * what came; a short page is perhaps the end (worker/jobs/poll_proof.h tells), and nothing new
 * where the walk had not been before is.
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
    size_t offset;     /* position of the first order of the page that is asked for */
    size_t frontier;   /* furthest position of a page that was taken */
    bool is_detached;  /* the page before had one order: to begin with that would not go on */
    bool is_backward;  /* that page is asked for to find back what was stepped over */
    bool is_repeated;  /* the list is walked once more, since it was shorter than its count */
    bool is_ascending; /* the shop does not list by descending number: pages join by hash only */
    bool
        is_circular; /* it ended with a full page: the server ignores offset, and more may follow */
    char last_number[ORDER_NUMBER_LENGTH + 1]; /* the lowest number that was reached, or "" */
};

/* What a page says of the end of the list. */
enum poll_walk_place {
    POLL_WALK_ON,      /* more follows */
    POLL_WALK_PERHAPS, /* it was short: more may follow */
    POLL_WALK_END,
};

/* At the start of a list. */
void poll_walk_start(struct poll_walk *walk);

/* At the start of the same list once more. */
void poll_walk_repeat(struct poll_walk *walk);

/* Whether nothing lies between what was seen in this turn and this page. True when
 * that cannot be told: at the start, and behind a page of one. */
bool poll_walk_is_continuous(const struct poll_walk *walk, const struct order_page *page,
                             const struct poll_known *known, unsigned turn) MUSTCHECK;

/* Puts the page aside: the next one to ask for lies a page before it. */
void poll_walk_step_back(struct poll_walk *walk);

/* Where a continuous page stands, of which `fresh` orders had not been seen in this turn. */
enum poll_walk_place poll_walk_look(const struct poll_walk *walk, const struct order_page *page,
                                    size_t fresh) MUSTCHECK;

/* Goes on behind a continuous page that stands there. */
void poll_walk_advance(struct poll_walk *walk, const struct order_page *page,
                       enum poll_walk_place place);

#endif
