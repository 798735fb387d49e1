/*
 * DESIGN. main() runs the pool: it reads what all workers need over one short blocking connection,
 * starts the threads, then waits in one place for a signal or a word from a worker. Signals are
 * blocked in all threads and read from a descriptor. Workers are told to stop and joined; nothing
 * outlives pool_run().
 */
#include "worker/engine/pool.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/database/database.h"
#include "common/database/migrate.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/metrics.h"
#include "common/program.h"
#include "common/wakeup.h"
#include "worker/calls/http.h"
#include "worker/engine/identity.h"
#include "worker/engine/listener.h"
#include "worker/engine/tally.h"
#include "worker/engine/worker.h"
#include "worker/jobs/job_kind.h"

enum { KINDS_LIMIT = 32, THREADS_LIMIT = 64 };

/* A poll that is later than this, and than what counts as a stall, has no scheduler. */
#define OVERDUE_US (60 * INT64_C(1000000))

struct pool {
    const struct config *config;
    struct identity identity;
    const struct sealing_key *key;
    struct queue *queue;
    struct worker *workers[THREADS_LIMIT];
    int worker_count;
    struct listener *listener;
    struct metrics_server *metrics;
    int signal_descriptor;
    struct wakeup notice; /* workers ring it when they have something to tell */
    atomic_bool has_more; /* of what a worker's claim brought as much as it asked for */
    int64_t watchdog_us;  /* how often systemd must hear of us; 0: it does not ask */
};

static void take_notice(void *context)
{
    const struct pool *pool = context;

    wakeup_ring(&pool->notice);
}

/* At most so many of those that only wait for jobs; false when there is none. */
static bool wake_free(const struct pool *pool, enum exchange_wake wake, int most)
{
    int count = 0;

    for (int i = 0; i < pool->worker_count && count < most; i++) {
        if (atomic_load(&worker_stall(pool->workers[i])->is_free)) {
            worker_wake(pool->workers[i], wake);
            count++;
        }
    }
    return count > 0;
}

/* Most often one job has come, and one claim finds it: more of them would only be in each other's
 * way. Without a free worker each looks when it can. */
static void wake_one(void *context)
{
    const struct pool *pool = context;
    bool is_woken = wake_free(pool, WAKE_ALONE, 1);

    for (int i = 0; i < pool->worker_count && !is_woken; i++) {
        worker_wake(pool->workers[i], WAKE_WITH_OTHERS);
    }
}

