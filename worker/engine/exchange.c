/*
 * What a worker says to the database and hears back.
 *
 * DESIGN. One flight at a time. It carries everything there is to say: reports of what ended, the
 * renewal of the lease, and a claim for the slots that are free or become free with it. Since it is
 * one transaction, a slot is free exactly when the database says so. The three ways it can end:
 *   committed  reports are settled, claimed jobs start
 *   refused    nothing happened. A passing trouble (deadlock, no resources): again later. Else one
 *              of the reports is the culprit: the batch is halved until it stands alone, and only
 *              that job fails.
 *   unknown    reports are sent again; the fencing token makes that harmless. A claim may have been
 *              committed, or may be at any later moment: what runs in our name and is not on our
 *              lists is disowned, at once and with each renewal from then on, so that no job is
 *              held by a lease for nobody.
 */
#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/metrics.h"
#include "worker/engine/worker_internal.h"

/* Most jobs per claim, and most reports per flight: more gains nothing and makes transactions
 * long. */
#define BATCH_LIMIT 1000
/* Reports beyond this do not wait for company. */
#define REPORT_BATCH 100
/* A claim without a hint that there is work, jittered between half of this and this. */
#define POLL_US        INT64_C(1000000)
#define IDLE_POLL_US   INT64_C(100000) /* with --until-idle */
#define REFUSED_US     INT64_C(1000000)
#define DEADLOCK_US    INT64_C(50000)
#define REFUSED_MAX_US (5 * INT64_C(1000000))

/* The rest is planned each time it is sent: those statements meet tables of any size, and a plan
 * that was made while a table was empty would be kept for too long. The claim and the finish are
 * written so that there is only one way to run them. */
const char *const worker_statements[] = {"queue_claim", "queue_finish", "write_polled",
                                         "worker_renew", NULL};

static struct metric late = {
    .name = "koppeling_results_refused_total",
    .help = "Results that came too late: the job was somebody else's by then.",
};
static struct metric flights = {
    .name = "koppeling_database_transactions_total",
    .help = "Transactions of the workers.",
};

/* A little more is claimed than there are slots: as many jobs as calls have ended since the last
 * claim, since about that many will end until this one is back. So a slot does not stay empty for
 * the time of a round trip to the database, and behind slow calls nothing is held in store. */
static int free_slots(const struct worker *worker)
{
    int window = worker->window;
    int store = worker->calls_ended < window / 4 ? worker->calls_ended : window / 4;

    /* What is in this flight's report is freed by its commit, and is on the list `sent` already. */
    return window + store - worker_held_jobs(worker);
}

static bool has_report_due(const struct worker *worker)
{
    return worker->pending.count > 0 &&
           (worker->active.count == 0 || worker->stopping ||
            worker->pending.count >= REPORT_BATCH || worker->now_us >= worker->report_at_us);
}

/* A claim is worth its round trip when it can get enough, or rides along with a report. */
static bool wants_claim(const struct worker *worker, bool has_report)
{
    int room = free_slots(worker);

    if (worker->stopping || worker->id == 0 || room <= 0) {
        return false;
    }
    if (atomic_load(&worker->wake_wanted) || worker->now_us >= worker->poll_at_us) {
        return true;
    }
    return worker->more && (has_report || room * 8 >= worker->window);
}

static void add_register(struct worker *worker, struct exchange *exchange)
{
    const struct identity *identity = worker->settings.identity;
    struct flight_part *part = flight_add(&exchange->flight, "worker_register");

    flight_parameter_text(part, identity->host);
    flight_parameter_text(part, identity->host_key);
    flight_parameter_integer(part, identity->pid);
    flight_parameter_integer(part, identity->pid_started);
    flight_parameter_integer(part, worker->index);
    flight_parameter_text(part, KOPPELING_VERSION);
    flight_parameter_integer(part, worker->config->lease_us / 1000);
    exchange->register_part = exchange->flight.part_count - 1;
}

