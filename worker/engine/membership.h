/*
 * What a worker says about itself: that it is there, that it still is, which jobs it does not know
 * of, goodbye. Each adds one statement of sql/queries/ to a flight.
 */
#ifndef WORKER_ENGINE_MEMBERSHIP_H
#define WORKER_ENGINE_MEMBERSHIP_H

#include <stdbool.h>

#include "worker/engine/identity.h"
#include "worker/engine/job_run.h"
#include "worker/engine/lease.h"
#include "worker/queue/flight.h"

/* worker_register: asks for a row and a lease; answers with its id. `thread` is its number in the
 * process. */
void membership_add_register(struct flight *flight, const struct lease *lease,
                             const struct identity *identity, int thread);

/* worker_renew: answers with the id, or with nothing when the lease has lapsed. */
void membership_add_renew(struct flight *flight, const struct lease *lease, int held,
                          bool is_stopping);

/* queue_disown: hands back what runs in our name and is on none of the lists. */
void membership_add_disown(struct flight *flight, const struct lease *lease,
                           const struct job_run_lists *lists);

/* worker_goodbye: ends the lease; whatever should still run in our name goes back at once. */
void membership_add_goodbye(struct flight *flight, const struct lease *lease);

#endif
