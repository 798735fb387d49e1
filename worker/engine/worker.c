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
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/wakeup.h"
#include "worker/engine/claiming.h"
#include "worker/engine/exchange.h"
#include "worker/engine/reload.h"
#include "worker/engine/runs.h"
#include "worker/engine/tally.h"
#include "worker/queue/pipeline.h"

enum { TAG_WAKE = 1, TAG_DATABASE = 2, TAG_HTTP = 3, EVENTS_PER_ROUND = 32 };

/* The longest wait in one place: by it a hang is known (pool.c). */
enum { WAIT_MOST_MS = 1000 };
/* Past the grace time the database gets a little longer to hear what was done … */
#define LAST_WORDS_US INT64_C(5000000)
/* … and is tried again so often. */
#define LAST_TRIES_US INT64_C(100000)

struct worker {
    struct worker_settings settings;
    int index;
    pthread_t thread;

    /* Shared with other threads. */
    atomic_bool stop_wanted;
    atomic_int wakes;
    atomic_bool has_ended;
    atomic_bool is_idle;
    struct reload_box reload;
    struct stall stall;
    struct wakeup wakeup;

    /* The thread's own. */
    int64_t now_us; /* read once per round of the loop */
    int epoll;
    struct pipeline *pipeline;
    uint64_t watched_generation;
    int watched_socket;
    uint32_t watched_events;
    struct claiming claiming;
    struct runs *runs;
    struct exchange *exchange;
    int64_t grace_until_us; /* INT64_MAX while not stopping */
    char application_name[32];
};

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
        exchange_land(worker->exchange, worker->now_us);
        break;
    case PIPELINE_CONNECTED:
        LOG_INFO("connected to the database");
        tally_connected();
        claiming_hurry(&worker->claiming);
        break;
    case PIPELINE_NOTHING:
    case PIPELINE_LOST:
        break;
    }
}

static void send_flight(struct worker *worker)
{
    if (pipeline_is_ready(worker->pipeline)) {
        struct flight *flight = exchange_compose(worker->exchange, worker->now_us);

        if (flight != NULL) {
            pipeline_send(worker->pipeline, flight, worker->now_us);
        }
    }
}

static bool is_stopping(const struct worker *worker)
{
    return worker->grace_until_us != INT64_MAX;
}

static void check_stop(struct worker *worker)
{
    if (!atomic_load(&worker->stop_wanted)) {
        return;
    }
    if (!is_stopping(worker)) {
        worker->grace_until_us = worker->now_us + worker->settings.config->grace_us;
        runs_stop(worker->runs, worker->grace_until_us);
        exchange_stop(worker->exchange, worker->now_us);
    }
    if (worker->now_us >= worker->grace_until_us) {
        runs_release_calling(worker->runs, worker->now_us);
    }
}

/* All is told, or there is nobody to tell it to. */
static bool may_end(const struct worker *worker)
{
    if (!is_stopping(worker)) {
        return false;
    }
    int64_t last_us =
        worker->grace_until_us + worker->settings.config->grace_us / 2 + LAST_WORDS_US;
    return exchange_is_over(worker->exchange) || worker->now_us >= last_us;
}

/* When the loop must look again for the sake of stopping. */
static int64_t stop_deadline_us(const struct worker *worker)
{
    if (is_stopping(worker) && worker->now_us >= worker->grace_until_us) {
        return worker->now_us + LAST_TRIES_US;
    }
    return worker->grace_until_us;
}

static int64_t next_deadline_us(const struct worker *worker)
{
    const int64_t deadlines[] = {
        pipeline_deadline_us(worker->pipeline),
        runs_http_deadline_us(worker->runs),
        pipeline_is_ready(worker->pipeline) ? exchange_due_us(worker->exchange, worker->now_us)
                                            : INT64_MAX,
        exchange_lease_deadline_us(worker->exchange),
        stop_deadline_us(worker),
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
    int64_t deadline = next_deadline_us(worker);
    int64_t now = clock_monotonic_us();

    if (deadline <= now) {
        return 0;
    }
    int64_t wait = (deadline - now) / 1000 + 1;
    return wait > WAIT_MOST_MS ? WAIT_MOST_MS : (int)wait;
}

static void handle_event(struct worker *worker, const struct epoll_event *event)
{
    int descriptor = (int)(uint32_t)event->data.u64;

    switch (event->data.u64 >> 32) {
    case TAG_WAKE:
        wakeup_drain(&worker->wakeup);
        reload_apply(&worker->reload, &worker->claiming, worker->runs);
        break;
    case TAG_DATABASE:
        advance_database(worker);
        break;
    default:
        runs_on_socket(worker->runs, descriptor, event->events, worker->now_us);
        break;
    }
}

static void run_round(struct worker *worker)
{
    struct epoll_event events[EVENTS_PER_ROUND];

    watch_database(worker);
    int count = epoll_wait(worker->epoll, events, EVENTS_PER_ROUND, wait_ms(worker));
    worker->now_us = clock_monotonic_us();
    stall_came_round(&worker->stall, worker->now_us);
    /* First of all: after a long stop (SIGSTOP, a frozen machine) nothing may be done for lost
     * jobs. */
    exchange_check_lease(worker->exchange, worker->now_us);
    for (int i = 0; i < count; i++) {
        handle_event(worker, &events[i]);
    }
    runs_advance(worker->runs, worker->now_us);
    if (worker->now_us >= pipeline_deadline_us(worker->pipeline)) {
        advance_database(worker);
    }
    check_stop(worker);
    send_flight(worker);
    atomic_store(&worker->stall.is_free,
                 pipeline_is_ready(worker->pipeline) && exchange_is_free(worker->exchange));
}

static void notice(const struct worker *worker)
{
    worker->settings.notice(worker->settings.context);
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
        if (exchange_is_idle(worker->exchange) && !atomic_exchange(&worker->is_idle, true)) {
            notice(worker);
        }
    }
    if (!exchange_has_left(worker->exchange)) {
        LOG_WARNING("stopped without a word to the database; the lease will return the jobs");
    }
    atomic_store(&worker->has_ended, true);
    notice(worker);
    return NULL;
}

