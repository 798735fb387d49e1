/*
 * Whose fault is a 401 of a shop? Each call carries the token of the shop and our partner token
 * [MWW-201], and a refusal does not say which one is meant. The list of order statuses takes the
 * partner token alone [MWW-202]: so that is asked before a shop is blamed. All who wait are
 * told by one call. A thread has its own; only whether the log was told is shared.
 */
#ifndef WORKER_CALLS_PARTNER_H
#define WORKER_CALLS_PARTNER_H

#include "worker/calls/http.h"

struct partner;
struct partner_waiter;

struct partner *partner_new(struct http_client *http);

/* Forgets all waiters. NULL is allowed. Must precede http_client_free(). */
void partner_free(struct partner *partner);

/* Asks, since a shop answered `answer`, of which a copy is kept. `done` runs later, from the HTTP
 * client's loop, with that copy when the partner token is good; with one whose refuses_partner is
 * set when it is not; and with no answer (transport) when that cannot be told. */
struct partner_waiter *partner_wait(struct partner *partner, const struct http_response *answer,
                                    http_done_callback *done, void *context);

/* Stops waiting; `done` does not run. NULL is allowed. */
void partner_cancel(struct partner *partner, struct partner_waiter *waiter);

#endif
