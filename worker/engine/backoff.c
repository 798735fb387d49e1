/* Doubled waits. */
#include "worker/engine/backoff.h"

void backoff_again(struct backoff *backoff, int64_t least_us, int64_t most_us, int64_t now_us)
{
    int64_t wait = backoff->wait_us * 2;

    if (wait < least_us) {
        wait = least_us;
    }
    backoff->wait_us = wait < most_us ? wait : most_us;
    backoff->until_us = now_us + backoff->wait_us;
}

void backoff_end(struct backoff *backoff)
{
    backoff->wait_us = 0;
}
