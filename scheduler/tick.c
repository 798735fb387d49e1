/* What a tick does, as a table of statements. */
#include "scheduler/tick.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/database/database.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/metrics.h"
#include "scheduler/events.h"

/* Most subjects per statement and tick, so that after an outage a tick stays short. */
#define BATCH_TEXT "5000"
enum { BATCH = 5000 };

/* How often the database is told that we are alive, and the log of what still fails. */
#define BEAT_US (5 * INT64_C(1000000))
#define TELL_US (60 * INT64_C(1000000))

#define ENQUEUED(kind)                                                                             \
    METRIC_OF("koppeling_jobs_enqueued_total", "Jobs that the scheduler enqueued.", "kind", kind)
#define COUNTED(field) offsetof(struct tick_report, field)

enum chore_flags {
    TAKES_BATCH = 1, /* its parameter is how much it may do at most */
    IS_UPKEEP = 2,   /* now and then is enough, and it may take long */
    IS_TOLD = 4,     /* its rows are events for the log */
};

static struct chore {
    const char *name;      /* in koppeling.chore */
    const char *statement; /* in sql/queries */
    unsigned flags;
    size_t counter; /* the field of the report; not for upkeep */
    struct metric jobs;
} chores[] = {
    {"times",
     "schedule_times",
     0,
     COUNTED(mended),
     {.name = "koppeling_times_mended_total",
      .help = "Rows with times that a clock which was set back had left behind."}},
    {"rescue",
     "queue_rescue",
     0,
     COUNTED(rescued),
     {.name = "koppeling_jobs_rescued_total",
      .help = "Jobs of lost workers that were returned to the queue."}},
    {"statistics",
     "schedule_statistics",
     0,
     COUNTED(refreshed),
     {.name = "koppeling_statistics_refreshed_total",
      .help = "Times that the planner was told of many new jobs."}},
    {"pace",
     "schedule_pace",
     0,
     COUNTED(paced),
     {.name = "koppeling_jobs_paced_total",
      .help = "Jobs that came due in large numbers, as after a block, and were spread over time "
              "again."}},
    {"verify", "schedule_verify", 0, COUNTED(enqueued), ENQUEUED("verify")},
    {"verify_account", "schedule_verify_account", TAKES_BATCH, COUNTED(enqueued),
     ENQUEUED("verify_account")},
    {"poll", "schedule_poll", TAKES_BATCH, COUNTED(enqueued), ENQUEUED("poll")},
    {"mark_shipped", "schedule_mark_shipped", TAKES_BATCH, COUNTED(enqueued),
     ENQUEUED("mark_shipped")},
    {"confirm_order", "schedule_confirm_order", TAKES_BATCH, COUNTED(enqueued),
     ENQUEUED("confirm_order")},
    {"push_order", "schedule_push_order", TAKES_BATCH, COUNTED(enqueued), ENQUEUED("push_order")},
    {"remove_order", "schedule_remove_order", TAKES_BATCH, COUNTED(enqueued),
     ENQUEUED("remove_order")},
    {"watch_order", "schedule_watch_order", TAKES_BATCH, COUNTED(enqueued),
     ENQUEUED("watch_order")},
    {"track_label", "schedule_track_label", TAKES_BATCH, COUNTED(enqueued),
     ENQUEUED("track_label")},
    {"events",
     "schedule_events",
     TAKES_BATCH | IS_TOLD,
     COUNTED(told),
     {.name = "koppeling_events_total",
      .help = "Events that were told to the log (koppeling.event_log)."}},
    {"partitions", "schedule_partitions", IS_UPKEEP, 0, {.name = NULL}},
    {"history", "schedule_history", IS_UPKEEP, 0, {.name = NULL}},
    {"personal_data", "schedule_personal_data", IS_UPKEEP, 0, {.name = NULL}},
    {"quotes", "schedule_quotes", IS_UPKEEP, 0, {.name = NULL}},
    {"label_documents", "schedule_label_documents", IS_UPKEEP, 0, {.name = NULL}},
    {"forgotten_jobs", "schedule_forgotten_jobs", IS_UPKEEP, 0, {.name = NULL}},
    {"processes", "schedule_processes", IS_UPKEEP, 0, {.name = NULL}},
    {"old_events", "schedule_old_events", IS_UPKEEP, 0, {.name = NULL}},
    {"panel", "schedule_panel", IS_UPKEEP, 0, {.name = NULL}},
    {"words", "schedule_words", IS_UPKEEP, 0, {.name = NULL}},
};

