/*
 * The counters of what workers stored about orders, as the statements of a flight told it: a job
 * that was somebody else's by then stored nothing and counts nothing. They are of the process: any
 * thread may count.
 */
#ifndef WORKER_ENGINE_TALLY_ORDERS_H
#define WORKER_ENGINE_TALLY_ORDERS_H

#include "worker/queue/flight.h"

/* Makes all of them visible with 0. */
void tally_orders_show(void);

/* A flight was committed. */
void tally_orders_flight(const struct flight *flight);

#endif
