/*
 * The thread of a worker.
 *
 * DESIGN. The loop waits in one place, epoll_wait(), for four things: the database socket, the
 * sockets of curl, a wake-up from another thread, and the nearest deadline. Nothing in a round
 * blocks: statements go out through a non-blocking pipeline, requests through curl's multi
 * interface, kinds are pure functions. What comes in is handled at once; what goes out to the
 * database waits until the connection is free, so batches form by themselves under load and are
 * immediate without it.
 */
#include "worker/engine/worker.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"
#include "worker/engine/worker_internal.h"

enum { TAG_WAKE = 1, TAG_DATABASE = 2, TAG_HTTP = 3, EVENTS_PER_ROUND = 32 };

static void (*notice_pool)(void);

void worker_set_notice(void (*notice)(void))
{
    notice_pool = notice;
}

static void watch(int epoll, int operation, int descriptor, uint32_t tag, uint32_t events)
{
    struct epoll_event event = {
        .events = events,
        .data.u64 = (uint64_t)tag << 32 | (uint32_t)descriptor,
    };

    if (epoll_ctl(epoll, operation, descriptor, &event) != 0) {
        LOG_WARNING("cannot watch a descriptor", LOG_TEXT("reason", error_reason(errno)));
    }
}

/* libpq changes its socket and its wishes; the epoll set follows before each wait. */
static void watch_database(struct worker *worker)
{
    int descriptor = pipeline_socket(worker->pipeline);
    uint32_t events = pipeline_events(worker->pipeline);
    uint64_t generation = pipeline_generation(worker->pipeline);
    bool is_same = generation == worker->watched_generation;

    if (is_same && events == worker->watched_events) {
        return;
    }
    if (!is_same && worker->watched_socket >= 0) {
        /* Most likely closed by now, and then it is out of the set already. */
        (void)epoll_ctl(worker->epoll, EPOLL_CTL_DEL, worker->watched_socket, NULL);
    }
    if (descriptor >= 0) {
        watch(worker->epoll, is_same ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, descriptor, TAG_DATABASE,
              events);
    }
    worker->watched_generation = generation;
    worker->watched_socket = descriptor;
    worker->watched_events = events;
}

static void advance_database(struct worker *worker)
{
    switch (pipeline_advance(worker->pipeline, worker->now_us)) {
    case PIPELINE_LANDED:
        worker_exchange_land(worker);
        break;
    case PIPELINE_CONNECTED:
        LOG_INFO("connected to the database", LOG_INT("thread", worker->index));

        worker->poll_at_us = 0;
        break;
    case PIPELINE_NOTHING:
    case PIPELINE_LOST:
        break;
    }
}

static void check_lease(struct worker *worker)
{
    if (worker->id != 0 && worker->now_us >= worker->lease_deadline_us) {
        worker_lose_lease(worker);
    }
}

static void check_stop(struct worker *worker)
{
    if (!atomic_load(&worker->stop_wanted)) {
        return;
    }
    if (!worker->stopping) {
        worker->stopping = true;
        worker->grace_until_us = worker->now_us + worker->config->grace_us;
        worker->renew_at_us = worker->now_us;
    }
    if (worker->now_us >= worker->grace_until_us) {
        worker_release_jobs(worker);
    }
}

/* All is told, or there is nobody to tell it to. */
static bool may_end(const struct worker *worker)
{
    if (!worker->stopping) {
        return false;
    }
    bool is_empty = worker_held_jobs(worker) == 0 && worker->sent.count == 0;
    bool is_told = worker->said_goodbye || worker->id == 0;
    bool is_flying = worker->exchange.flight.part_count > 0;
    /* Past the grace time the database gets a little longer to hear what was done. */
    bool is_late =
        worker->now_us >= worker->grace_until_us + worker->config->grace_us / 2 + 5000000;
    return (is_empty && is_told && !is_flying) || is_late;
}

static int64_t next_deadline(const struct worker *worker)
{
    const int64_t deadlines[] = {
        pipeline_deadline_us(worker->pipeline),
        http_client_deadline_us(worker->http),
        worker_exchange_due_us(worker),
        worker->id != 0 ? worker->lease_deadline_us : INT64_MAX,
        worker->stopping ? (worker->now_us < worker->grace_until_us ? worker->grace_until_us
                                                                    : worker->now_us + 100000)
                         : INT64_MAX,
    };
    int64_t nearest = INT64_MAX;

    for (size_t i = 0; i < ARRAY_LENGTH(deadlines); i++) {
        if (deadlines[i] < nearest) {
            nearest = deadlines[i];
        }
    }
    return nearest;
}

static int wait_ms(const struct worker *worker)
{
    int64_t deadline = next_deadline(worker);
    int64_t now = clock_monotonic_us();

    if (deadline <= now) {
        return 0;
    }
    int64_t wait = (deadline - now + 999) / 1000;
    return wait > 60000 ? 60000 : (int)wait;
}

static void drain_wake(const struct worker *worker)
{
    uint64_t count;

    /* Non-blocking; there is nothing to do about a failure but to be woken again. */
    (void)!read(worker->wake_descriptor, &count, sizeof(count));
}

static void handle_event(struct worker *worker, const struct epoll_event *event)
{
    int descriptor = (int)(uint32_t)event->data.u64;

    switch (event->data.u64 >> 32) {
    case TAG_WAKE:
        drain_wake(worker);
        break;
    case TAG_DATABASE:
        advance_database(worker);
        break;
    default:
        http_client_on_socket(worker->http, descriptor, event->events);
        break;
    }
}

