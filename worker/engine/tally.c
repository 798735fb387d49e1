/* The counters of the workers, in one table. */
#include "worker/engine/tally.h"

#include "common/metrics.h"

enum counter {
    IN_FLIGHT,
    STARTED,
    DONE,
    FAILED,
    RELEASED,
    ABANDONED,
    REFUSED,
    LAPSED,
    CROSSINGS,
    FLIGHTS,
    ANSWER_2XX,
    ANSWER_3XX,
    ANSWER_4XX,
    ANSWER_5XX,
    ANSWER_NONE,
    COUNTERS
};

#define ENDED(outcome)                                                                             \
    METRIC_OF("koppeling_jobs_ended_total", "Attempts ended, as acknowledged by the database.",    \
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
    [CROSSINGS] = {.name = "koppeling_staging_marks_total",
                   .help = "Orders in production shops that a staging label was told for."},
    [FLIGHTS] = {.name = "koppeling_database_transactions_total",
                 .help = "Transactions of the workers."},
    [ANSWER_2XX] = ANSWER("2xx"),
    [ANSWER_3XX] = ANSWER("3xx"),
    [ANSWER_4XX] = ANSWER("4xx"),
    [ANSWER_5XX] = ANSWER("5xx"),
    [ANSWER_NONE] = ANSWER("none"),
};

static void count(enum counter counter)
{
    metric_add(&counters[counter], 1);
}

void tally_show(void)
{
    for (int i = 0; i < COUNTERS; i++) {
        metric_add(&counters[i], 0);
    }
}

void tally_started(void)
{
    count(STARTED);
    count(IN_FLIGHT);
}

void tally_gone(void)
{
    metric_add(&counters[IN_FLIGHT], -1);
}

void tally_ended(const struct job_run *run)
{
    const struct outcome *outcome = &run->outcome;
    bool is_crossing = outcome->label_environment == ENVIRONMENT_STAGING &&
                       outcome->shop_environment == ENVIRONMENT_PRODUCTION;

    if (run->is_released) {
        count(RELEASED);
    } else if (run->end != STEP_DONE) {
        count(FAILED);
    } else {
        count(DONE);
        if (is_crossing) {
            count(CROSSINGS);
        }
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

void tally_flight(void)
{
    count(FLIGHTS);
}

void tally_answer(const struct http_response *answer)
{
    int hundreds = answer->status / 100;

    count(hundreds >= 2 && hundreds <= 5 ? (enum counter)(ANSWER_2XX + hundreds - 2) : ANSWER_NONE);
}
