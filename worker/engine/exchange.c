/* Composes flights, and does what follows from how they end. */
#include "worker/engine/exchange.h"

#include <stdlib.h>

#include "common/database/database.h"
#include "common/log.h"
#include "common/memory.h"
#include "worker/engine/backoff.h"
#include "worker/engine/lease.h"
#include "worker/engine/membership.h"
#include "worker/engine/reporter.h"
#include "worker/engine/tally.h"

/* Waits after a refusal: a deadlock is over at once, a full disk is not. */
#define BRIEF_US        INT64_C(50000)
#define REFUSED_US      INT64_C(1000000)
#define REFUSED_MOST_US INT64_C(5000000)

struct exchange {
    struct exchange_settings settings;
    struct lease lease;
    struct reporter reporter;
    struct backoff backoff;
    bool is_stopping;
    bool said_goodbye;
    bool is_idle;

    /* The flight that is out, if it has parts. */
    struct flight flight;
    int64_t sent_us;
    int64_t sent_by; /* the worker in whose name it speaks */
    struct queue_claim claim;
};

const char *const exchange_statements[] = {"queue_claim", "queue_finish", "write_polled",
                                           "worker_renew", NULL};

struct exchange *exchange_new(const struct exchange_settings *settings)
{
    struct exchange *exchange = xcalloc(1, sizeof(*exchange));

    exchange->settings = *settings;
    lease_init(&exchange->lease, settings->config->lease_us);
    reporter_init(&exchange->reporter, settings->runs);
    return exchange;
}

void exchange_free(struct exchange *exchange)
{
    if (exchange == NULL) {
        return;
    }
    flight_clear(&exchange->flight);
    free(exchange);
}

static int jobs_held(const struct exchange *exchange)
{
    return runs_held(exchange->settings.runs);
}

static void add_claim(struct exchange *exchange, int64_t now_us)
{
    struct claiming *claiming = exchange->settings.claiming;
    struct queue_claim *claim = &exchange->claim;
    struct queue_apis held = runs_held_of(exchange->settings.runs);

    *claim = (struct queue_claim){
        .worker_id = exchange->lease.worker_id,
        .token = queue_new_token(),
    };
    for (int i = 0; i < claiming->api_count; i++) {
        claim->rooms.of[i] = claiming_room(claiming, i, held.of[i]);
    }
    bool is_taste = atomic_exchange(exchange->settings.wakes, 0) == WAKE_ALONE;
    claim->limit = claiming_asked(claiming, &claim->rooms, is_taste, now_us);
    queue_add_claim(exchange->settings.queue, &exchange->flight, claim, now_us);
}

static bool wants_claim(const struct exchange *exchange, bool has_report, int64_t now_us)
{
    const struct exchange_settings *settings = &exchange->settings;
    struct queue_apis held = runs_held_of(settings->runs);

    return lease_is_held(&exchange->lease) && !exchange->is_stopping &&
           !reporter_is_doubtful(&exchange->reporter) &&
           claiming_wants(settings->claiming, &held, atomic_load(settings->wakes) != 0, has_report,
                          now_us);
}

static bool wants_look(const struct exchange *exchange, int64_t now_us)
{
    return lease_is_held(&exchange->lease) && !exchange->is_stopping &&
           now_us >= stall_look_at_us(exchange->settings.stall);
}

static void compose(struct exchange *exchange, int64_t now_us)
{
    struct runs *runs = exchange->settings.runs;
    struct flight *flight = &exchange->flight;
    bool was_empty = jobs_held(exchange) == 0;
    bool renews = lease_renews(&exchange->lease, now_us);
    /* The lease must not wait for a batch that may be refused. */
    bool has_report =
        runs_has_report_due(runs, now_us) && !(renews && reporter_is_doubtful(&exchange->reporter));
    bool claims = wants_claim(exchange, has_report, now_us);

    if (lease_disowns(&exchange->lease, now_us)) {
        membership_add_disown(flight, &exchange->lease, runs_lists(runs));
    }
    if (has_report || claims) {
        reporter_add(&exchange->reporter, flight);
    }
    if (renews) {
        membership_add_renew(flight, &exchange->lease, jobs_held(exchange), exchange->is_stopping);
    }
    if (wants_look(exchange, now_us)) {
        stall_looks(exchange->settings.stall, now_us);
        queue_add_due(exchange->settings.queue, flight);
    }
    if (claims) {
        add_claim(exchange, now_us);
    }
    if (claims && was_empty && exchange->settings.until_idle) {
        queue_add_idle(exchange->settings.queue, flight);
    }
    if (exchange->is_stopping && was_empty && !exchange_has_left(exchange)) {
        membership_add_goodbye(flight, &exchange->lease);
    }
}