static bool open_descriptors(struct worker *worker, struct error *err)
{
    worker->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (worker->epoll < 0) {
        return error_set(err, ERROR_SYSTEM, "cannot make a worker's descriptors: %s",
                         error_reason(errno));
    }
    if (!wakeup_open(&worker->wakeup, err)) {
        return false;
    }
    watch(worker->epoll, EPOLL_CTL_ADD, worker->wakeup.descriptor, TAG_WAKE, EPOLLIN);
    return true;
}

static void make_parts(struct worker *worker)
{
    const struct worker_settings *settings = &worker->settings;
    const struct config *config = settings->config;

    stall_init(&worker->stall, config->metrics_address != NULL ? config->stall_us : 0,
               clock_monotonic_us());
    claiming_init(&worker->claiming, config->in_flight, queue_api_count(settings->queue),
                  settings->until_idle);
    worker->pipeline = pipeline_new(config->database_url, worker->application_name, config->prepare,
                                    exchange_statements);
    worker->runs = runs_new(&(struct runs_settings){
        .config = config,
        .key = settings->key,
        .epoll = worker->epoll,
        .tag = TAG_HTTP,
        .claiming = &worker->claiming,
        .stall = &worker->stall,
    });
    worker->exchange = exchange_new(&(struct exchange_settings){
        .config = config,
        .identity = settings->identity,
        .thread = worker->index,
        .until_idle = settings->until_idle,
        .wakes = &worker->wakes,
        .more = settings->more,
        .more_context = settings->context,
        .queue = settings->queue,
        .runs = worker->runs,
        .claiming = &worker->claiming,
        .stall = &worker->stall,
    });
}

static void free_worker(struct worker *worker)
{
    /* First what tells of flights, then what may be in one. */
    pipeline_free(worker->pipeline);
    exchange_free(worker->exchange);
    runs_free(worker->runs);
    queue_free(worker->settings.queue);
    reload_clear(&worker->reload);
    wakeup_close(&worker->wakeup);
    if (worker->epoll >= 0) {
        close(worker->epoll);
    }
    free(worker);
}

bool worker_start(const struct worker_settings *settings, int index, struct worker **ret_worker,
                  struct error *err)
{
    struct worker *worker = xcalloc(1, sizeof(*worker));

    worker->settings = *settings;
    worker->index = index;
    worker->watched_socket = worker->epoll = -1;
    worker->wakeup = (struct wakeup)WAKEUP_INIT;
    worker->grace_until_us = INT64_MAX;
    snprintf(worker->application_name, sizeof(worker->application_name), "koppeling-worker/%d",
             index);
    if (!open_descriptors(worker, err)) {
        free_worker(worker);
        return false;
    }
    make_parts(worker);
    int code = pthread_create(&worker->thread, NULL, worker_main, worker);
    if (code != 0) {
        free_worker(worker);
        return error_set(err, ERROR_SYSTEM, "cannot start a worker thread: %s", error_reason(code));
    }
    *ret_worker = worker;
    return true;
}

void worker_wake(struct worker *worker, enum exchange_wake wake)
{
    if (atomic_fetch_or(&worker->wakes, (int)wake) == 0) {
        wakeup_ring(&worker->wakeup);
    }
}

void worker_reload(struct worker *worker, int in_flight, const char *ca_file)
{
    reload_put(&worker->reload, in_flight, ca_file);
    wakeup_ring(&worker->wakeup);
}

void worker_stop(struct worker *worker)
{
    atomic_store(&worker->stop_wanted, true);
    wakeup_ring(&worker->wakeup);
}

bool worker_is_over(const struct worker *worker)
{
    return atomic_load(&worker->has_ended) || atomic_load(&worker->is_idle);
}

const struct stall *worker_stall(const struct worker *worker)
{
    return &worker->stall;
}

void worker_join(struct worker *worker)
{
    if (worker == NULL) {
        return;
    }
    pthread_join(worker->thread, NULL);
    free_worker(worker);
}
