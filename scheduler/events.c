#include "scheduler/events.h"

#include <stdio.h>
#include <string.h>

#include "common/database/database.h"
#include "common/log.h"
#include "common/metrics.h"

enum { WHAT, LASTED, API, SHOP, ACCOUNT, ENVIRONMENT, KIND, JOB, ORDER, CALL, REASON, COLUMNS };

static const char *const columns[] = {
    [WHAT] = "what", [LASTED] = "lasted_us",   [API] = "api",
    [SHOP] = "shop", [ACCOUNT] = "account_id", [ENVIRONMENT] = "environment",
    [KIND] = "kind", [JOB] = "job_id",         [ORDER] = "order_id",
    [CALL] = "call", [REASON] = "reason",      [COLUMNS] = NULL,
};

/* An error wants a person; a warning is somebody's trouble, or ends by itself. */
static const struct {
    const char *what; /* koppeling.event.what */
    enum log_level level;
    const char *line;
} tales[] = {
    {"breaker_opened", LOG_LEVEL_WARNING, "a service is left alone: its breaker opened"},
    {"breaker_half_open", LOG_LEVEL_INFO, "a service is tried: its breaker is half open"},
    {"breaker_closed", LOG_LEVEL_INFO, "a service works again: its breaker closed"},
    {"job_gave_up", LOG_LEVEL_ERROR, "a job gave up and waits for a person"},
    {"shop_needs_attention", LOG_LEVEL_WARNING,
     "a shop needs attention and is not polled any more"},
    {"shop_is_well", LOG_LEVEL_INFO, "a shop is well again"},
    {"account_refused", LOG_LEVEL_WARNING, "the credentials of an account are refused"},
    {"account_is_well", LOG_LEVEL_INFO, "the credentials of an account are accepted again"},
};

/* More kinds than there will be; one for which there is no room is not counted. */
enum { KINDS_MOST = 64, LABEL_SIZE = 80 };
static struct metric given_up[KINDS_MOST];
static char labels[KINDS_MOST][LABEL_SIZE];
static size_t kind_count;

static void print_label(const char *kind, char *ret_label)
{
    snprintf(ret_label, LABEL_SIZE, "kind=\"%s\"", kind);
}

static struct metric *counter_of(const char *kind)
{
    char label[LABEL_SIZE];

    print_label(kind, label);
    for (size_t i = 0; i < kind_count; i++) {
        if (strcmp(labels[i], label) == 0) {
            return &given_up[i];
        }
    }
    if (kind_count == KINDS_MOST) {
        return NULL;
    }
    memcpy(labels[kind_count], label, LABEL_SIZE);
    given_up[kind_count] = (struct metric){
        .name = "koppeling_jobs_given_up_total",
        .labels = labels[kind_count],
        .help = "Jobs that gave up for good and wait for a person, by kind; each is told, and "
                "counted, by one scheduler.",
    };
    return &given_up[kind_count++];
}

static void count_given_up(const char *kind, int64_t jobs)
{
    struct metric *counter = counter_of(kind);

    if (counter != NULL) {
        metric_add(counter, jobs);
    }
}

bool events_show(PGconn *connection, struct error *err)
{
    AUTO(PQclear) PGresult *kinds = NULL;

    if (!database_run(connection, "schedule_kinds", NULL, &kinds, err)) {
        return false;
    }
    for (int row = 0; row < PQntuples(kinds); row++) {
        count_given_up(database_text(kinds, row, 0), 0);
    }
    return true;
}

/* A text that is a number; one that is not there leaves its field out. */
static void tell(enum log_level level, const char *line, const PGresult *events, int row)
{
    const struct log_field fields[] = {
        LOG_TEXT("api", database_text(events, row, API)),
        LOG_TEXT("shop", database_text(events, row, SHOP)),
        LOG_TEXT("account", database_text(events, row, ACCOUNT)),
        LOG_TEXT("environment", database_text(events, row, ENVIRONMENT)),
        LOG_TEXT("kind", database_text(events, row, KIND)),
        LOG_TEXT("job", database_text(events, row, JOB)),
        LOG_TEXT("order", database_text(events, row, ORDER)),
        LOG_TEXT("call", database_text(events, row, CALL)),
        LOG_TEXT("reason", database_text(events, row, REASON)),
        LOG_SECONDS("lasted", database_integer(events, row, LASTED)),
    };
    /* The last one is a number, and such a one is always written. */
    size_t count = ARRAY_LENGTH(fields) - (database_text(events, row, LASTED) == NULL ? 1 : 0);

    if (log_enabled(level)) {
        log_write(level, line, fields, count);
    }
}

void events_tell(const PGresult *events)
{
    database_expect(events, columns);
    for (int row = 0; row < PQntuples(events); row++) {
        const char *what = database_text(events, row, WHAT);

        for (size_t i = 0; i < ARRAY_LENGTH(tales); i++) {
            if (strcmp(tales[i].what, what) == 0) {
                tell(tales[i].level, tales[i].line, events, row);
            }
        }
        if (strcmp(what, "job_gave_up") == 0) {
            count_given_up(database_text(events, row, KIND), 1);
        }
    }
}
