#include "scheduler/watch.h"

#include <stdio.h>
#include <string.h>

#include "common/database/database.h"
#include "common/log.h"
#include "common/metrics.h"

/* Reasons are rows of tables, so a migration may bring some; there are far fewer than this. */
#define REASONS_MOST 100

/* "reason=\"country_not_understood\"" */
#define LABELS_SIZE 80

/* A gauge for each reason that was ever seen; a metric that is registered stays. */
static struct reason {
    struct metric orders;
    char labels[LABELS_SIZE];
} reasons[REASONS_MOST];
static size_t reason_count;

/* The gauge with these labels, a new one if need be; NULL when there is no room for it. */
static struct metric *find_gauge(const char *labels)
{
    for (size_t i = 0; i < reason_count; i++) {
        if (strcmp(reasons[i].labels, labels) == 0) {
            return &reasons[i].orders;
        }
    }
    if (reason_count == REASONS_MOST) {
        return NULL;
    }

    struct reason *reason = &reasons[reason_count++];

    snprintf(reason->labels, sizeof(reason->labels), "%s", labels);
    reason->orders = (struct metric){
        .name = "koppeling_orders_to_look_at",
        .labels = reason->labels,
        .help = "Orders that a person must look at (order_to_look_at); counting ends at 50,000.",
        .type = METRIC_GAUGE,
    };
    return &reason->orders;
}

/* A code is letters and underscores, by its constraint, so it needs no escaping. */
static void set_gauges(const PGresult *result)
{
    char labels[LABELS_SIZE];

    for (int row = 0; row < PQntuples(result); row++) {
        int length =
            snprintf(labels, sizeof(labels), "reason=\"%s\"", database_text(result, row, 0));
        struct metric *gauge =
            length > 0 && (size_t)length < sizeof(labels) ? find_gauge(labels) : NULL;

        if (gauge != NULL) {
            metric_set(gauge, database_integer(result, row, 1));
        }
    }
}

static bool count(PGconn *connection, struct error *err)
{
    AUTO(PQclear) PGresult *result = NULL;

    if (!database_run(connection, "watch_limit", NULL, NULL, err) ||
        !database_run(connection, "watch_orders", NULL, &result, err)) {
        return false;
    }
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
