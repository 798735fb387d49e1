#include "common/wakeup.h"

#include <errno.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

bool wakeup_open(struct wakeup *wakeup, struct error *err)
{
    wakeup->descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return wakeup->descriptor >= 0 ||
           error_set(err, ERROR_SYSTEM, "cannot make a wake-up: %s", error_reason(errno));
}

void wakeup_ring(const struct wakeup *wakeup)
{
    const uint64_t one = 1;
    ssize_t written = 0;

    /* It can only be full, and then it has been rung. */
    do {
        written = write(wakeup->descriptor, &one, sizeof(one));
    } while (written < 0 && errno == EINTR);
}

void wakeup_drain(const struct wakeup *wakeup)
{
    uint64_t rings = 0;

    /* Whoever cannot be made silent wakes its owner again, who tries again. */
    (void)!read(wakeup->descriptor, &rings, sizeof(rings));
}

void wakeup_close(struct wakeup *wakeup)
{
    if (wakeup->descriptor >= 0) {
        close(wakeup->descriptor);
        wakeup->descriptor = -1;
    }
}