static void run_round(struct worker *worker)
{
    struct epoll_event events[EVENTS_PER_ROUND];

    watch_database(worker);
    int count = epoll_wait(worker->epoll, events, EVENTS_PER_ROUND, wait_ms(worker));
    worker->now_us = clock_monotonic_us();
    /* First of all: after a long stop (SIGSTOP, a frozen machine) nothing may be done for lost
     * jobs. */
    check_lease(worker);
    for (int i = 0; i < count; i++) {
        handle_event(worker, &events[i]);
    }
    http_client_advance(worker->http, worker->now_us);
    if (worker->now_us >= pipeline_deadline_us(worker->pipeline)) {
        advance_database(worker);
    }
    check_stop(worker);
    worker_exchange_send(worker);
}

static void *worker_main(void *context)
{
    struct worker *worker = context;
    char name[16];

    snprintf(name, sizeof(name), "worker%d", worker->index);
    log_set_thread_name(name);
    worker->now_us = clock_monotonic_us();
    while (!may_end(worker)) {
        run_round(worker);
        if (atomic_load(&worker->is_idle) && notice_pool != NULL) {
            notice_pool();
        }
    }
    if (!worker->said_goodbye && worker->id != 0) {
        LOG_WARNING("stopped without a word to the database; the lease will return the jobs");
    }
    atomic_store(&worker->has_ended, true);
    if (notice_pool != NULL) {
        notice_pool();
    }
    return NULL;
}

static bool open_descriptors(struct worker *worker, struct error *err)
{
    worker->epoll = epoll_create1(EPOLL_CLOEXEC);
    worker->wake_descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (worker->epoll < 0 || worker->wake_descriptor < 0) {
        return error_set(err, ERROR_SYSTEM, "cannot make a worker's descriptors: %s",
                         error_reason(errno));
    }
    watch(worker->epoll, EPOLL_CTL_ADD, worker->wake_descriptor, TAG_WAKE, EPOLLIN);
    return true;
}

static void free_list(struct job_run_list *list)
{
    while (list->first != NULL) {
        struct job_run *run = list->first;

        job_run_list_remove(list, run);
        job_run_free(run);
    }
}

static void free_worker(struct worker *worker)
{
    flight_clear(&worker->exchange.flight);
    pipeline_free(worker->pipeline);
    bearers_free(worker->bearers);
    http_client_free(worker->http);
    free_list(&worker->active);
    free_list(&worker->ready);
    free_list(&worker->pending);
    free_list(&worker->sent);
    token_cache_free(worker->tokens);
    queue_free(worker->settings.queue);
    if (worker->wake_descriptor >= 0) {
        close(worker->wake_descriptor);
    }
    if (worker->epoll >= 0) {
        close(worker->epoll);
    }
    free(worker);
}

bool worker_start(const struct worker_settings *settings, int index, struct worker **ret_worker,
                  struct error *err)
{
    struct worker *worker = xcalloc(1, sizeof(*worker));
    const struct config *config = settings->config;

    worker->settings = *settings;
    worker->config = config;
    worker->index = index;
    worker->watched_socket = worker->epoll = worker->wake_descriptor = -1;
    worker->report_limit = 1000;
    worker->window = config->in_flight < WINDOW_FIRST ? config->in_flight : WINDOW_FIRST;
    atomic_store(&worker->progress_us, clock_monotonic_us());
    atomic_store(&worker->moved_us, clock_monotonic_us());
    snprintf(worker->application_name, sizeof(worker->application_name), "koppeling-worker/%d",
             index);
    worker->pipeline = pipeline_new(config->database_url, worker->application_name, config->prepare,
                                    worker_statements);
    worker->tokens = token_cache_new(settings->key);
    if (!open_descriptors(worker, err)) {
        free_worker(worker);
        return false;
    }
    worker->http = http_client_new(config, worker->epoll, TAG_HTTP, (size_t)config->in_flight);
    worker->bearers = bearers_new(worker->http);
    int code = pthread_create(&worker->thread, NULL, worker_main, worker);
    if (code != 0) {
        free_worker(worker);
        return error_set(err, ERROR_SYSTEM, "cannot start a worker thread: %s", error_reason(code));
    }
    *ret_worker = worker;
    return true;
}

static void ring(const struct worker *worker)
{
    const uint64_t one = 1;

    (void)!write(worker->wake_descriptor, &one, sizeof(one));
}

void worker_wake(struct worker *worker)
{
    if (!atomic_exchange(&worker->wake_wanted, true)) {
        ring(worker);
    }
}

void worker_stop(struct worker *worker)
{
    atomic_store(&worker->stop_wanted, true);
    ring(worker);
}

bool worker_has_ended(const struct worker *worker)
{
    return atomic_load(&worker->has_ended);
}

bool worker_is_idle(const struct worker *worker)
{
    return atomic_load(&worker->is_idle);
}

int64_t worker_progress_us(const struct worker *worker)
{
    return atomic_load(&worker->progress_us);
}

int64_t worker_moved_us(const struct worker *worker)
{
    return atomic_load(&worker->moved_us);
}

int64_t worker_due_since_us(const struct worker *worker)
{
    return atomic_load(&worker->due_since_us);
}

void worker_join(struct worker *worker)
{
    if (worker == NULL) {
        return;
    }
    pthread_join(worker->thread, NULL);
    free_worker(worker);
}
