/* The life of one claimed job. */
#include "worker/engine/job_run.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/memory.h"
#include "worker/calls/bearer.h"
#include "worker/calls/redact.h"

/* Writes beyond this are saved between two calls, so that a shop with a huge backlog costs no huge
 * memory. */
#define SAVE_AT_BYTES ((size_t)1 << 20)

static const char *const state_names[] = {
    [JOB_RUN_STEPPING] = "stepping", [JOB_RUN_READY] = "ready", [JOB_RUN_CALLING] = "calling",
    [JOB_RUN_PENDING] = "pending",   [JOB_RUN_SENT] = "sent",   [JOB_RUN_ASIDE] = "aside",
};

/* Puts it behind `previous`, or at the front for NULL. */
static void insert(struct job_run_list *list, struct job_run *previous, struct job_run *run)
{
    run->previous = previous;
    run->next = previous != NULL ? previous->next : list->first;
    *(run->next != NULL ? &run->next->previous : &list->last) = run;
    *(previous != NULL ? &previous->next : &list->first) = run;
    list->count++;
    list->counts.of[run->api]++;
}

static void remove_from(struct job_run_list *list, struct job_run *run)
{
    *(run->next != NULL ? &run->next->previous : &list->last) = run->previous;
    *(run->previous != NULL ? &run->previous->next : &list->first) = run->next;
    run->previous = run->next = NULL;
    list->count--;
    list->counts.of[run->api]--;
}

void job_run_set_state(struct job_run *run, enum job_run_state state)
{
    struct job_run_list *list = &run->lists->of[state];
    bool comes_back = run->state == JOB_RUN_SENT && state == JOB_RUN_PENDING;

    LOG_DEBUG("job", LOG_INT("job", run->job.id), LOG_TEXT("kind", run->kind->name),
              LOG_TEXT("from", state_names[run->state]), LOG_TEXT("to", state_names[state]));
    remove_from(&run->lists->of[run->state], run);
    run->state = state;
    insert(list, comes_back ? NULL : list->last, run);
}

/* The object in a JSON text; an empty one for NULL or anything else. */
static json_t *object_or_empty(const char *text)
{
    json_t *value = text != NULL ? json_loads(text, 0, NULL) : NULL;

    if (json_is_object(value)) {
        return value;
    }
    json_decref(value);
    return json_object();
}

struct job_run *job_run_new(const struct job_run_parts *parts, struct job_run_lists *lists)
{
    const struct queue_job *queue_job = parts->queue_job;
    struct job_run *run = xcalloc(1, sizeof(*run));

    run->kind = parts->kind;
    run->token = queue_job->token;
    run->api = queue_job->api;
    run->secret = parts->secret;
    run->token_problem = parts->token_problem;
    run->client_id = xstrdup(queue_job->client_id);
    run->shop = xstrdup(queue_job->shop_host);
    run->job = (struct job){
        .id = queue_job->id,
        .attempt = queue_job->attempt,
        .args = object_or_empty(queue_job->args),
        .context = object_or_empty(queue_job->context),
        .token_problem = run->token_problem,
    };
    outcome_init(&run->outcome);
    run->lists = lists;
    run->state = JOB_RUN_STEPPING;
    insert(&lists->of[JOB_RUN_STEPPING], lists->of[JOB_RUN_STEPPING].last, run);
    run->kind_state = run->kind->begin(&run->job, &run->outcome);
    if (run->kind_state == NULL) {
        run->end = STEP_FAILED;
        job_run_set_state(run, JOB_RUN_PENDING);
    }
    return run;
}

size_t job_run_written_bytes(const struct job_run *run)
{
    size_t bytes = 0;

    for (const struct row_write *row = run->outcome.writes; row != NULL; row = row->next) {
        bytes += row->length + row->document_length;
    }
    return bytes;
}

static void drop_writes(struct job_run *run)
{
    struct outcome kept = run->outcome;

    kept.writes = NULL;
    run->outcome.result = NULL;
    outcome_release(&run->outcome);
    run->outcome = kept;
    run->outcome.writes_tail = &run->outcome.writes;
}

/* A request must not be sent without the secret that it needs. */
static bool lacks_secret(const struct job_run *run)
{
    enum http_auth auth = run->request.auth;

    return (auth == HTTP_AUTH_STORE && run->secret == NULL) ||
           (auth == HTTP_AUTH_BEARER && (run->secret == NULL || run->client_id == NULL));
}

/* What it wanted to store is about a call that is not made: that a shipment was asked for, say. */
static enum step end_without_secret(struct job_run *run)
{
    bool is_shop = run->request.auth == HTTP_AUTH_STORE;

    drop_writes(run);
    return outcome_fail(&run->outcome, STEP_RETRY, ERROR_CLASS_AUTH, "the %s %s",
                        is_shop ? "token of the shop" : "secret of the account",
                        run->token_problem != NULL ? run->token_problem : "is missing");
}