struct flight *exchange_compose(struct exchange *exchange, int64_t now_us)
{
    struct flight *flight = &exchange->flight;

    if (flight->part_count > 0 || now_us < exchange->backoff.until_us) {
        return NULL;
    }
    reporter_prepare(&exchange->reporter, now_us);
    exchange->sent_us = now_us;
    exchange->sent_by = exchange->lease.worker_id;
    if (!lease_is_held(&exchange->lease) && !exchange->is_stopping) {
        membership_add_register(flight, &exchange->lease, exchange->settings.identity,
                                exchange->settings.thread);
    } else {
        compose(exchange, now_us);
    }
    return flight->part_count > 0 ? flight : NULL;
}

static int64_t first_id(const PGresult *result)
{
    static const char *const columns[] = {"id", NULL};

    database_expect(result, columns);
    return database_integer(result, 0, 0);
}

/* What a statement with one yes or no said. */
static bool says_yes(const PGresult *result, const char *column)
{
    const char *const columns[] = {column, NULL};

    if (result == NULL) {
        return false;
    }
    database_expect(result, columns);
    return database_boolean(result, 0, 0);
}

static void lose_lease(struct exchange *exchange)
{
    int jobs = runs_abandon_calling(exchange->settings.runs);

    LOG_WARNING("the lease has lapsed: letting go of all jobs",
                LOG_INT("worker", exchange->lease.worker_id), LOG_INT("jobs", jobs));
    tally_lapsed();
    lease_drop(&exchange->lease);
}

/* False when the lease has lapsed by our clock while the flight was out: what it renewed or claimed
 * is left to whoever rescues it. */
static bool speaks_for_us(const struct exchange *exchange)
{
    return lease_is_held(&exchange->lease) && exchange->lease.worker_id == exchange->sent_by;
}

static void read_lease(struct exchange *exchange)
{
    const PGresult *registered = flight_result(&exchange->flight, "worker_register");
    const PGresult *renewed = flight_result(&exchange->flight, "worker_renew");

    if (registered != NULL) {
        lease_hold(&exchange->lease, first_id(registered), exchange->sent_us);
        claiming_hurry(exchange->settings.claiming);
        LOG_INFO("registered", LOG_INT("worker", exchange->lease.worker_id));
    }
    if (renewed != NULL && speaks_for_us(exchange)) {
        if (first_id(renewed) == exchange->sent_by) {
            lease_hold(&exchange->lease, exchange->sent_by, exchange->sent_us);
        } else {
            lose_lease(exchange);
        }
    }
    if (flight_result(&exchange->flight, "queue_disown") != NULL) {
        lease_disowned(&exchange->lease);
    }
    if (flight_result(&exchange->flight, "worker_goodbye") != NULL) {
        exchange->said_goodbye = true;
    }
}

static void start_claimed(struct exchange *exchange, int64_t now_us)
{
    const struct exchange_settings *settings = &exchange->settings;
    const PGresult *result = flight_result(&exchange->flight, "queue_claim");
    struct queue_apis counts;

    if (result == NULL) {
        return;
    }
    int count = queue_claimed_count(settings->queue, result, &exchange->claim, &counts);
    claiming_answered(settings->claiming, &counts);
    if (claiming_was_filled(settings->claiming)) {
        settings->more(settings->more_context);
    }
    if (!speaks_for_us(exchange)) {
        return;
    }
    if (count > 0) {
        stall_moved(settings->stall, now_us);
    }
    for (int row = 0; row < count; row++) {
        struct queue_job job;

        queue_claimed_job(settings->queue, result, row, &job);
        job.token = exchange->claim.token;
        runs_start(settings->runs, &job, now_us);
    }
}

static void read_due(struct exchange *exchange, int64_t now_us)
{
    static const char *const columns[] = {"due", "overdue_s", NULL};
    const PGresult *due = flight_result(&exchange->flight, "queue_due");

    if (due != NULL) {
        database_expect(due, columns);
        stall_saw(exchange->settings.stall, database_boolean(due, 0, 0),
                  database_integer(due, 0, 1) * 1000000, now_us);
    }
}

