#include "worker/engine/tally_orders.h"

#include <stdlib.h>
#include <string.h>

#include "common/metrics.h"

static struct metric imported = {.name = "koppeling_orders_imported_total",
                                 .help = "Orders that were imported for the first time."};
static struct metric changed = {
    .name = "koppeling_orders_changed_total",
    .help = "Orders without a label that were changed in the shop, or came back, and were stored "
            "again."};
static struct metric crossings = {
    .name = "koppeling_staging_marks_total",
    .help = "Orders in production shops that a staging label was told for."};

#define SKIPPED(reason)                                                                            \
    METRIC_OF("koppeling_orders_skipped_total",                                                    \
              "Orders that were not imported, by reason; one that is seen again unchanged does "   \
              "not count again.",                                                                  \
              "reason", reason)
#define TOLD(environment)                                                                          \
    METRIC_OF("koppeling_orders_marked_total",                                                     \
              "Orders that are marked shipped in the shop, by the environment of their label.",    \
              "environment", environment)

/* A metric and the text in the database that it counts. */
struct counted {
    const char *text;
    struct metric metric;
};

/* As the constraint skipped_order_reason_is_known has them. */
static struct counted skipped[] = {
    {"test_order", SKIPPED("test_order")}, {"credit_order", SKIPPED("credit_order")},
    {"no_address", SKIPPED("no_address")}, {"nothing_to_ship", SKIPPED("nothing_to_ship")},
    {"too_old", SKIPPED("too_old")},       {"unreadable", SKIPPED("unreadable")},
    {"not_paid", SKIPPED("not_paid")},
};
static struct counted told[] = {
    {"production", TOLD("production")},
    {"staging", TOLD("staging")},
};

void tally_orders_show(void)
{
    metric_add(&imported, 0);
    metric_add(&changed, 0);
    metric_add(&crossings, 0);
    for (size_t i = 0; i < ARRAY_LENGTH(skipped); i++) {
        metric_add(&skipped[i].metric, 0);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(told); i++) {
        metric_add(&told[i].metric, 0);
    }
}

static void count_one(struct counted *among, size_t count, const char *text)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(among[i].text, text) == 0) {
            metric_add(&among[i].metric, 1);
        }
    }
}

static void count_orders(const PGresult *result)
{
    if (PQntuples(result) == 1) {
        metric_add(&imported, strtoll(PQgetvalue(result, 0, 0), NULL, 10));
        metric_add(&changed, strtoll(PQgetvalue(result, 0, 1), NULL, 10));
    }
}

static void count_skipped(const PGresult *result)
{
    for (int row = 0; row < PQntuples(result); row++) {
        count_one(skipped, ARRAY_LENGTH(skipped), PQgetvalue(result, row, 0));
    }
}

static void count_marked(const PGresult *result)
{
    for (int row = 0; row < PQntuples(result); row++) {
        const char *environment = PQgetvalue(result, row, 0);

        count_one(told, ARRAY_LENGTH(told), environment);
        if (strcmp(environment, "staging") == 0) {
            metric_add(&crossings, 1);
        }
    }
}

void tally_orders_flight(const struct flight *flight)
{
    static const struct {
        const char *query;
        void (*count)(const PGresult *result);
    } counting[] = {
        {"write_orders", count_orders},
        {"write_skipped", count_skipped},
        {"write_marked", count_marked},
    };

    /* A batch has each of them once at most. */
    for (size_t i = 0; i < ARRAY_LENGTH(counting); i++) {
        const PGresult *result = flight_result(flight, counting[i].query);

        if (result != NULL) {
            counting[i].count(result);
        }
    }
}
