/*
 * The wait after something was refused: doubled each time, between a least and a most. A deadlock
 * is over at once; a full disk is not, and must not fill its log with our tries. Pure: the owner
 * hands in the clock.
 */
#ifndef WORKER_ENGINE_BACKOFF_H
#define WORKER_ENGINE_BACKOFF_H

#include <stdint.h>

/* A zeroed struct does not wait. */
struct backoff {
    int64_t wait_us;  /* the last wait; 0: all is well */
    int64_t until_us; /* nothing is tried before */
};

/* It was refused once more: waits at least `least_us`, twice as long as before, never over
 * `most_us`. */
void backoff_again(struct backoff *backoff, int64_t least_us, int64_t most_us, int64_t now_us);

/* It worked: the next wait is a short one again. */
void backoff_end(struct backoff *backoff);

#endif
