/*
 * DESIGN. One thread, one connection at a time. The outer loop connects and waits after a failure;
 * the inner one ticks until the connection breaks. Both wait in one place, for the signal
 * descriptor with the next moment as timeout. Calls to the database block: they are short, and
 * there is nothing else to do.
 */
#include "scheduler/scheduler.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/database/database.h"
#include "common/database/hosts.h"
#include "common/database/migrate.h"
#include "common/log.h"
#include "common/metrics.h"
#include "common/program.h"
#include "scheduler/events.h"
#include "scheduler/tick.h"
#include "scheduler/watch.h"

#define MAINTENANCE_US (600 * INT64_C(1000000))
#define WATCH_US       (15 * INT64_C(1000000)) /* as often as metrics are usually scraped */
/* When a part of it failed, it is tried again sooner. */
#define MAINTENANCE_RETRY_US (60 * INT64_C(1000000))
#define RETRY_MIN_US         INT64_C(250000)
#define RETRY_MAX_US         INT64_C(1000000) /* added to every failover */

struct scheduler {
    const struct config *config;
    struct database_hosts *hosts;
    PGconn *connection;
    struct tick *tick;
    struct metrics_server *metrics;
    int signal_descriptor;
    int64_t retry_us;
    int64_t watchdog_us;    /* how often systemd must hear of us; 0: it does not ask */
    int64_t maintain_us;    /* when it is due; 0: at once */
    int64_t watched_us;     /* 0: not yet */
    atomic_llong ticked_us; /* the last tick that came to its end */
};

static struct metric ticks = {
    .name = "koppeling_ticks_total",
    .help = "Ticks of the scheduler.",
};

static bool is_ready(void *context, char *reason, size_t reason_size)
{
    struct scheduler *scheduler = context;
    int64_t now = clock_monotonic_us();
    int64_t silence = now - atomic_load(&scheduler->ticked_us);
    int64_t longest = scheduler->config->tick_us * 3 + scheduler->config->stall_us;
    int64_t since = 0;
    const char *failing = tick_failing(scheduler->tick, &since);

    if (silence >= longest) {
        snprintf(reason, reason_size, "no tick for %lld s", (long long)(silence / 1000000));
    } else if (failing != NULL && now - since >= scheduler->config->stall_us) {
        snprintf(reason, reason_size, "%s fails for %lld s, see koppeling.chore", failing,
                 (long long)((now - since) / 1000000));
    } else {
        return true;
    }
    return false;
}

/* What may change while it runs. */
static void reload(const struct scheduler *scheduler)
{
    AUTO(config) struct config live = {0};
    struct error err = ERROR_INIT;

    if (!config_reload(scheduler->config, &live, &err)) {
        LOG_WARNING("the settings were not reloaded", LOG_TEXT("error", err.text));
        return;
    }
    log_set_level(live.log_level);
    LOG_INFO("settings reloaded");
}

/* Waits; false when a signal says to stop. */
static bool wait_us(const struct scheduler *scheduler, int64_t wait)
{
    struct pollfd descriptor = {.fd = scheduler->signal_descriptor, .events = POLLIN};
    int64_t end_us = clock_monotonic_us() + wait;

    do {
        int64_t left = end_us - clock_monotonic_us();

        /* Whoever comes here does not hang. */
        program_notify("WATCHDOG=1");
        if (scheduler->watchdog_us > 0 && left > scheduler->watchdog_us / 2) {
            left = scheduler->watchdog_us / 2;
        }

        if (poll(&descriptor, 1, left > 0 ? (int)((left + 999) / 1000) : 0) <= 0) {
            continue;
        }
        switch (program_take_signals(scheduler->signal_descriptor)) {
        case PROGRAM_STOP:
            return false;
        case PROGRAM_RELOAD:
            reload(scheduler);
            break;
        case PROGRAM_GO_ON:
            break;
        }
    } while (clock_monotonic_us() < end_us);
    return true;
}

static bool connect_database(struct scheduler *scheduler, struct error *err)
{
    PQfinish(scheduler->connection);
    scheduler->connection = NULL;
    return database_hosts_open(scheduler->hosts, "koppeling-scheduler", &scheduler->connection,
                               err) &&
           database_set_session(scheduler->connection, err) &&
           migrate_check(scheduler->connection, err);
}