struct chore_state {
    int64_t failed_us; /* since when it fails; 0: it does not */
    int64_t told_us;   /* when the log was last told so */
    bool is_done;      /* since the database was last told */
};

struct tick {
    struct chore_state states[ARRAY_LENGTH(chores)];
    char id[24];
    char host[256];
    char seconds[24];
    int64_t beat_us; /* when the database was last told */
    _Atomic(const char *) failing;
    atomic_llong failing_us;
};

struct tick *tick_new(int64_t tick_us)
{
    struct tick *tick = xcalloc(1, sizeof(*tick));
    uint64_t id = 0;

    randombytes_buf(&id, sizeof(id));
    snprintf(tick->id, sizeof(tick->id), "%" PRId64, (int64_t)(id >> 1));
    snprintf(tick->seconds, sizeof(tick->seconds), "%" PRId64, tick_us / 1000000);
    if (gethostname(tick->host, sizeof(tick->host) - 1) != 0) {
        snprintf(tick->host, sizeof(tick->host), "unknown");
    }
    return tick;
}

void tick_free(struct tick *tick)
{
    free(tick);
}

/* What it says it did: a number in its only row, else how many rows it changed. */
static int64_t count_of(PGresult *result)
{
    return PQntuples(result) > 0 ? database_integer(result, 0, 0) : database_changed_rows(result);
}

/* Upkeep that came through with all but a part says in its second column why. */
static bool run_upkeep(PGconn *connection, const struct chore *chore, struct error *err)
{
    AUTO(PQclear) PGresult *result = NULL;

    if (!database_be_patient(connection, err) ||
        !database_run_patiently(connection, chore->statement, database_query(chore->statement),
                                &result, err) ||
        !database_commit(connection, err)) {
        return false;
    }
    const char *trouble = database_text(result, 0, 1);
    return trouble == NULL || error_set(err, ERROR_INTERNAL, "%s", trouble);
}

static bool run_due(PGconn *connection, struct chore *chore, struct tick_report *report,
                    struct error *err)
{
    static const char *const batch[] = {BATCH_TEXT, NULL};
    bool takes_batch = (chore->flags & TAKES_BATCH) != 0;
    bool is_told = (chore->flags & IS_TOLD) != 0;
    AUTO(PQclear) PGresult *result = NULL;

    if (!database_run(connection, chore->statement, takes_batch ? batch : NULL, &result, err) ||
        !database_commit(connection, err)) {
        return false;
    }
    int64_t jobs = is_told ? PQntuples(result) : count_of(result);
    *(int64_t *)((char *)report + chore->counter) += jobs;
    report->is_full = report->is_full || (takes_batch && jobs >= BATCH);
    metric_add(&chore->jobs, jobs);
    if (is_told) {
        events_tell(result);
    }
    return true;
}

static bool run_chore(PGconn *connection, struct chore *chore, struct tick_report *report,
                      struct error *err)
{
    if (!database_begin(connection, err)) {
        return false;
    }
    return (chore->flags & IS_UPKEEP) != 0 ? run_upkeep(connection, chore, err)
                                           : run_due(connection, chore, report, err);
}

/* The log hears of it at once and then each minute, the database each time. */
static void note_failure(struct tick *tick, PGconn *connection, const struct chore *chore,
                         struct error *err)
{
    struct chore_state *state = &tick->states[chore - chores];
    int64_t now = clock_monotonic_us();
    struct error ignored = ERROR_INIT;

    if (err->code == ERROR_LOCKED) {
        database_name_holders(connection, err);
    }
    if (state->failed_us == 0 || now - state->told_us >= TELL_US) {
        state->told_us = now;
        LOG_WARNING("a chore was put off", LOG_TEXT("chore", chore->name),
                    LOG_TEXT("error", err->text));
    }
    if (state->failed_us == 0) {
        state->failed_us = now;
    }
    const char *const parameters[] = {chore->name, err->text, NULL};
    if (!database_run(connection, "schedule_failed", parameters, NULL, &ignored)) {
        LOG_DEBUG("cannot note that a chore failed", LOG_TEXT("error", ignored.text));
    }
}