static void add_renew(struct worker *worker, struct exchange *exchange)
{
    struct flight_part *part = flight_add(&exchange->flight, "worker_renew");

    flight_parameter_integer(part, worker->id);
    flight_parameter_integer(part, worker->config->lease_us / 1000);
    flight_parameter_integer(part, worker_held_jobs(worker));
    flight_parameter_boolean(part, worker->stopping);
    exchange->renew_part = exchange->flight.part_count - 1;
}

/* The jobs of a claim share its token, so there are far fewer tokens than jobs. */
static void append_tokens(struct pg_array *tokens, const struct job_run_list *list)
{
    int64_t last = 0;

    for (const struct job_run *run = list->first; run != NULL; run = run->next) {
        if (run->token != last) {
            pg_array_integer(tokens, run->token);
        }
        last = run->token;
    }
}

static void add_disown(struct worker *worker, struct exchange *exchange)
{
    struct pg_array tokens;
    struct flight_part *part = flight_add(&exchange->flight, "queue_disown");

    pg_array_init(&tokens);
    append_tokens(&tokens, &worker->active);
    append_tokens(&tokens, &worker->ready);
    append_tokens(&tokens, &worker->pending);
    flight_parameter_integer(part, worker->id);
    flight_parameter_take(part, pg_array_steal(&tokens));
    exchange->disown_part = exchange->flight.part_count - 1;
}

static void add_claim(struct worker *worker, struct exchange *exchange)
{
    int room = free_slots(worker);

    exchange->claim_token = queue_new_token();
    exchange->claim_limit = room < BATCH_LIMIT ? room : BATCH_LIMIT;
    queue_add_claim(worker->settings.queue, &exchange->flight, worker->id, exchange->claim_token,
                    exchange->claim_limit, worker->now_us);
    exchange->claim_part = exchange->flight.part_count - 1;
    worker->calls_ended = 0;
    atomic_store(&worker->wake_wanted, false);
    int64_t wait = worker->settings.until_idle ? IDLE_POLL_US : POLL_US;
    worker->poll_at_us =
        worker->now_us + wait / 2 + (int64_t)randombytes_uniform((uint32_t)wait / 2);
}

static void compose(struct worker *worker, struct exchange *exchange)
{
    bool empty = worker_held_jobs(worker) == 0;
    bool has_report = has_report_due(worker);
    bool claims = wants_claim(worker, has_report);

    if (worker->id == 0 && !worker->stopping) {
        add_register(worker, exchange);
        return;
    }
    bool renews = worker->id != 0 && worker->now_us >= worker->renew_at_us;
    if (worker->disowns_now || (worker->has_strays && renews)) {
        add_disown(worker, exchange);
    }
    exchange->report.first = exchange->report.end = exchange->flight.part_count;
    if (has_report || (claims && worker->pending.count > 0)) {
        report_add(&worker->pending, &worker->sent, worker->report_limit, &exchange->flight,
                   &exchange->report);
    }
    if (renews) {
        add_renew(worker, exchange);
    }
    if (worker->now_us >= worker_look_at_us(worker)) {
        worker_add_look(worker, exchange);
    }
    if (claims && worker->report_limit == BATCH_LIMIT) {
        add_claim(worker, exchange);
        if (worker->settings.until_idle && empty) {
            queue_add_idle(worker->settings.queue, &exchange->flight);
            exchange->idle_part = exchange->flight.part_count - 1;
        }
    }
    if (worker->stopping && empty && worker->id != 0 && !worker->said_goodbye) {
        flight_parameter_integer(flight_add(&exchange->flight, "worker_goodbye"), worker->id);
        exchange->goodbye_part = exchange->flight.part_count - 1;
    }
}

void worker_exchange_send(struct worker *worker)
{
    struct exchange *exchange = &worker->exchange;

    if (!pipeline_is_ready(worker->pipeline) || worker->now_us < worker->retry_at_us) {
        return;
    }
    flight_clear(&exchange->flight);
    *exchange = (struct exchange){
        .report = {.done = -1, .failed = -1, .released = -1, .owned = -1},
        .register_part = -1,
        .disown_part = -1,
        .renew_part = -1,
        .claim_part = -1,
        .idle_part = -1,
        .due_part = -1,
        .goodbye_part = -1,
        .sent_us = clock_monotonic_us(),
    };
    compose(worker, exchange);
    if (exchange->flight.part_count > 0) {
        pipeline_send(worker->pipeline, &exchange->flight, worker->now_us);
    }
}