/* Not the affair of any shop, so its kind does not hear of it: the job waits as it is. */
static void end_for_operator(struct job_run *run, const struct http_response *answer)
{
    drop_writes(run);
    run->blames = QUEUE_BLAMES_OPERATOR;
    run->outcome.http_status = answer->status;
    run->end =
        outcome_fail(&run->outcome, STEP_RETRY, ERROR_CLASS_SERVER_ERROR, "%s", answer->trouble);
    job_run_set_state(run, JOB_RUN_PENDING);
}

void job_run_step(struct job_run *run, const struct http_response *answer)
{
    http_request_release(&run->request);
    run->request = (struct http_request){.body = NULL};
    run->is_bearer_renewed = false;
    run->blames = answer != NULL && answer->refuses_credentials ? QUEUE_BLAMES_ACCOUNT : NULL;
    job_run_set_state(run, JOB_RUN_STEPPING);
    if (answer != NULL && answer->refuses_partner) {
        end_for_operator(run, answer);
        return;
    }
    enum step step = run->kind->step(run->kind_state, answer, &run->request, &run->outcome);
    if (step == STEP_CALL && lacks_secret(run)) {
        step = end_without_secret(run);
    }
    if (step != STEP_CALL) {
        run->end = step;
        job_run_set_state(run, JOB_RUN_PENDING);
        return;
    }
    run->is_saving = run->request.save_first || job_run_written_bytes(run) >= SAVE_AT_BYTES;
    job_run_set_state(run, run->is_saving ? JOB_RUN_PENDING : JOB_RUN_READY);
}

void job_run_name_call(struct job_run *run)
{
    snprintf(run->call_id, sizeof(run->call_id), "koppeling-%" PRId64 "-%d-%d", run->job.id,
             run->job.attempt, ++run->calls);
    run->request.id = run->call_id;
}

void job_run_saved(struct job_run *run)
{
    drop_writes(run);
    run->is_saving = false;
    job_run_set_state(run, JOB_RUN_READY);
}

void job_run_object(struct job_run *run, const char *objection)
{
    const struct http_response answer = {
        .transport = ERROR_CLASS_CLIENT_ERROR,
        .body = "",
        .retry_after_ms = -1,
        .trouble = objection,
        .objection = objection,
    };

    drop_writes(run);
    run->is_saving = false;
    if (objection[0] == '\0') {
        job_run_release(run);
    } else {
        job_run_step(run, &answer);
    }
}

void job_run_release(struct job_run *run)
{
    drop_writes(run);
    run->is_released = true;
    job_run_set_state(run, JOB_RUN_PENDING);
}

void job_run_fail(struct job_run *run, enum error_class error_class, const char *error)
{
    drop_writes(run);
    run->is_saving = run->is_released = false;
    run->end = outcome_fail(&run->outcome, STEP_FAILED, error_class, "%s", error);
}

void job_run_log_end(const struct job_run *run)
{
    if (run->is_released || run->end == STEP_DONE) {
        LOG_DEBUG("job ended", LOG_INT("job", run->job.id), LOG_TEXT("kind", run->kind->name));
        return;
    }
    LOG_WARNING("attempt failed", LOG_INT("job", run->job.id), LOG_TEXT("kind", run->kind->name),
                LOG_TEXT("shop", run->shop), LOG_TEXT("api", api_name(run->kind->api)),
                LOG_INT("attempt", run->job.attempt),
                LOG_TEXT("call", run->calls > 0 ? run->call_id : NULL),
                LOG_TEXT("class", error_class_name(run->outcome.error_class)),
                LOG_INT("status", run->outcome.http_status), LOG_TEXT("error", run->outcome.error));
}

struct queue_apis job_run_held_of(const struct job_run_lists *lists)
{
    static const enum job_run_state held[] = {JOB_RUN_CALLING, JOB_RUN_READY, JOB_RUN_PENDING,
                                              JOB_RUN_ASIDE};
    struct queue_apis sums = {.of = {0}};

    for (size_t i = 0; i < ARRAY_LENGTH(held); i++) {
        for (int api = 0; api < QUEUE_APIS; api++) {
            sums.of[api] += lists->of[held[i]].counts.of[api];
        }
    }
    return sums;
}

void job_run_free(struct job_run *run)
{
    if (run == NULL) {
        return;
    }
    remove_from(&run->lists->of[run->state], run);
    run->kind->end(run->kind_state);
    outcome_release(&run->outcome);
    http_request_release(&run->request);
    json_decref(run->job.args);
    json_decref(run->job.context);
    free_secret(run->secret);
    free(run->token_problem);
    free(run->client_id);
    free(run->shop);
    free(run);
}

void job_run_free_all(struct job_run_lists *lists)
{
    for (int state = 0; state < JOB_RUN_STATES; state++) {
        while (lists->of[state].first != NULL) {
            job_run_free(lists->of[state].first);
        }
    }
}

void job_run_hide_secrets(struct job_run *run, const char *partner_token,
                          const struct bearers *bearers)
{
    if (run->outcome.error[0] != '\0') {
        redact(run->outcome.error, run->secret);
        redact(run->outcome.error, partner_token);
        bearers_redact(bearers, run->client_id, run->outcome.error);
    }
}