static void note_success(struct tick *tick, const struct chore *chore)
{
    struct chore_state *state = &tick->states[chore - chores];

    if (state->failed_us != 0) {
        LOG_INFO("a chore is done again", LOG_TEXT("chore", chore->name),
                 LOG_SECONDS("after", clock_monotonic_us() - state->failed_us));
        tick->beat_us = 0; /* the database hears of that at once */
    }
    state->failed_us = 0;
    state->is_done = true;
}

static bool do_chore(struct tick *tick, PGconn *connection, struct chore *chore,
                     struct tick_report *report, struct error *err)
{
    if (run_chore(connection, chore, report, err)) {
        note_success(tick, chore);
        return true;
    }
    if (err->code == ERROR_CONNECTION) {
        return false;
    }
    database_rollback(connection);
    note_failure(tick, connection, chore, err);
    if ((chore->flags & IS_UPKEEP) != 0) {
        report->needs_upkeep = true;
        return true;
    }
    if (report->failed == 0) {
        report->trouble = *err;
    }
    report->failed++;
    return true;
}

/* The chores that were done since the database was last told, as an array for PostgreSQL. */
static void list_done(struct tick *tick, char *ret_names, size_t size)
{
    size_t length = 0;

    for (size_t i = 0; i < ARRAY_LENGTH(chores); i++) {
        if (tick->states[i].is_done && length < size) {
            length += (size_t)snprintf(ret_names + length, size - length, "%s%s",
                                       length > 0 ? "," : "{", chores[i].name);
        }
        tick->states[i].is_done = false;
    }
    snprintf(ret_names + length, size - length, length > 0 ? "}" : "{}");
}

/* Tells the database that we are alive and what was done. */
static bool beat(struct tick *tick, PGconn *connection, struct error *err)
{
    char names[ARRAY_LENGTH(chores) * 24];
    char pid[16];

    if (tick->beat_us != 0 && clock_monotonic_us() - tick->beat_us < BEAT_US) {
        return true;
    }
    list_done(tick, names, sizeof(names));
    snprintf(pid, sizeof(pid), "%d", (int)getpid());
    const char *const parameters[] = {tick->id,      tick->host, pid, KOPPELING_VERSION,
                                      tick->seconds, names,      NULL};
    if (!database_run(connection, "schedule_beat", parameters, NULL, err)) {
        return err->code != ERROR_CONNECTION;
    }
    tick->beat_us = clock_monotonic_us();
    return true;
}

static void publish_failing(struct tick *tick)
{
    const char *failing = NULL;
    int64_t since = 0;

    for (size_t i = 0; i < ARRAY_LENGTH(chores); i++) {
        int64_t failed = tick->states[i].failed_us;

        if ((chores[i].flags & IS_UPKEEP) == 0 && failed != 0 && (since == 0 || failed < since)) {
            failing = chores[i].name;
            since = failed;
        }
    }
    atomic_store(&tick->failing_us, since);
    atomic_store(&tick->failing, failing);
}

const char *tick_failing(struct tick *tick, int64_t *ret_since_us)
{
    *ret_since_us = atomic_load(&tick->failing_us);
    return atomic_load(&tick->failing);
}

bool tick_run(struct tick *tick, PGconn *connection, bool with_upkeep,
              struct tick_report *ret_report, struct error *err)
{
    struct tick_report report = {.trouble = ERROR_INIT};

    for (size_t i = 0; i < ARRAY_LENGTH(chores); i++) {
        bool is_upkeep = (chores[i].flags & IS_UPKEEP) != 0;

        if ((with_upkeep || !is_upkeep) && !do_chore(tick, connection, &chores[i], &report, err)) {
            return false;
        }
    }
    publish_failing(tick);
    if (!beat(tick, connection, err)) {
        return false;
    }
    *ret_report = report;
    return true;
}

void tick_goodbye(const struct tick *tick, PGconn *connection)
{
    struct error err = ERROR_INIT;
    const char *const parameters[] = {tick->id, NULL};

    if (!database_run(connection, "schedule_goodbye", parameters, NULL, &err)) {
        LOG_DEBUG("cannot say goodbye", LOG_TEXT("error", err.text));
    }
}
