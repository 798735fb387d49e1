/* The jobs that a worker has in flight. */
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/metrics.h"
#include "worker/calls/redact.h"
#include "worker/engine/worker_internal.h"

/* Results wait this long for company before they are written, unless many come at once. */
#define REPORT_DELAY_US INT64_C(2000)
/* When more waits to be written, the window closes. A statement carries 1 MB. */
#define UNWRITTEN_BYTES ((size_t)4 << 20)

static struct metric in_flight = {
    .name = "koppeling_jobs_in_flight",
    .help = "Jobs that this process holds under its leases.",
    .type = METRIC_GAUGE,
};
static struct metric started = {
    .name = "koppeling_jobs_started_total",
    .help = "Attempts begun.",
};
static struct metric done = {
    .name = "koppeling_jobs_ended_total",
    .labels = "outcome=\"done\"",
    .help = "Attempts ended, as acknowledged by the database.",
};
static struct metric failed = {
    .name = "koppeling_jobs_ended_total",
    .labels = "outcome=\"failed\"",
    .help = "Attempts ended, as acknowledged by the database.",
};
static struct metric released = {
    .name = "koppeling_jobs_ended_total",
    .labels = "outcome=\"released\"",
    .help = "Attempts ended, as acknowledged by the database.",
};
static struct metric abandoned = {
    .name = "koppeling_jobs_ended_total",
    .labels = "outcome=\"abandoned\"",
    .help = "Attempts ended, as acknowledged by the database.",
};
static struct metric lapsed = {
    .name = "koppeling_leases_lapsed_total",
    .help = "Times a worker noticed that its lease had lapsed and let go of its jobs.",
};
static struct metric crossings = {
    .name = "koppeling_staging_marks_total",
    .help = "Orders in production shops that a staging label was told for.",
};
static struct metric calls[] = {
    {.name = "koppeling_http_answers_total",
     .labels = "answer=\"2xx\"",
     .help = "Answers of the APIs."},
    {.name = "koppeling_http_answers_total",
     .labels = "answer=\"3xx\"",
     .help = "Answers of the APIs."},
    {.name = "koppeling_http_answers_total",
     .labels = "answer=\"4xx\"",
     .help = "Answers of the APIs."},
    {.name = "koppeling_http_answers_total",
     .labels = "answer=\"5xx\"",
     .help = "Answers of the APIs."},
    {.name = "koppeling_http_answers_total",
     .labels = "answer=\"none\"",
     .help = "Answers of the APIs."},
};

void worker_show_metrics(void)
{
    struct metric *const all[] = {&in_flight, &started,  &done,      &failed,   &released,
                                  &abandoned, &lapsed,   &crossings, &calls[0], &calls[1],
                                  &calls[2],  &calls[3], &calls[4]};

    for (size_t i = 0; i < ARRAY_LENGTH(all); i++) {
        metric_add(all[i], 0);
    }
}

static void count_answer(const struct http_response *answer)
{
    int hundreds = answer->status / 100;

    metric_add(&calls[hundreds >= 2 && hundreds <= 5 ? hundreds - 2 : 4], 1);
}

static void on_answer(void *context, const struct http_response *answer);

static void call_now(struct worker *worker, struct job_run *run, const char *bearer_token)
{
    const struct http_secrets secrets = {.store_token = run->secret, .bearer_token = bearer_token};

    run->sent_us = bearer_token != NULL ? clock_monotonic_us() : 0;
    run->call = http_send(worker->http, &run->request, &secrets, on_answer, run);
}

static void on_bearer(void *context, const char *token, const struct http_response *answer)
{
    struct job_run *run = context;

    run->waiter = NULL;
    if (token != NULL) {
        call_now(run->owner, run, token);
    } else {
        on_answer(run, answer);
    }
}

int worker_held_jobs(const struct worker *worker)
{
    return worker->active.count + worker->ready.count + worker->pending.count;
}

static void send_request(struct worker *worker, struct job_run *run)
{
    enum environment environment = run->request.environment;
    bool needs_bearer = run->request.auth == HTTP_AUTH_BEARER;
    const char *token =
        needs_bearer ? bearers_find(worker->bearers, environment, run->client_id, worker->now_us)
                     : NULL;

    job_run_list_append(&worker->active, run);
    if (needs_bearer && token == NULL) {
        run->waiter =
            bearers_wait(worker->bearers, environment, run->client_id, run->secret, on_bearer, run);
    } else {
        call_now(worker, run, token);
    }
}