static void hold_lease(struct worker *worker, int64_t sent_us)
{
    /* Counted from before sending: our lease never seems longer to us than it is. */
    worker->lease_deadline_us = sent_us + worker->config->lease_us;
    worker->renew_at_us = sent_us + worker->config->lease_us / 4;
}

static int64_t first_integer(const struct flight_part *part)
{
    return PQntuples(part->result) > 0 ? strtoll(PQgetvalue(part->result, 0, 0), NULL, 10) : 0;
}

static void read_lease(struct worker *worker, const struct exchange *exchange)
{
    if (exchange->register_part >= 0) {
        worker->id = first_integer(&exchange->flight.parts[exchange->register_part]);
        hold_lease(worker, exchange->sent_us);
        worker->poll_at_us = 0;
        LOG_INFO("registered", LOG_INT("worker", worker->id), LOG_INT("thread", worker->index));
    }
    if (exchange->renew_part >= 0) {
        if (first_integer(&exchange->flight.parts[exchange->renew_part]) == worker->id) {
            hold_lease(worker, exchange->sent_us);
        } else {
            worker_lose_lease(worker);
        }
    }
    if (exchange->goodbye_part >= 0) {
        worker->said_goodbye = true;
    }
}

/* Whether a run that saved before its next call still owns its job: else it must not call. */
static bool owns_job(const struct exchange *exchange, const struct job_run *run)
{
    if (run->state != JOB_RUN_SAVING) {
        return true;
    }
    const PGresult *owned = exchange->flight.parts[exchange->report.owned].result;
    for (int row = 0; row < PQntuples(owned); row++) {
        if (strtoll(PQgetvalue(owned, row, 0), NULL, 10) == run->job.id) {
            return true;
        }
    }
    return false;
}

static void settle_reports(struct worker *worker, const struct exchange *exchange)
{
    const struct report_parts *report = &exchange->report;

    if (report->done >= 0) {
        int64_t finished = first_integer(&exchange->flight.parts[report->done]);

        if (finished < report->done_count) {
            metric_add(&late, report->done_count - finished);
            LOG_WARNING("results came too late and were refused",
                        LOG_INT("jobs", report->done_count - finished));
        }
    }
    while (worker->sent.first != NULL) {
        struct job_run *run = worker->sent.first;

        job_run_list_remove(&worker->sent, run);
        if (owns_job(exchange, run)) {
            worker_settle_run(worker, run);
        } else {
            worker_abandon_run(worker, run);
        }
    }
    /* After the search for a culprit, back to full batches. */
    worker->report_limit = worker->report_limit * 2 > BATCH_LIMIT || worker->pending.count == 0
                               ? BATCH_LIMIT
                               : worker->report_limit * 2;
}

static void start_claimed(struct worker *worker, const struct exchange *exchange)
{
    const PGresult *result = exchange->flight.parts[exchange->claim_part].result;
    int count = queue_claimed_count(worker->settings.queue, result, exchange->claim_limit);

    worker->more = count == exchange->claim_limit;
    if (count > 0) {
        atomic_store(&worker->moved_us, worker->now_us);
    }
    for (int row = 0; row < count; row++) {
        struct queue_job job;

        queue_claimed_job(result, row, exchange->claim_token, &job);
        worker_start_job(worker, &job);
    }
}

static void land_committed(struct worker *worker, struct exchange *exchange)
{
    metric_add(&flights, 1);
    atomic_store(&worker->progress_us, worker->now_us);
    worker->backoff_us = 0;
    if (exchange->disown_part >= 0) {
        worker->disowns_now = false;
    }
    settle_reports(worker, exchange);
    read_lease(worker, exchange);
    if (exchange->claim_part >= 0) {
        start_claimed(worker, exchange);
    }
    if (exchange->due_part >= 0) {
        worker_note_look(worker, exchange);
    }
    if (exchange->idle_part >= 0 && worker_held_jobs(worker) == 0 &&
        PQgetvalue(exchange->flight.parts[exchange->idle_part].result, 0, 0)[0] == 't') {
        atomic_store(&worker->is_idle, true);
    }
}