static void take_more(void *context)
{
    struct pool *pool = context;

    atomic_store(&pool->has_more, true);
    take_notice(pool);
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* How long work has been lying about while no job of any worker moved; 0 if none is known to. All
 * workers count together: one that finds nothing while another takes everything is in order. */
static int64_t stalled_us(const struct pool *pool, int64_t now)
{
    int64_t moved = 0;
    int64_t longest = 0;

    for (int i = 0; i < pool->worker_count; i++) {
        moved = later(moved, atomic_load(&worker_stall(pool->workers[i])->moved_us));
    }
    for (int i = 0; i < pool->worker_count; i++) {
        int64_t due_since = atomic_load(&worker_stall(pool->workers[i])->due_since_us);

        if (due_since != 0) {
            longest = later(longest, now - later(due_since, moved));
        }
    }
    return longest;
}

/* Each worker talks to the database every second when idle, and several times in
 * KOPPELING_STALL_SECONDS when busy: so that much silence means trouble. So does work that lies. */
static bool is_ready(void *context, char *reason, size_t reason_size)
{
    struct pool *pool = context;
    int64_t now = clock_monotonic_us();

    for (int i = 0; i < pool->worker_count; i++) {
        int64_t silence = now - atomic_load(&worker_stall(pool->workers[i])->exchanged_us);

        if (silence > pool->config->stall_us) {
            snprintf(reason, reason_size,
                     "worker %d has not exchanged anything with the database for %lld s", i,
                     (long long)(silence / 1000000));
            return false;
        }
    }
    for (int i = 0; i < pool->worker_count; i++) {
        int64_t overdue = atomic_load(&worker_stall(pool->workers[i])->overdue_us);

        if (overdue > pool->config->stall_us + OVERDUE_US) {
            snprintf(reason, reason_size, "a poll is overdue for %lld s: no scheduler looks at it",
                     (long long)(overdue / 1000000));
            return false;
        }
    }
    int64_t stalled = stalled_us(pool, now);
    if (stalled > pool->config->stall_us) {
        snprintf(reason, reason_size,
                 "work is due, but no job was claimed, answered or ended for %lld s",
                 (long long)(stalled / 1000000));
    }
    return stalled <= pool->config->stall_us;
}

/* Without a key no token can be opened: a worker that took such jobs all the same would have every
 * shop need attention. */
static bool can_do(const struct pool *pool, const struct job_kind *kind)
{
    return pool->key != NULL || kind->api == API_LOCAL;
}

/* KOPPELING_KINDS, or all kinds of the table. The names point into `list` or the table. */
static bool choose_kinds(const struct pool *pool, char *list, const char **ret_names,
                         size_t *ret_count, struct error *err)
{
    size_t count = 0;
    char *rest = list;

    for (size_t i = 0; list == NULL && job_kinds[i] != NULL && count < KINDS_LIMIT; i++) {
        if (can_do(pool, job_kinds[i])) {
            ret_names[count++] = job_kinds[i]->name;
        }
    }
    for (char *name; rest != NULL && (name = strsep(&rest, ", ")) != NULL;) {
        if (name[0] == '\0') {
            continue;
        }
        const struct job_kind *kind = job_kind_find(name);
        if (kind == NULL || count == KINDS_LIMIT) {
            return error_set(err, ERROR_CONFIG, "KOPPELING_KINDS: this worker knows no kind '%s'",
                             name);
        }
        if (!can_do(pool, kind)) {
            return error_set(
                err, ERROR_CONFIG,
                "KOPPELING_KINDS: '%s' needs a token, and KOPPELING_SECRET_KEY is not set", name);
        }
        ret_names[count++] = name;
    }
    *ret_count = count;
    return true;
}

/* Threads would only be told so again and again. */
static bool check_role(PGconn *connection, struct error *err)
{
    static const char *const columns[] = {"may_work", "role", NULL};
    AUTO(PQclear) PGresult *result = NULL;

    if (!database_run(connection, "worker_may_work", NULL, &result, err)) {
        return false;
    }
    database_expect(result, columns);
    if (database_boolean(result, 0, 0)) {
        return true;
    }
    return error_set(
        err, ERROR_PERMISSION,
        "KOPPELING_DATABASE_URL: permission denied for a worker as role '%s': grant it "
        "koppeling_worker",
        PQgetvalue(result, 0, 1));
}

/* What is needed of the database before any thread starts. */
static bool read_database(struct pool *pool, struct error *err)
{
    const char *kinds[KINDS_LIMIT];
    size_t kind_count = 0;
    int taken_over = 0;
    AUTO(free) char *list = xstrdup(pool->config->kinds);
    AUTO(PQfinish) PGconn *connection = NULL;

    if (!choose_kinds(pool, list, kinds, &kind_count, err) ||
        !database_open(pool->config->database_url, "koppeling-worker", &connection, err) ||
        !migrate_check(connection, err) || !check_role(connection, err) ||
        !queue_open(connection, kinds, kind_count, &pool->queue, err) ||
        !identity_take_over(connection, &pool->identity, &taken_over, err)) {
        return false;
    }
    if (taken_over > 0) {
        LOG_INFO("took over from workers of this host that are gone",
                 LOG_INT("workers", taken_over));
    }
    return true;
}

static bool start_workers(struct pool *pool, bool until_idle, struct error *err)
{
    for (int i = 0; i < pool->config->threads; i++) {
        const struct worker_settings settings = {
            .config = pool->config,
            .identity = &pool->identity,
            .key = pool->key,
            .queue = queue_copy(pool->queue),
            .until_idle = until_idle,
            .notice = take_notice,
            .more = take_more,
            .context = pool,
        };

        if (!worker_start(&settings, i, &pool->workers[i], err)) {
            return false;
        }
        pool->worker_count++;
    }
    return true;
}

/* All calls to one API may have a connection each, and over TLS to two others, too. */
static bool make_room(const struct pool *pool, int in_flight, struct error *err)
{
    int most = pool->config->connections;
    int each = in_flight + 2 * (in_flight < most ? in_flight : most) + 8;

    return program_raise_descriptors((uint64_t)pool->config->threads * (uint64_t)each + 64,
                                     " or lower KOPPELING_THREADS or KOPPELING_IN_FLIGHT", err);
}

static bool start(struct pool *pool, bool until_idle, struct error *err)
{
    const struct config *config = pool->config;
    const char *listen_url = config->listen_url != NULL ? config->listen_url : config->database_url;

    if (pool->key == NULL) {
        LOG_WARNING("KOPPELING_SECRET_KEY is not set: only jobs that need no token are taken");
    }
    identity_of_self(&pool->identity);
    tally_show();
    http_client_show_metrics();
    if (!make_room(pool, config->in_flight, err) || !read_database(pool, err) ||
        !program_read_signals(&pool->signal_descriptor, err) || !wakeup_open(&pool->notice, err) ||
        !start_workers(pool, until_idle, err) ||
        !listener_start(listen_url, wake_one, pool, &pool->listener, err)) {
        return false;
    }
    return config->metrics_address == NULL ||
           metrics_server_start(config->metrics_address, is_ready, pool, &pool->metrics, err);
}

/* What may change while it runs. When something is wrong with it, all stays as it is. */
static void reload(const struct pool *pool)
{
    AUTO(config) struct config live = {0};
    struct error err = ERROR_INIT;

    if (!config_reload(pool->config, &live, &err) || !make_room(pool, live.in_flight, &err)) {
        LOG_WARNING("the settings were not reloaded", LOG_TEXT("error", err.text));
        return;
    }
    for (int i = 0; i < pool->worker_count; i++) {
        worker_reload(pool->workers[i], live.in_flight, live.ca_file);
    }
    log_set_level(live.log_level);
    LOG_INFO("settings reloaded", LOG_INT("in_flight", live.in_flight));
}

/* Tells systemd that no thread hangs, four times as often as it must hear it. A database or service
 * that is away hangs none. */
static void tell_watchdog(const struct pool *pool)
{
    int64_t since_us = clock_monotonic_us() - pool->watchdog_us / 2;

    for (int i = 0; i < pool->worker_count; i++) {
        if (atomic_load(&worker_stall(pool->workers[i])->came_round_us) < since_us) {
            LOG_ERROR("a thread hangs: systemd's watchdog is not told", LOG_INT("index", i));
            return;
        }
    }
    program_notify("WATCHDOG=1");
}

/* True while it should go on. */
static bool wait_for_news(struct pool *pool)
{
    int wait_ms = pool->watchdog_us > 0 ? (int)(pool->watchdog_us / 4000 + 1) : -1;
    struct pollfd descriptors[] = {
        {.fd = pool->signal_descriptor, .events = POLLIN},
        {.fd = pool->notice.descriptor, .events = POLLIN},
    };

    if (poll(descriptors, 2, wait_ms) < 0 && errno != EINTR) {
        return false;
    }
    if (pool->watchdog_us > 0) {
        tell_watchdog(pool);
    }
    switch (program_take_signals(pool->signal_descriptor)) {
    case PROGRAM_STOP:
        return false;
    case PROGRAM_RELOAD:
        reload(pool);
        break;
    case PROGRAM_GO_ON:
        break;
    }
    wakeup_drain(&pool->notice);
    if (atomic_exchange(&pool->has_more, false)) {
        wake_free(pool, WAKE_WITH_OTHERS, THREADS_LIMIT);
    }
    for (int i = 0; i < pool->worker_count; i++) {
        if (worker_is_over(pool->workers[i])) {
            return false;
        }
    }
    return true;
}

static void stop(struct pool *pool)
{
    program_notify("STOPPING=1");
    for (int i = 0; i < pool->worker_count; i++) {
        worker_stop(pool->workers[i]);
    }
    /* Both use the workers, so they end first. */
    listener_stop(pool->listener);
    metrics_server_stop(pool->metrics);
    for (int i = 0; i < pool->worker_count; i++) {
        worker_join(pool->workers[i]);
    }
    queue_free(pool->queue);
    if (pool->signal_descriptor >= 0) {
        close(pool->signal_descriptor);
    }
    wakeup_close(&pool->notice);
}

bool pool_run(const struct config *config, const struct sealing_key *key, bool until_idle,
              struct error *err)
{
    struct pool pool = {
        .config = config,
        .key = key,
        .signal_descriptor = -1,
        .notice = WAKEUP_INIT,
        .watchdog_us = program_watchdog_us(),
    };
    bool started = start(&pool, until_idle, err);

    if (started) {
        LOG_INFO("started", LOG_TEXT("version", KOPPELING_VERSION),
                 LOG_INT("threads", config->threads), LOG_INT("in_flight", config->in_flight));
        program_notify("READY=1");
        while (wait_for_news(&pool)) {
            continue;
        }
    }
    stop(&pool);
    if (started) {
        LOG_INFO("stopped");
    }
    return started;
}
