#include "scheduler/watch.h"

#include <stdio.h>
#include <string.h>

#include "common/database/database.h"
#include "common/log.h"
#include "common/metrics.h"

/* Kinds, states and reasons are rows of tables, so a migration may bring some; there are far fewer
 * gauges than this. */
#define GAUGES_MOST 300

/* "reason=\"country_not_understood\"" */
#define LABELS_SIZE 80
#define NAME_SIZE   64
#define HELP_SIZE   200

/* Every gauge that was ever seen; a metric that is registered stays. */
static struct gauge {
    struct metric metric;
    char name[NAME_SIZE];
    char labels[LABELS_SIZE];
    char help[HELP_SIZE];
} gauges[GAUGES_MOST];
static size_t gauge_count;

static bool ends_in(const char *text, const char *end)
{
    size_t length = strlen(text);

    return length >= strlen(end) && strcmp(text + length - strlen(end), end) == 0;
}

/* The gauge with this name and these labels ("" for none), or NULL. */
static struct gauge *find_gauge(const char *name, const char *labels)
{
    for (size_t i = 0; i < gauge_count; i++) {
        if (strcmp(gauges[i].name, name) == 0 && strcmp(gauges[i].labels, labels) == 0) {
            return &gauges[i];
        }
    }
    return NULL;
}

/* NULL when there is no room for it. */
static struct gauge *add_gauge(const char *name, const char *labels, const char *help)
{
    if (gauge_count == GAUGES_MOST || strlen(name) >= NAME_SIZE || strlen(labels) >= LABELS_SIZE) {
        LOG_WARNING("there is no room for a gauge", LOG_TEXT("name", name),
                    LOG_TEXT("labels", labels));
        return NULL;
    }
    struct gauge *gauge = &gauges[gauge_count++];

    snprintf(gauge->name, sizeof(gauge->name), "%s", name);
    snprintf(gauge->labels, sizeof(gauge->labels), "%s", labels);
    snprintf(gauge->help, sizeof(gauge->help), "%s", help);
    gauge->metric = (struct metric){
        .name = gauge->name,
        .labels = gauge->labels,
        .help = gauge->help,
        .type = METRIC_GAUGE,
        .is_seconds = ends_in(name, "_seconds"),
    };
    return gauge;
}

/* Kinds, states and reasons are letters, digits and underscores, so they need no escaping. */
static void set_gauges(const PGresult *result)
{
    for (int row = 0; row < PQntuples(result); row++) {
        const char *name = database_text(result, row, 0);
        const char *labels = database_text(result, row, 1);
        struct gauge *gauge = find_gauge(name, labels != NULL ? labels : "");

        if (gauge == NULL) {
            gauge = add_gauge(name, labels != NULL ? labels : "", database_text(result, row, 3));
        }
        if (gauge != NULL) {
            metric_set(&gauge->metric, database_integer(result, row, 2));
        }
    }
}

static bool count(PGconn *connection, struct error *err)
{
    static const char *const columns[] = {"metric", "labels", "value", "help", NULL};
    AUTO(PQclear) PGresult *result = NULL;

    if (!database_run(connection, "watch_limit", NULL, NULL, err) ||
        !database_run(connection, "watch_gauges", NULL, &result, err)) {
        return false;
    }
    database_expect(result, columns);
    set_gauges(result);
    return true;
}

bool watch_read(PGconn *connection, struct error *err)
{
    if (!database_begin(connection, err)) {
        return false;
    }
    bool is_counted = count(connection, err);
    database_rollback(connection);
    if (!is_counted && err->code != ERROR_CONNECTION) {
        LOG_WARNING("counting for the metrics is put off", LOG_TEXT("error", err->text));
        return true;
    }
    return is_counted;
}