static void send_or_wait(struct worker *worker, struct job_run *run)
{
    if (worker->active.count < worker->config->in_flight) {
        send_request(worker, run);
    } else {
        job_run_list_append(&worker->ready, run);
    }
}

/* A call has ended, and the job that made it has gone on: now those that wait. */
static void send_ready(struct worker *worker)
{
    while (worker->ready.first != NULL && worker->active.count < worker->config->in_flight) {
        struct job_run *run = worker->ready.first;

        job_run_list_remove(&worker->ready, run);
        send_request(worker, run);
    }
}

/* Takes the next run out of whatever it waits for before or during its call; nothing calls back.
 * NULL: there is none. */
static struct job_run *take_calling(struct worker *worker)
{
    struct job_run *run = worker->ready.first;

    if (run != NULL) {
        job_run_list_remove(&worker->ready, run);
        return run;
    }
    run = worker->active.first;
    if (run == NULL) {
        return NULL;
    }
    job_run_list_remove(&worker->active, run);
    if (run->waiter != NULL) {
        bearers_cancel(worker->bearers, run->waiter);
    } else {
        http_cancel(worker->http, run->call);
    }
    run->waiter = NULL;
    run->call = NULL;
    return run;
}

/* The API refused a token that may just be old: once, the same request goes again with a fresh
 * one. */
static bool renews_bearer(struct worker *worker, struct job_run *run,
                          const struct http_response *answer)
{
    if (run->request.auth != HTTP_AUTH_BEARER || answer->status != 401 || run->is_bearer_renewed ||
        run->call == NULL) {
        return false;
    }
    run->is_bearer_renewed = true;
    bearers_drop(worker->bearers, run->request.environment, run->client_id, run->sent_us);
    run->call = NULL;
    send_request(worker, run);
    return true;
}

static void open_window(struct worker *worker)
{
    int wider = worker->window + WINDOW_STEP;
    int widest = worker->config->in_flight;

    worker->window = wider < widest ? wider : widest;
}

static void close_window(struct worker *worker)
{
    if (worker->window >= WINDOW_LEAST + WINDOW_STEP) {
        worker->window -= WINDOW_STEP;
    }
}

/* A service may echo what it was asked with; that must not be recorded with its words. */
static void hide_secrets(const struct worker *worker, struct job_run *run)
{
    char *words = run->outcome.error;

    if (words[0] == '\0') {
        return;
    }
    redact(words, run->secret);
    redact(words, worker->config->partner_token);
    for (int i = ENVIRONMENT_STAGING; run->client_id != NULL && i <= ENVIRONMENT_PRODUCTION; i++) {
        redact(words,
               bearers_find(worker->bearers, (enum environment)i, run->client_id, worker->now_us));
    }
}

static void await_report(struct worker *worker, struct job_run *run)
{
    hide_secrets(worker, run);
    if (worker->pending.count == 0) {
        worker->report_at_us = worker->now_us + REPORT_DELAY_US;
    }
    run->unwritten_bytes = job_run_written_bytes(run);
    worker->unwritten_bytes += run->unwritten_bytes;
    if (worker->unwritten_bytes > UNWRITTEN_BYTES) {
        close_window(worker);
    }
    job_run_list_append(&worker->pending, run);
}

void worker_place_run(struct worker *worker, struct job_run *run)
{
    bool may_call = !worker->stopping || worker->now_us < worker->grace_until_us;

    if (run->state == JOB_RUN_CALLING && may_call) {
        send_or_wait(worker, run);
        return;
    }
    if (run->state == JOB_RUN_CALLING) {
        job_run_release(run);
    }
    await_report(worker, run);
}