static void land_committed(struct exchange *exchange, int64_t now_us)
{
    stall_exchanged(exchange->settings.stall, now_us);
    backoff_end(&exchange->backoff);
    reporter_settle(&exchange->reporter, &exchange->flight, now_us);
    read_lease(exchange);
    start_claimed(exchange, now_us);
    read_due(exchange, now_us);
    if (jobs_held(exchange) == 0 &&
        says_yes(flight_result(&exchange->flight, "queue_idle"), "idle")) {
        exchange->is_idle = true;
    }
}

static void land_refused(struct exchange *exchange, int64_t now_us)
{
    const struct flight *flight = &exchange->flight;
    const struct job_run_lists *lists = runs_lists(exchange->settings.runs);
    bool is_brief = flight->code == ERROR_UNAVAILABLE || flight->code == ERROR_LOCKED;

    LOG_WARNING("the database refused a batch",
                LOG_TEXT("statement", flight->failed_part >= 0
                                          ? flight->parts[flight->failed_part].query
                                          : "commit"),
                LOG_TEXT("sqlstate", flight->sqlstate), LOG_TEXT("error", flight->error),
                LOG_INT("reports", lists->of[JOB_RUN_SENT].count));
    switch (reporter_refuse(&exchange->reporter, flight, now_us)) {
    case REPORTER_IS_INNOCENT:
        backoff_again(&exchange->backoff, is_brief ? BRIEF_US : REFUSED_US, REFUSED_MOST_US,
                      now_us);
        break;
    case REPORTER_LOST_ONE:
        lease_lost_report(&exchange->lease);
        break;
    case REPORTER_GOES_ON:
        break;
    }
    runs_resend(exchange->settings.runs, now_us);
}

static void land_unknown(struct exchange *exchange, int64_t now_us)
{
    const struct job_run_lists *lists = runs_lists(exchange->settings.runs);

    LOG_WARNING("it is unknown whether the last transaction was committed",
                LOG_INT("reports", lists->of[JOB_RUN_SENT].count),
                LOG_TEXT("error", exchange->flight.error));
    if (flight_has(&exchange->flight, "queue_claim")) {
        lease_lost_claim(&exchange->lease);
    }
    runs_resend(exchange->settings.runs, now_us);
}

void exchange_land(struct exchange *exchange, int64_t now_us)
{
    tally_flight(&exchange->flight, now_us - exchange->sent_us);
    switch (exchange->flight.status) {
    case FLIGHT_COMMITTED:
        land_committed(exchange, now_us);
        break;
    case FLIGHT_REFUSED:
        land_refused(exchange, now_us);
        break;
    case FLIGHT_UNKNOWN:
    case FLIGHT_NOT_SENT:
        land_unknown(exchange, now_us);
        break;
    }
    flight_clear(&exchange->flight);
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t exchange_due_us(const struct exchange *exchange, int64_t now_us)
{
    const struct exchange_settings *settings = &exchange->settings;
    int64_t due = earlier(runs_report_due_us(settings->runs), reporter_due_us(&exchange->reporter));

    if (lease_is_held(&exchange->lease)) {
        due = earlier(due, lease_renewal_due_us(&exchange->lease));
    } else if (!exchange->is_stopping) {
        due = now_us;
    }
    if (!exchange->is_stopping) {
        struct queue_apis held = runs_held_of(settings->runs);

        due = earlier(due, claiming_due_us(settings->claiming, &held));
        due = earlier(due, stall_look_at_us(settings->stall));
    }
    return due > exchange->backoff.until_us ? due : exchange->backoff.until_us;
}

void exchange_check_lease(struct exchange *exchange, int64_t now_us)
{
    if (lease_has_lapsed(&exchange->lease, now_us)) {
        lose_lease(exchange);
    }
}

int64_t exchange_lease_deadline_us(const struct exchange *exchange)
{
    return lease_deadline_us(&exchange->lease);
}

void exchange_stop(struct exchange *exchange, int64_t now_us)
{
    exchange->is_stopping = true;
    lease_renew_now(&exchange->lease, now_us);
}

bool exchange_has_left(const struct exchange *exchange)
{
    return exchange->said_goodbye || !lease_is_held(&exchange->lease);
}

bool exchange_is_over(const struct exchange *exchange)
{
    return exchange_has_left(exchange) && exchange->flight.part_count == 0 &&
           runs_is_empty(exchange->settings.runs);
}

bool exchange_is_free(const struct exchange *exchange)
{
    return lease_is_held(&exchange->lease) && !exchange->is_stopping &&
           exchange->flight.part_count == 0 && jobs_held(exchange) == 0;
}

bool exchange_is_idle(const struct exchange *exchange)
{
    return exchange->is_idle;
}
