/*
 * A wake-up: whoever rings it wakes the thread that waits for its descriptor, beside the other
 * descriptors that it waits for.
 *
 * Rings before it is drained count as one, and none is lost. The owner opens, waits, drains and
 * closes it; any thread may ring it between opening and closing.
 */
#ifndef COMMON_WAKEUP_H
#define COMMON_WAKEUP_H

#include "common/cleanup.h"
#include "common/error.h"

struct wakeup {
    int descriptor; /* readable from a ring until it is drained; -1: not open */
};

/* Not open. */
#define WAKEUP_INIT                                                                                \
    {                                                                                              \
        .descriptor = -1                                                                           \
    }

/* ERROR_SYSTEM when there is no descriptor to be had; then it is not open. */
bool wakeup_open(struct wakeup *wakeup, struct error *err) MUSTCHECK;

/* Never blocks. */
void wakeup_ring(const struct wakeup *wakeup);

/* Makes it silent until the next ring; never blocks. */
void wakeup_drain(const struct wakeup *wakeup);

/* One that is not open is left as it is. */
void wakeup_close(struct wakeup *wakeup);

#endif