static void on_answer(void *context, const struct http_response *answer)
{
    struct job_run *run = context;
    struct worker *worker = run->owner;

    job_run_list_remove(&worker->active, run);
    worker->calls_ended++;
    if (answer->status > 0) {
        atomic_store(&worker->moved_us, worker->now_us);
    }
    count_answer(answer);
    LOG_DEBUG("answer", LOG_INT("job", run->job.id), LOG_TEXT("path", run->request.path),
              LOG_INT("status", answer->status), LOG_TEXT("trouble", answer->trouble));

    if (renews_bearer(worker, run, answer)) {
        return;
    }
    run->call = NULL;
    job_run_step(run, answer);
    worker_place_run(worker, run);
    send_ready(worker);
}

void worker_start_job(struct worker *worker, const struct queue_job *queue_job)
{
    char *secret = NULL;
    char *problem = NULL;
    const struct job_kind *kind = job_kind_find(queue_job->kind);

    if (kind == NULL) {
        /* Lanes are made from our own table, so this is a defect; the lease returns the job. */
        LOG_ERROR("claimed a job of an unknown kind", LOG_INT("job", queue_job->id));

        return;
    }
    if (queue_job->sealed_secret != NULL) {
        token_cache_open(worker->tokens, queue_job->sealed_secret, queue_job->shop_host, &secret,
                         &problem);
    }
    struct job_run *run = job_run_new(queue_job, kind, secret, problem);
    run->owner = worker;
    metric_add(&started, 1);
    metric_add(&in_flight, 1);
    if (run->state == JOB_RUN_STEPPING) {
        job_run_step(run, NULL);
    }
    worker_place_run(worker, run);
}

/* What it wanted to store is stored, or never will be. */
static void count_as_written(struct worker *worker, struct job_run *run)
{
    worker->unwritten_bytes -= run->unwritten_bytes;
    run->unwritten_bytes = 0;
}

void worker_forget_run(struct worker *worker, struct job_run *run)
{
    count_as_written(worker, run);
    metric_add(&in_flight, -1);
    job_run_free(run);
}

void worker_abandon_run(struct worker *worker, struct job_run *run)
{
    LOG_WARNING("job belongs to somebody else by now", LOG_INT("worker", worker->id),
                LOG_INT("job", run->job.id));

    metric_add(&abandoned, 1);
    worker_forget_run(worker, run);
}

void worker_lose_lease(struct worker *worker)
{
    LOG_WARNING("the lease has lapsed: letting go of all jobs", LOG_INT("worker", worker->id),
                LOG_INT("jobs", worker->active.count + worker->ready.count));

    metric_add(&lapsed, 1);
    for (struct job_run *run; (run = take_calling(worker)) != NULL;) {
        metric_add(&abandoned, 1);
        worker_forget_run(worker, run);
    }
    worker->id = 0;
    worker->has_strays = worker->disowns_now = false;
}

void worker_release_jobs(struct worker *worker)
{
    int count = worker->active.count + worker->ready.count;

    if (count > 0) {
        LOG_INFO("handing back jobs that did not end in time", LOG_INT("jobs", count));
    }
    for (struct job_run *run; (run = take_calling(worker)) != NULL;) {
        job_run_release(run);
        await_report(worker, run);
    }
}

static void log_failure(const struct job_run *run)
{
    LOG_WARNING("attempt failed", LOG_INT("job", run->job.id), LOG_TEXT("kind", run->kind->name),
                LOG_INT("attempt", run->job.attempt),
                LOG_TEXT("class", error_class_name(run->outcome.error_class)),
                LOG_INT("status", run->outcome.http_status), LOG_TEXT("error", run->outcome.error));
}

void worker_settle_run(struct worker *worker, struct job_run *run)
{
    if (run->state == JOB_RUN_SAVING) {
        count_as_written(worker, run);
        job_run_saved(run);
        worker_place_run(worker, run);
        return;
    }
    atomic_store(&worker->moved_us, worker->now_us);
    open_window(worker);
    if (run->is_released) {
        metric_add(&released, 1);
    } else if (run->end == STEP_DONE) {
        metric_add(&done, 1);
        if (run->outcome.label_environment == ENVIRONMENT_STAGING &&
            run->outcome.shop_environment == ENVIRONMENT_PRODUCTION) {
            metric_add(&crossings, 1);
        }
        LOG_DEBUG("job done", LOG_INT("job", run->job.id), LOG_TEXT("kind", run->kind->name));

    } else {
        metric_add(&failed, 1);
        log_failure(run);
    }
    worker_forget_run(worker, run);
}
