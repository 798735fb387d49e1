/* What a tick does, as a table of statements. */
#include "scheduler/tick.h"

#include <stdio.h>

#include "common/database/database.h"
#include "common/log.h"
#include "common/metrics.h"

/* Most subjects per statement and tick, so that after an outage a tick stays short. */
enum { BATCH = 5000 };

#define ENQUEUED(kind)                                                                             \
    METRIC_OF("koppeling_jobs_enqueued_total", "Jobs that the scheduler enqueued.", "kind", kind)

static struct {
    const char *statement;
    bool takes_batch;
    struct metric jobs;
} enqueuers[] = {
    {"schedule_verify", false, ENQUEUED("verify")},
    {"schedule_poll", true, ENQUEUED("poll")},
    {"schedule_mark_shipped", true, ENQUEUED("mark_shipped")},
    {"schedule_confirm_order", true, ENQUEUED("confirm_order")},
    {"schedule_push_order", true, ENQUEUED("push_order")},
};

static struct metric rescued_jobs = {
    .name = "koppeling_jobs_rescued_total",
    .help = "Jobs of lost workers that were returned to the queue.",
};
static struct metric paced_jobs = {
    .name = "koppeling_jobs_paced_total",
    .help =
        "Jobs that came due in large numbers, as after a block, and were spread over time again.",
};

static bool take_lock(PGconn *connection, bool *ret_taken, struct error *err)
{
    static const char *const columns[] = {"taken", NULL};
    AUTO(PQclear) PGresult *result = NULL;

    if (!database_run(connection, "schedule_lock", NULL, &result, err)) {
        return false;
    }
    database_expect(result, columns);
    *ret_taken = database_boolean(result, 0, 0);
    return true;
}

static bool enqueue(PGconn *connection, struct tick_report *report, struct error *err)
{
    char batch[12];
    const char *const parameters[] = {batch, NULL};

    snprintf(batch, sizeof(batch), "%d", BATCH);
    for (size_t i = 0; i < ARRAY_LENGTH(enqueuers); i++) {
        AUTO(PQclear) PGresult *result = NULL;

        if (!database_run(connection, enqueuers[i].statement,
                          enqueuers[i].takes_batch ? parameters : NULL, &result, err)) {
            return false;
        }
        int64_t jobs = database_changed_rows(result);
        metric_add(&enqueuers[i].jobs, jobs);
        report->enqueued += jobs;
        report->is_full = report->is_full || (enqueuers[i].takes_batch && jobs == BATCH);
    }
    return true;
}

/* A clock that was set back must not keep anybody waiting for what it said before. */
static bool mend_times(PGconn *connection, struct error *err)
{
    static const char *const columns[] = {"mended", NULL};
    AUTO(PQclear) PGresult *result = NULL;

    if (!database_run(connection, "schedule_times", NULL, &result, err)) {
        return false;
    }
    database_expect(result, columns);
    if (database_integer(result, 0, 0) > 0) {
        LOG_WARNING(
            "the clock of the database was set back: times that lay too far ahead were mended",
            LOG_INT("rows", database_integer(result, 0, 0)));
    }
    return true;
}

static bool rescue(PGconn *connection, struct tick_report *report, struct error *err)
{
    static const char *const columns[] = {"jobs", NULL};
    AUTO(PQclear) PGresult *result = NULL;

    if (!database_run(connection, "queue_rescue", NULL, &result, err)) {
        return false;
    }
    database_expect(result, columns);
    report->rescued = database_integer(result, 0, 0);
    metric_add(&rescued_jobs, report->rescued);
    return true;
}

static bool pace(PGconn *connection, struct tick_report *report, struct error *err)
{
    AUTO(PQclear) PGresult *result = NULL;

    if (!database_run(connection, "schedule_pace", NULL, &result, err)) {
        return false;
    }
    report->paced = database_changed_rows(result);
    metric_add(&paced_jobs, report->paced);
    return true;
}

static bool run_in_transaction(PGconn *connection, struct tick_report *report, struct error *err)
{
    bool taken = false;

    if (!take_lock(connection, &taken, err)) {
        return false;
    }
    report->skipped = !taken;
    return !taken || (mend_times(connection, err) && rescue(connection, report, err) &&
                      pace(connection, report, err) && enqueue(connection, report, err));
}

/* There is time: partitions are made days ahead. */
static bool maintain(PGconn *connection, struct error *err)
{
    if (database_run_patiently(connection, "schedule_maintenance",
                               database_query("schedule_maintenance"), err)) {
        return true;
    }
    if (err->code != ERROR_UNAVAILABLE && err->code != ERROR_LOCKED) {
        return false;
    }
    LOG_WARNING("maintenance is put off", LOG_TEXT("error", err->text));

    return true;
}

bool tick_run(PGconn *connection, bool with_maintenance, struct tick_report *ret_report,
              struct error *err)
{
    struct tick_report report = {.skipped = false};
    struct error ignored = ERROR_INIT;

    if (!database_run_text(connection, "begin", database_query("transaction_begin"), err)) {
        return false;
    }
    if (!run_in_transaction(connection, &report, err)) {
        if (!database_run_text(connection, "rollback", database_query("transaction_rollback"),
                               &ignored)) {
            LOG_DEBUG("cannot roll back", LOG_TEXT("error", ignored.text));
        }
        return false;
    }
    if (!database_run_text(connection, "commit", database_query("transaction_commit"), err)) {
        return false;
    }
    if (with_maintenance && !report.skipped && !maintain(connection, err)) {
        return false;
    }
    *ret_report = report;
    return true;
}
