/* The jobs in flight: their calls, and what became of them. */
#include "worker/engine/runs.h"

#include <stdlib.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"
#include "worker/api/answer.h"
#include "worker/calls/bearer.h"
#include "worker/calls/http.h"
#include "worker/calls/partner.h"
#include "worker/calls/token_cache.h"
#include "worker/engine/quarantine.h"
#include "worker/engine/tally.h"

/* Results wait this long for company before they are written, unless so many have come. */
#define REPORT_DELAY_US INT64_C(2000)
#define REPORT_BATCH    100
/* When more waits to be written, the window closes. A statement carries 1 MB. */
#define UNWRITTEN_BYTES ((size_t)4 << 20)

struct runs {
    struct runs_settings settings;
    struct http_client *http;
    struct bearers *bearers;
    struct partner *partner;
    struct token_cache *tokens;
    struct job_run_lists lists;
    int64_t now_us;         /* of the call into this file, for what is called back from it */
    int64_t report_at_us;   /* what is pending goes at the latest then */
    int64_t no_calls_at_us; /* no call begins from then on; INT64_MAX while not stopping */
    size_t unwritten_bytes; /* rows of what is pending or sent */
};

struct runs *runs_new(const struct runs_settings *settings)
{
    struct runs *runs = xcalloc(1, sizeof(*runs));

    runs->settings = *settings;
    runs->http = http_client_new(settings->config, settings->epoll, settings->tag,
                                 (size_t)settings->config->in_flight);
    runs->bearers = bearers_new(runs->http);
    runs->partner = partner_new(runs->http);
    runs->tokens = token_cache_new(settings->key);
    runs->no_calls_at_us = INT64_MAX;
    return runs;
}

void runs_reload(struct runs *runs, const char *ca_file)
{
    http_client_reload(runs->http, ca_file, (size_t)runs->settings.claiming->most);
}

void runs_free(struct runs *runs)
{
    if (runs == NULL) {
        return;
    }
    bearers_free(runs->bearers);
    partner_free(runs->partner);
    http_client_free(runs->http);
    token_cache_free(runs->tokens);
    job_run_free_all(&runs->lists);
    free(runs);
}

struct job_run_lists *runs_lists(struct runs *runs)
{
    return &runs->lists;
}

static int count_of(const struct runs *runs, enum job_run_state state)
{
    return runs->lists.of[state].count;
}

static struct job_run *first_of(const struct runs *runs, enum job_run_state state)
{
    return runs->lists.of[state].first;
}

int runs_held(const struct runs *runs)
{
    return count_of(runs, JOB_RUN_CALLING) + count_of(runs, JOB_RUN_READY) +
           count_of(runs, JOB_RUN_PENDING) + count_of(runs, JOB_RUN_ASIDE);
}

struct queue_apis runs_held_of(const struct runs *runs)
{
    return job_run_held_of(&runs->lists);
}

bool runs_is_empty(const struct runs *runs)
{
    return runs_held(runs) == 0 && count_of(runs, JOB_RUN_SENT) == 0;
}

static void on_answer(void *context, const struct http_response *answer);

