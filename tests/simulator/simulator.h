/*
 * Everything the simulator knows: the state of both APIs and what is wrong with them.
 *
 * One lock guards the state; handlers of requests run with it held and keep it short. The journal,
 * the counters and the delays have their own.
 */
#ifndef SIMULATOR_SIMULATOR_H
#define SIMULATOR_SIMULATOR_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "tests/simulator/booking.h"
#include "tests/simulator/counters.h"
#include "tests/simulator/delays.h"
#include "tests/simulator/dice.h"
#include "tests/simulator/faults.h"
#include "tests/simulator/journal.h"
#include "tests/simulator/options.h"
#include "tests/simulator/shop.h"

enum booking_environment { BOOKING_PRODUCTION, BOOKING_STAGING, BOOKING_COUNT };

struct settings {
    int64_t latency_ms;       /* before every answer of both APIs */
    int64_t jitter_ms;        /* at most this much more, by chance */
    int64_t token_expires_in; /* seconds */
    char *partner_token;      /* NULL: any, or none, will do */
};

struct simulator {
    const struct options *options;

    pthread_mutex_t lock; /* guards what follows up to the next blank line */
    struct settings settings;
    struct dice dice;
    struct shops shops;
    struct booking bookings[BOOKING_COUNT];
    struct faults faults;

    struct journal journal;
    struct counters counters;
    struct delays *delays; /* set by the server before the first request */
};

/* The state at the start: the shops of the options and the account "client" with "secret". */
void simulator_init(struct simulator *simulator, const struct options *options);
void simulator_release(struct simulator *simulator);

/* Back to the state at the start. Called with the lock held. */
void simulator_reset(struct simulator *simulator);

/* Lets the orders arrive that are due by now; returns in how many microseconds it wants to be
 * called again, or -1 when no shop has a flow of orders. Takes the lock itself. */
int64_t simulator_flow(struct simulator *simulator);

#endif
