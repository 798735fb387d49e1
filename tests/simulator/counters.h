/*
 * Totals of what happened, for GET /_simulator/counters. Thread-safe, without a lock.
 */
#ifndef SIMULATOR_COUNTERS_H
#define SIMULATOR_COUNTERS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/buffer.h"
#include "tests/simulator/api.h"

enum counted_method {
    COUNTED_GET,
    COUNTED_POST,
    COUNTED_PUT,
    COUNTED_PATCH,
    COUNTED_DELETE,
    COUNTED_OTHER,
    COUNTED_METHODS
};

struct counters {
    atomic_llong requests[API_COUNT][COUNTED_METHODS];
    atomic_llong answers[6]; /* by the first digit of the status; [0] is without an answer */
    atomic_llong in_flight;  /* of both APIs: received and not yet answered */
    atomic_llong max_in_flight;
    atomic_llong connections;
    atomic_llong max_connections;
    atomic_llong connections_total;
    atomic_llong bytes_received; /* request bodies */
    atomic_llong bytes_sent;     /* answer bodies */
    atomic_llong tokens_issued;
    atomic_llong faults_applied;
};

/* A request of an API has arrived, and has been answered (status 0: without an answer). */
void counters_request(struct counters *counters, enum api api, const char *method, size_t body);
void counters_answer(struct counters *counters, int status, size_t body);

void counters_connection(struct counters *counters, bool is_opened);

/* Adds to a level (negative to lower it) and keeps its highest value. */
void counters_level(atomic_llong *level, atomic_llong *highest, long long change);

/* Everything as one JSON object. */
void counters_print(struct counters *counters, struct buffer *text);

/* Totals become 0 and the highest values what they are now. */
void counters_clear(struct counters *counters);

#endif
