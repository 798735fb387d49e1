
#include "tests/unit/unit.h"

#include <poll.h>
#include <pthread.h>

#include "common/wakeup.h"

static bool is_rung(const struct wakeup *wakeup, int timeout_ms)
{
    struct pollfd descriptor = {.fd = wakeup->descriptor, .events = POLLIN};

    return poll(&descriptor, 1, timeout_ms) == 1;
}

TEST(rings_count_as_one_until_drained)
{
    struct wakeup wakeup = WAKEUP_INIT;

    assert_true(wakeup_open(&wakeup, NULL));
    assert_false(is_rung(&wakeup, 0));
    wakeup_ring(&wakeup);
    wakeup_ring(&wakeup);
    assert_true(is_rung(&wakeup, 0));
    wakeup_drain(&wakeup);
    assert_false(is_rung(&wakeup, 0));
    wakeup_drain(&wakeup); /* does not block */
    wakeup_ring(&wakeup);
    assert_true(is_rung(&wakeup, 0));
    wakeup_close(&wakeup);
}

static void *ring(void *context)
{
    wakeup_ring(context);
    return NULL;
}

TEST(another_thread_wakes_who_waits)
{
    struct wakeup wakeup = WAKEUP_INIT;
    pthread_t thread;

    assert_true(wakeup_open(&wakeup, NULL));
    assert_int_equal(pthread_create(&thread, NULL, ring, &wakeup), 0);
    assert_true(is_rung(&wakeup, 10000));
    pthread_join(thread, NULL);
    wakeup_close(&wakeup);
}

TEST(one_that_is_closed_can_be_closed_again)
{
    struct wakeup wakeup = WAKEUP_INIT;

    wakeup_close(&wakeup);
    assert_true(wakeup_open(&wakeup, NULL));
    assert_true(wakeup.descriptor >= 0);
    wakeup_close(&wakeup);
    assert_int_equal(wakeup.descriptor, -1);
    wakeup_close(&wakeup);
}