static void call_now(struct runs *runs, struct job_run *run, const char *bearer_token)
{
    const struct http_secrets secrets = {.store_token = run->secret, .bearer_token = bearer_token};

    job_run_name_call(run);
    run->sent_us = bearer_token != NULL ? clock_monotonic_us() : 0;
    run->call = http_send(runs->http, &run->request, &secrets, on_answer, run);
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

static void send_request(struct runs *runs, struct job_run *run)
{
    enum environment environment = run->request.environment;
    bool needs_bearer = run->request.auth == HTTP_AUTH_BEARER;
    const char *token = needs_bearer
                            ? bearers_find(runs->bearers, environment, run->client_id, runs->now_us)
                            : NULL;

    job_run_set_state(run, JOB_RUN_CALLING);
    if (needs_bearer && token == NULL) {
        run->waiter = bearers_wait(runs->bearers, &(struct bearer_request){
                                                      .environment = environment,
                                                      .client_id = run->client_id,
                                                      .client_secret = run->secret,
                                                      .done = on_bearer,
                                                      .context = run,
                                                  });
    } else {
        call_now(runs, run, token);
    }
}

static bool has_slot(const struct runs *runs, int api)
{
    return runs->lists.of[JOB_RUN_CALLING].counts.of[api] < runs->settings.claiming->most;
}

/* Those that wait, as far as slots of their API are free. */
static void send_ready(struct runs *runs)
{
    for (struct job_run *run = first_of(runs, JOB_RUN_READY), *next = NULL; run != NULL;
         run = next) {
        next = run->next;
        if (has_slot(runs, run->api)) {
            send_request(runs, run);
        }
    }
}

/* A run that just became PENDING. */
static void await_report(struct runs *runs, struct job_run *run)
{
    job_run_hide_secrets(run, runs->settings.config->partner_token, runs->bearers);
    if (count_of(runs, JOB_RUN_PENDING) == 1) {
        runs->report_at_us = runs->now_us + REPORT_DELAY_US;
    }
    run->unwritten_bytes = job_run_written_bytes(run);
    runs->unwritten_bytes += run->unwritten_bytes;
    if (runs->unwritten_bytes > UNWRITTEN_BYTES) {
        claiming_narrow(runs->settings.claiming);
    }
    quarantine_join(&runs->lists, run);
}

/* After a step, or after what it had to save is saved: READY or PENDING. */
static void go_on(struct runs *runs, struct job_run *run)
{
    if (run->state == JOB_RUN_READY && runs->now_us >= runs->no_calls_at_us) {
        job_run_release(run);
    }
    if (run->state == JOB_RUN_PENDING) {
        await_report(runs, run);
    }
    send_ready(runs);
}

/* A token that was refused may just be old: once, the same request goes with a fresh one. */
static bool renews_bearer(struct runs *runs, struct job_run *run,
                          const struct http_response *answer)
{
    if (run->request.auth != HTTP_AUTH_BEARER || answer->status != 401 || run->is_bearer_renewed ||
        run->call == NULL) {
        return false;
    }
    run->is_bearer_renewed = true;
    bearers_drop(runs->bearers, run->request.environment, run->client_id, run->sent_us);
    run->call = NULL;
    send_request(runs, run);
    return true;
}

/* The answer, or whom a shop's refusal is to be blamed on. */
static void take_answer(void *context, const struct http_response *answer)
{
    struct job_run *run = context;

    run->doubt = NULL;
    job_run_step(run, answer);
    go_on(run->owner, run);
}

static void on_answer(void *context, const struct http_response *answer)
{
    struct job_run *run = context;
    struct runs *runs = run->owner;

    claiming_call_ended(runs->settings.claiming, run->api);
    if (answer->status > 0) {
        stall_moved(runs->settings.stall, runs->now_us);
    }
    tally_answer(answer);
    LOG_DEBUG("answer", LOG_TEXT("call", run->call_id), LOG_TEXT("path", run->request.path),
              LOG_INT("status", answer->status), LOG_TEXT("trouble", answer->trouble));
    if (renews_bearer(runs, run, answer)) {
        return;
    }
    run->call = NULL;
    if (run->request.auth == HTTP_AUTH_STORE && answer_class(answer) == ERROR_CLASS_AUTH) {
        run->doubt = partner_wait(runs->partner, answer, take_answer, run);
    } else {
        take_answer(run, answer);
    }
}

void runs_start(struct runs *runs, const struct queue_job *queue_job, int64_t now_us)
{
    struct job_run_parts parts = {.queue_job = queue_job, .kind = job_kind_find(queue_job->kind)};

    runs->now_us = now_us;
    if (parts.kind == NULL) {
        /* Lanes are made from our own table, so this is a defect; the lease returns the job. */
        LOG_ERROR("claimed a job of an unknown kind", LOG_INT("job", queue_job->id));
        return;
    }
    if (queue_job->sealed_secret != NULL) {
        token_cache_open(runs->tokens, queue_job->sealed_secret, queue_job->shop_host,
                         &parts.secret, &parts.token_problem);
    }
    struct job_run *run = job_run_new(&parts, &runs->lists);
    run->owner = runs;
    tally_started(parts.kind, queue_job->waited_us);
    if (queue_job->is_held) {
        job_run_release(run);
    } else if (run->state == JOB_RUN_STEPPING) {
        job_run_step(run, NULL);
    }
    go_on(runs, run);
}

void runs_stop(struct runs *runs, int64_t grace_until_us)
{
    runs->no_calls_at_us = grace_until_us;
}

/* The next run that calls or is ready to; nothing will call back for it. NULL: there is none. */
static struct job_run *stop_calling(struct runs *runs)
{
    struct job_run *run = first_of(runs, JOB_RUN_READY);

    if (run != NULL) {
        return run;
    }
    run = first_of(runs, JOB_RUN_CALLING);
    if (run == NULL) {
        return NULL;
    }
    if (run->waiter != NULL) {
        bearers_cancel(runs->bearers, run->waiter);
    } else if (run->doubt != NULL) {
        partner_cancel(runs->partner, run->doubt);
    } else {
        http_cancel(runs->http, run->call);
    }
    run->waiter = NULL;
    run->doubt = NULL;
    run->call = NULL;
    return run;
}

void runs_release_calling(struct runs *runs, int64_t now_us)
{
    int count = count_of(runs, JOB_RUN_CALLING) + count_of(runs, JOB_RUN_READY);

    runs->now_us = now_us;
    if (count > 0) {
        LOG_INFO("handing back jobs that did not end in time", LOG_INT("jobs", count));
    }
    for (struct job_run *run; (run = stop_calling(runs)) != NULL;) {
        job_run_release(run);
        await_report(runs, run);
    }
}

int runs_abandon_calling(struct runs *runs)
{
    int count = 0;

    for (struct job_run *run; (run = stop_calling(runs)) != NULL; count++) {
        tally_abandoned();
        runs_forget(runs, run);
    }
    return count;
}

bool runs_has_report_due(const struct runs *runs, int64_t now_us)
{
    int pending = count_of(runs, JOB_RUN_PENDING);
    bool is_stopping = runs->no_calls_at_us != INT64_MAX;

    return pending > 0 && (count_of(runs, JOB_RUN_CALLING) == 0 || is_stopping ||
                           pending >= REPORT_BATCH || now_us >= runs->report_at_us);
}

int64_t runs_report_due_us(const struct runs *runs)
{
    return count_of(runs, JOB_RUN_PENDING) > 0 ? runs->report_at_us : INT64_MAX;
}

/* What it wanted to store is stored, or never will be. */
static void count_as_written(struct runs *runs, struct job_run *run)
{
    runs->unwritten_bytes -= run->unwritten_bytes;
    run->unwritten_bytes = 0;
}

void runs_forget(struct runs *runs, struct job_run *run)
{
    count_as_written(runs, run);
    tally_gone();
    job_run_free(run);
}

void runs_refuse(struct runs *runs, struct job_run *run)
{
    LOG_DEBUG("job belongs to somebody else by now", LOG_INT("job", run->job.id));
    tally_refused();
    runs_forget(runs, run);
}

void runs_settle(struct runs *runs, struct job_run *run, int64_t now_us)
{
    runs->now_us = now_us;
    if (run->is_saving) {
        count_as_written(runs, run);
        job_run_saved(run);
        go_on(runs, run);
        return;
    }
    stall_moved(runs->settings.stall, now_us);
    claiming_widen(runs->settings.claiming);
    tally_ended(run);
    job_run_log_end(run);
    runs_forget(runs, run);
}

void runs_object(struct runs *runs, struct job_run *run, const char *objection, int64_t now_us)
{
    runs->now_us = now_us;
    LOG_INFO("not sent", LOG_INT("job", run->job.id), LOG_TEXT("kind", run->kind->name),
             LOG_TEXT("objection", objection[0] != '\0' ? objection : "its shop is held"));
    count_as_written(runs, run);
    job_run_object(run, objection);
    go_on(runs, run);
}

void runs_resend(struct runs *runs, int64_t now_us)
{
    while (count_of(runs, JOB_RUN_SENT) > 0) {
        job_run_set_state(runs->lists.of[JOB_RUN_SENT].last, JOB_RUN_PENDING);
    }
    runs->report_at_us = now_us;
}

void runs_on_socket(struct runs *runs, int descriptor, uint32_t events, int64_t now_us)
{
    runs->now_us = now_us;
    http_client_on_socket(runs->http, descriptor, events);
}

void runs_advance(struct runs *runs, int64_t now_us)
{
    runs->now_us = now_us;
    http_client_advance(runs->http, now_us);
}

int64_t runs_http_deadline_us(const struct runs *runs)
{
    return http_client_deadline_us(runs->http);
}
