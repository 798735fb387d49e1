#include "tests/simulator/delays.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/wakeup.h"
#include "tests/simulator/array.h"

#define BATCH 128 /* connections resumed per turn */

struct delays {
    pthread_t thread;
    int epoll_fd;
    struct wakeup wakeup;
    delays_work *work;
    void *context;
    atomic_bool work_is_wanted;

    pthread_mutex_t lock; /* guards the rest */
    struct waiter **heap; /* the earliest first: a binary heap on due_us */
    size_t heap_count;
    size_t heap_capacity;
    struct waiter stalled; /* head of the ring of those who wait for ever */
    bool is_stopping;
};

static void heap_push(struct delays *delays, struct waiter *waiter)
{
    delays->heap = array_grow(delays->heap, delays->heap_count, &delays->heap_capacity,
                              sizeof(struct waiter *));
    size_t at = delays->heap_count++;
    while (at > 0 && delays->heap[(at - 1) / 2]->due_us > waiter->due_us) {
        delays->heap[at] = delays->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    delays->heap[at] = waiter;
}

static struct waiter *heap_pop(struct delays *delays)
{
    struct waiter *first = delays->heap[0];
    struct waiter *last = delays->heap[--delays->heap_count];
    size_t at = 0;

    for (;;) {
        size_t child = 2 * at + 1;

        if (child >= delays->heap_count) {
            break;
        }
        if (child + 1 < delays->heap_count &&
            delays->heap[child + 1]->due_us < delays->heap[child]->due_us) {
            child++;
        }
        if (delays->heap[child]->due_us >= last->due_us) {
            break;
        }
        delays->heap[at] = delays->heap[child];
        at = child;
    }
    delays->heap[at] = last;
    return first;
}

static void stalled_unlink(struct delays *delays, struct waiter *waiter)
{
    epoll_ctl(delays->epoll_fd, EPOLL_CTL_DEL, waiter->socket, NULL);
    waiter->previous->next = waiter->next;
    waiter->next->previous = waiter->previous;
}

static void stalled_link(struct delays *delays, struct waiter *waiter)
{
    struct epoll_event event = {.events = EPOLLRDHUP | EPOLLONESHOT, .data.ptr = waiter};

    waiter->next = &delays->stalled;
    waiter->previous = delays->stalled.previous;
    waiter->previous->next = waiter;
    waiter->next->previous = waiter;
    epoll_ctl(delays->epoll_fd, EPOLL_CTL_ADD, waiter->socket, &event);
}

/* Takes out up to BATCH connections that are due, or anybody when it is time to stop. */
static size_t delays_take_due(struct delays *delays, struct MHD_Connection **ret_connections)
{
    size_t count = 0;
    int64_t now = clock_monotonic_us();

    pthread_mutex_lock(&delays->lock);
    while (count < BATCH && delays->heap_count > 0 &&
           (delays->is_stopping || delays->heap[0]->due_us <= now)) {
        ret_connections[count++] = heap_pop(delays)->connection;
    }
    while (count < BATCH && delays->is_stopping && delays->stalled.next != &delays->stalled) {
        struct waiter *waiter = delays->stalled.next;

        stalled_unlink(delays, waiter);
        ret_connections[count++] = waiter->connection;
    }
    pthread_mutex_unlock(&delays->lock);
    return count;
}

/* A waiter may be gone as soon as its connection is resumed, so only the connection is passed on.
 */
static void delays_resume_due(struct delays *delays)
{
    struct MHD_Connection *connections[BATCH];
    size_t count;

    do {
        count = delays_take_due(delays, connections);
        for (size_t i = 0; i < count; i++) {
            MHD_resume_connection(connections[i]);
        }
    } while (count == BATCH);
}

static void delays_resume_closed(struct delays *delays, struct waiter *waiter)
{
    pthread_mutex_lock(&delays->lock);
    stalled_unlink(delays, waiter);
    struct MHD_Connection *connection = waiter->connection;
    pthread_mutex_unlock(&delays->lock);
    MHD_resume_connection(connection);
}

/* Milliseconds until something is due, for epoll_wait(); -1 for no limit. */
static int delays_timeout(struct delays *delays, int64_t work_due_us)
{
    int64_t due = work_due_us;

    pthread_mutex_lock(&delays->lock);
    if (delays->heap_count > 0 && delays->heap[0]->due_us < due) {
        due = delays->heap[0]->due_us;
    }
    pthread_mutex_unlock(&delays->lock);
    if (due == INT64_MAX) {
        return -1;
    }
    int64_t left = (due - clock_monotonic_us() + 999) / 1000;
    return left < 0 ? 0 : left > 60000 ? 60000 : (int)left;
}

static void delays_wait(struct delays *delays, int timeout_ms)
{
    struct epoll_event events[BATCH];
    int count = epoll_wait(delays->epoll_fd, events, BATCH, timeout_ms);

    for (int i = 0; i < count; i++) {
        if (events[i].data.ptr != NULL) {
            delays_resume_closed(delays, events[i].data.ptr);
        } else {
            wakeup_drain(&delays->wakeup);
        }
    }
}

static bool delays_should_stop(struct delays *delays)
{
    pthread_mutex_lock(&delays->lock);
    bool is_stopping = delays->is_stopping;
    pthread_mutex_unlock(&delays->lock);
    return is_stopping;
}

static void *delays_run(void *context)
{
    struct delays *delays = context;
    int64_t work_due_us = INT64_MAX;

    while (!delays_should_stop(delays)) {
        if (atomic_exchange(&delays->work_is_wanted, false) ||
            clock_monotonic_us() >= work_due_us) {
            int64_t again = delays->work(delays->context);

            work_due_us = again < 0 ? INT64_MAX : clock_monotonic_us() + again;
        }
        delays_resume_due(delays);
        delays_wait(delays, delays_timeout(delays, work_due_us));
    }
    delays_resume_due(delays);
    return NULL;
}

bool delays_hold(struct delays *delays, struct waiter *waiter, struct MHD_Connection *connection,
                 int64_t delay_us)
{
    bool is_first = false;

    pthread_mutex_lock(&delays->lock);
    if (delays->is_stopping) {
        pthread_mutex_unlock(&delays->lock);
        return false;
    }
    waiter->connection = connection;
    waiter->socket =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    MHD_suspend_connection(connection);
    if (delay_us == DELAYS_FOREVER) {
        stalled_link(delays, waiter);
    } else {
        waiter->due_us = clock_monotonic_us() + delay_us;
        heap_push(delays, waiter);
        is_first = delays->heap[0] == waiter;
    }
    pthread_mutex_unlock(&delays->lock);
    if (is_first) {
        wakeup_ring(&delays->wakeup);
    }
    return true;
}

void delays_wake(struct delays *delays)
{
    atomic_store(&delays->work_is_wanted, true);
    wakeup_ring(&delays->wakeup);
}

bool delays_start(delays_work *work, void *context, struct delays **ret_delays, struct error *err)
{
    struct delays *delays = xcalloc(1, sizeof(*delays));
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};

    delays->work = work;
    delays->context = context;
    delays->stalled.next = delays->stalled.previous = &delays->stalled;
    pthread_mutex_init(&delays->lock, NULL);
    delays->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (!wakeup_open(&delays->wakeup, err)) {
        goto fail;
    }
    if (delays->epoll_fd < 0 ||
        epoll_ctl(delays->epoll_fd, EPOLL_CTL_ADD, delays->wakeup.descriptor, &event) != 0) {
        error_set(err, ERROR_SYSTEM, "cannot set up the timer: %s", error_reason(errno));
        goto fail;
    }
    int problem = pthread_create(&delays->thread, NULL, delays_run, delays);
    if (problem != 0) {
        error_set(err, ERROR_SYSTEM, "cannot start the timer: %s", error_reason(problem));
        goto fail;
    }
    *ret_delays = delays;
    return true;
fail:
    delays_free(delays);
    return false;
}

void delays_stop(struct delays *delays)
{
    pthread_mutex_lock(&delays->lock);
    delays->is_stopping = true;
    pthread_mutex_unlock(&delays->lock);
    wakeup_ring(&delays->wakeup);
    pthread_join(delays->thread, NULL);
}

void delays_free(struct delays *delays)
{
    if (delays == NULL) {
        return;
    }
    if (delays->epoll_fd >= 0) {
        close(delays->epoll_fd);
    }
    wakeup_close(&delays->wakeup);
    pthread_mutex_destroy(&delays->lock);
    free(delays->heap);
    free(delays);
}
