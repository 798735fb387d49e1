/* The counters of the workers, in one table. */
#include "worker/engine/tally.h"

#include <stdio.h>

#include "common/metrics.h"
#include "worker/engine/tally_orders.h"

enum counter {
    IN_FLIGHT,
    STARTED,
    DONE,
    FAILED,
    RELEASED,
    ABANDONED,
    REFUSED,
    LAPSED,
    FLIGHTS,
    CONNECTS,
    RECONNECTS,
    ANSWER_2XX,
    ANSWER_3XX,
    ANSWER_4XX,
    ANSWER_5XX,
    ANSWER_NONE,
    COUNTERS
};

#define ENDED(outcome)                                                                             \
    METRIC_OF("koppeling_jobs_ended_total",                                                        \
              "Attempts ended, as acknowledged by the database; failed ones are mostly tried "     \
              "again: what gave up for good is koppeling_jobs_given_up_total of the scheduler.",   \
              "outcome", outcome)
#define ANSWER(status)                                                                             \
    METRIC_OF("koppeling_http_answers_total", "Answers of the APIs.", "answer", status)

static struct metric counters[COUNTERS] = {
    [IN_FLIGHT] = {.name = "koppeling_jobs_in_flight",
                   .help = "Jobs that this process holds under its leases.",
                   .type = METRIC_GAUGE},
    [STARTED] = {.name = "koppeling_jobs_started_total", .help = "Attempts begun."},
    [DONE] = ENDED("done"),
    [FAILED] = ENDED("failed"),
    [RELEASED] = ENDED("released"),
    [ABANDONED] = ENDED("abandoned"),
    [REFUSED] = {.name = "koppeling_results_refused_total",
                 .help = "Results that came too late: the job was somebody else's by then."},
    [LAPSED] = {.name = "koppeling_leases_lapsed_total",
                .help = "Times a worker noticed that its lease had lapsed and let go of its jobs."},
    [FLIGHTS] = {.name = "koppeling_database_transactions_total",
                 .help = "Transactions of the workers that were committed."},
    [CONNECTS] = {.name = "koppeling_database_connections_opened_total",
                  .help = "Connections of the workers with the database that were opened."},
    [RECONNECTS] = {.name = "koppeling_database_reconnects_total",
                    .help = "Those of them that replaced one which was lost."},
    [ANSWER_2XX] = ANSWER("2xx"),
    [ANSWER_3XX] = ANSWER("3xx"),
    [ANSWER_4XX] = ANSWER("4xx"),
    [ANSWER_5XX] = ANSWER("5xx"),
    [ANSWER_NONE] = ANSWER("none"),
};

static const int64_t database_bounds[HISTOGRAM_BOUNDS + 1] = {
    500,    1000,   2500,    5000,    10000,   25000,    50000,
    100000, 250000, 1000000, 2500000, 5000000, 10000000, 0};

#define FLIGHT(outcome)                                                                            \
    HISTOGRAM_OF("koppeling_flight_duration_seconds",                                              \
                 "Transactions of the workers, from sending to the word of the database, by how "  \
                 "they ended.",                                                                    \
                 database_bounds, "outcome=\"" outcome "\"")

static struct histogram flights[] = {
    [FLIGHT_NOT_SENT] = FLIGHT("not_sent"),
    [FLIGHT_COMMITTED] = FLIGHT("committed"),
    [FLIGHT_REFUSED] = FLIGHT("refused"),
    [FLIGHT_UNKNOWN] = FLIGHT("unknown"),
};
static struct histogram claims = HISTOGRAM_OF(
    "koppeling_claim_duration_seconds",
    "Those of them that claimed jobs, or would have, and were committed.", database_bounds, NULL);

/* A person waits for some kinds, and an hour is nothing for others. */
static const int64_t pickup_bounds[HISTOGRAM_BOUNDS + 1] = {
    1000,    5000,    10000,    50000,    100000,    500000,     1000000,
    2000000, 5000000, 15000000, 60000000, 300000000, 1800000000, 0};

/* One for each row of the table of kinds. */
enum { KINDS_MOST = 32, LABEL_SIZE = 64 };
static struct histogram pickups[KINDS_MOST];
static char pickup_labels[KINDS_MOST][LABEL_SIZE];

static void show_pickups(void)
{
    for (size_t i = 0; i < KINDS_MOST && job_kinds[i] != NULL; i++) {
        snprintf(pickup_labels[i], LABEL_SIZE, "kind=\"%s\"", job_kinds[i]->name);
        pickups[i] = (struct histogram)HISTOGRAM_OF(
            "koppeling_pickup_delay_seconds",
            "From when a job was due until a worker had claimed it, by kind: pauses of its shop "
            "and of its API count.",
            pickup_bounds, pickup_labels[i]);
        histogram_show(&pickups[i]);
    }
}

/* NULL: nothing is shown, so nothing is counted. */
static struct histogram *pickup_of(const struct job_kind *kind)
{
    for (size_t i = 0; i < KINDS_MOST && pickups[i].bounds != NULL; i++) {
        if (job_kinds[i] == kind) {
            return &pickups[i];
        }
    }
    return NULL;
}

static void count(enum counter counter)
{
    metric_add(&counters[counter], 1);
}

void tally_show(void)
{
    metrics_show_build("koppeling-worker");
    for (int i = 0; i < COUNTERS; i++) {
        metric_add(&counters[i], 0);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(flights); i++) {
        histogram_show(&flights[i]);
    }
    histogram_show(&claims);
    tally_orders_show();
    show_pickups();
}

void tally_started(const struct job_kind *kind, int64_t waited_us)
{
    struct histogram *pickup = pickup_of(kind);

    count(STARTED);
    count(IN_FLIGHT);
    if (pickup != NULL) {
        histogram_observe(pickup, waited_us);
    }
}

void tally_gone(void)
{
    metric_add(&counters[IN_FLIGHT], -1);
}

void tally_ended(const struct job_run *run)
{
    if (run->is_released) {
        count(RELEASED);
    } else if (run->end != STEP_DONE) {
        count(FAILED);
    } else {
        count(DONE);
    }
}

void tally_abandoned(void)
{
    count(ABANDONED);
}

void tally_refused(void)
{
    count(REFUSED);
    count(ABANDONED);
}

void tally_lapsed(void)
{
    count(LAPSED);
}

void tally_flight(const struct flight *flight, int64_t took_us)
{
    histogram_observe(&flights[flight->status], took_us);
    if (flight->status != FLIGHT_COMMITTED) {
        return;
    }
    count(FLIGHTS);
    tally_orders_flight(flight);
    if (flight_has(flight, "queue_claim")) {
        histogram_observe(&claims, took_us);
    }
}

void tally_connected(void)
{
    static _Thread_local bool was_connected;

    count(CONNECTS);
    if (was_connected) {
        count(RECONNECTS);
    }
    was_connected = true;
}

void tally_answer(const struct http_response *answer)
{
    int hundreds = answer->status / 100;

    count(hundreds >= 2 && hundreds <= 5 ? (enum counter)(ANSWER_2XX + hundreds - 2) : ANSWER_NONE);
}
