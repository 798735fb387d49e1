/*
 * Waiting without a thread: a suspended connection is resumed after a time, or when its client has
 * gone away. One thread waits for all of them, in one epoll.
 *
 * Thread-safe. A waiter belongs to the delays from delays_hold() until its connection is resumed.
 */
#ifndef SIMULATOR_DELAYS_H
#define SIMULATOR_DELAYS_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/cleanup.h"
#include "common/error.h"

#define DELAYS_FOREVER INT64_MAX

/* Somebody who waits. Zeroed before its first use; set by the delays. */
struct waiter {
    struct MHD_Connection *connection;
    int socket;
    int64_t due_us;                 /* monotonic */
    struct waiter *previous, *next; /* among those who wait for ever */
};

/* Regular work of the delays' thread. Returns after how many microseconds it wants to be called
 * again, or -1: not until delays_wake(). */
typedef int64_t delays_work(void *context);

struct delays;

bool delays_start(delays_work *work, void *context, struct delays **ret_delays,
                  struct error *err) MUSTCHECK;

/* Suspends the connection and resumes it after `delay_us` (DELAYS_FOREVER: when the client closes
 * it). Called by the thread that handles the connection. Returns false, having done nothing, when
 * the simulator is stopping. */
bool delays_hold(struct delays *delays, struct waiter *waiter, struct MHD_Connection *connection,
                 int64_t delay_us) MUSTCHECK;

/* Makes the regular work happen now. */
void delays_wake(struct delays *delays);

/* Resumes everybody and refuses new ones. Must be called before the HTTP server stops. */
void delays_stop(struct delays *delays);

void delays_free(struct delays *delays);

#endif