static bool tick(struct scheduler *scheduler, struct tick_report *ret_report, struct error *err)
{
    int64_t now = clock_monotonic_us();
    bool with_upkeep = now >= scheduler->maintain_us;

    if (!tick_run(scheduler->tick, scheduler->connection, with_upkeep, ret_report, err)) {
        return false;
    }
    if (with_upkeep) {
        scheduler->maintain_us =
            now + (ret_report->needs_upkeep ? MAINTENANCE_RETRY_US : MAINTENANCE_US);
    }
    metric_add(&ticks, 1);
    atomic_store(&scheduler->ticked_us, clock_monotonic_us());
    if (ret_report->mended > 0) {
        LOG_WARNING(
            "the clock of the database was set back: times that lay too far ahead were mended",
            LOG_INT("rows", ret_report->mended));
    }
    if (ret_report->enqueued > 0 || ret_report->rescued > 0 || ret_report->paced > 0) {
        LOG_INFO("tick", LOG_INT("enqueued", ret_report->enqueued),
                 LOG_INT("rescued", ret_report->rescued), LOG_INT("paced", ret_report->paced),
                 LOG_SECONDS("took", clock_monotonic_us() - now));
    }
    return true;
}

/* Counts for the metrics, if anybody can scrape them, and it is time. */
static bool watch(struct scheduler *scheduler, struct error *err)
{
    int64_t now = clock_monotonic_us();

    if (scheduler->metrics == NULL ||
        (scheduler->watched_us != 0 && now - scheduler->watched_us < WATCH_US)) {
        return true;
    }
    scheduler->watched_us = now;
    return watch_read(scheduler->connection, err);
}

/* Ticks until a signal (true) or a failure (false). */
static bool tick_on(struct scheduler *scheduler, struct error *err)
{
    for (;;) {
        int64_t next_us = clock_monotonic_us() + scheduler->config->tick_us;
        struct tick_report report;

        if (!tick(scheduler, &report, err) || !watch(scheduler, err)) {
            return false;
        }
        scheduler->retry_us = RETRY_MIN_US;
        if (!wait_us(scheduler, report.is_full ? 0 : next_us - clock_monotonic_us())) {
            return true;
        }
    }
}

static void run_until_stopped(struct scheduler *scheduler)
{
    struct error err = ERROR_INIT;

    while (!tick_on(scheduler, &err)) {
        do {
            LOG_WARNING("cannot tick", LOG_TEXT("error", err.text),
                        LOG_SECONDS("retry_in", scheduler->retry_us));
            /* This host may be frozen, or no longer the primary. */
            if (err.code == ERROR_CONNECTION) {
                (void)database_hosts_next(scheduler->hosts);
            }
            if (!wait_us(scheduler, scheduler->retry_us)) {
                return;
            }
            scheduler->retry_us =
                scheduler->retry_us * 2 > RETRY_MAX_US ? RETRY_MAX_US : scheduler->retry_us * 2;
        } while (!connect_database(scheduler, &err));
    }
}

static bool start(struct scheduler *scheduler, struct error *err)
{
    const char *address = scheduler->config->metrics_address;

    metrics_show_build("koppeling-scheduler");
    atomic_store(&scheduler->ticked_us, clock_monotonic_us());
    return connect_database(scheduler, err) &&
           (address == NULL || events_show(scheduler->connection, err)) &&
           program_read_signals(&scheduler->signal_descriptor, err) &&
           (address == NULL ||
            metrics_server_start(address, is_ready, scheduler, &scheduler->metrics, err));
}

static bool tick_once(struct scheduler *scheduler, struct error *err)
{
    struct tick_report report;

    if (!tick(scheduler, &report, err)) {
        return false;
    }
    return report.failed == 0 || error_set(err, report.trouble.code, "%s", report.trouble.text);
}

bool scheduler_run(const struct config *config, bool once, struct error *err)
{
    struct scheduler scheduler = {
        .config = config,
        .hosts = database_hosts_new(config->database_url),
        .tick = tick_new(config->tick_us),
        .signal_descriptor = -1,
        .retry_us = RETRY_MIN_US,
        .watchdog_us = program_watchdog_us(),
    };
    bool done = start(&scheduler, err);

    if (done && once) {
        done = tick_once(&scheduler, err);
    } else if (done) {
        LOG_INFO("started", LOG_TEXT("version", KOPPELING_VERSION),
                 LOG_SECONDS("tick", config->tick_us));
        program_notify("READY=1");
        run_until_stopped(&scheduler);
        program_notify("STOPPING=1");
        LOG_INFO("stopped");
    }
    metrics_server_stop(scheduler.metrics);
    if (scheduler.connection != NULL && PQstatus(scheduler.connection) == CONNECTION_OK) {
        tick_goodbye(scheduler.tick, scheduler.connection);
    }
    PQfinish(scheduler.connection);
    tick_free(scheduler.tick);
    database_hosts_free(scheduler.hosts);
    if (scheduler.signal_descriptor >= 0) {
        close(scheduler.signal_descriptor);
    }
    return done;
}