/* Narrows the search for the report that the database refuses, or fails it when it stands alone. */
static void find_culprit(struct worker *worker, const struct flight *flight)
{
    if (worker->sent.count > 1) {
        worker->report_limit = worker->sent.count / 2;
        return;
    }
    struct job_run *run = worker->sent.first;
    char text[400];
    if (run->is_refused) {
        LOG_ERROR("the database refuses even the failure of a job; it is handed back later",
                  LOG_INT("job", run->job.id), LOG_TEXT("error", flight->error));

        job_run_list_remove(&worker->sent, run);
        worker->has_strays = true;
        worker_forget_run(worker, run);
        return;
    }
    snprintf(text, sizeof(text),
             "the database refused what the job wants to store: %s (SQLSTATE %s)", flight->error,
             flight->sqlstate);
    run->is_refused = true;
    job_run_fail(run, ERROR_CLASS_UNREADABLE, text);
    worker->report_limit = 1;
}

/* A deadlock is over at once; a full disk is not, and must not fill its log with our tries. */
static void back_off(struct worker *worker, int64_t least_us)
{
    int64_t wait = worker->backoff_us * 2;

    wait = wait < least_us ? least_us : wait > REFUSED_MAX_US ? REFUSED_MAX_US : wait;
    worker->backoff_us = wait;
    worker->retry_at_us = worker->now_us + wait;
}

static void land_refused(struct worker *worker, struct exchange *exchange)
{
    const struct flight *flight = &exchange->flight;
    bool passing = flight->code == ERROR_UNAVAILABLE;
    bool by_report =
        flight->failed_part >= exchange->report.first && flight->failed_part < exchange->report.end;
    const char *query =
        flight->failed_part >= 0 ? flight->parts[flight->failed_part].query : "commit";

    LOG_WARNING("the database refused a batch", LOG_TEXT("statement", query),
                LOG_TEXT("sqlstate", flight->sqlstate), LOG_TEXT("error", flight->error),
                LOG_INT("reports", worker->sent.count));

    if (!passing && by_report && worker->sent.count > 0) {
        find_culprit(worker, flight);
    } else {
        back_off(worker, passing ? DEADLOCK_US : REFUSED_US);
    }
    job_run_list_prepend_all(&worker->pending, &worker->sent);
    worker->report_at_us = worker->now_us;
}

void worker_exchange_land(struct worker *worker)
{
    struct exchange *exchange = &worker->exchange;

    switch (exchange->flight.status) {
    case FLIGHT_COMMITTED:
        land_committed(worker, exchange);
        break;
    case FLIGHT_REFUSED:
        land_refused(worker, exchange);
        break;
    case FLIGHT_UNKNOWN:
    case FLIGHT_NOT_SENT:
        LOG_WARNING("it is unknown whether the last transaction was committed",
                    LOG_INT("reports", worker->sent.count),
                    LOG_TEXT("error", exchange->flight.error));

        if (exchange->claim_part >= 0) {
            worker->has_strays = worker->disowns_now = true;
        }
        job_run_list_prepend_all(&worker->pending, &worker->sent);
        worker->report_at_us = worker->now_us;
        break;
    }
    flight_clear(&exchange->flight);
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t worker_exchange_due_us(const struct worker *worker)
{
    if (!pipeline_is_ready(worker->pipeline)) {
        return INT64_MAX;
    }
    int64_t due = worker->id != 0 ? worker->renew_at_us : worker->now_us;
    due = earlier(due, worker_look_at_us(worker));
    if (worker->pending.count > 0) {
        due = earlier(due, worker->report_at_us);
    }
    if (!worker->stopping && free_slots(worker) > 0) {
        due = earlier(due, worker->poll_at_us);
    }
    return due > worker->retry_at_us ? due : worker->retry_at_us;
}
