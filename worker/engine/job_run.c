/* The life of one claimed job. */
#include "worker/engine/job_run.h"

#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/memory.h"

/* Writes beyond this are saved between two calls, so that a shop with a huge backlog costs no huge
 * memory. */
#define SAVE_AT_BYTES ((size_t)1 << 20)

static const char *const state_names[] = {
    [JOB_RUN_STEPPING] = "stepping",
    [JOB_RUN_CALLING] = "calling",
    [JOB_RUN_SAVING] = "saving",
    [JOB_RUN_REPORTING] = "reporting",
};

static void set_state(struct job_run *run, enum job_run_state state)
{
    LOG_DEBUG("job", LOG_INT("job", run->job.id), LOG_TEXT("kind", run->kind->name),
              LOG_TEXT("from", state_names[run->state]), LOG_TEXT("to", state_names[state]));

    run->state = state;
}

void job_run_list_append(struct job_run_list *list, struct job_run *run)
{
    run->previous = list->last;
    run->next = NULL;
    if (list->last != NULL) {
        list->last->next = run;
    } else {
        list->first = run;
    }
    list->last = run;
    list->count++;
}

void job_run_list_remove(struct job_run_list *list, struct job_run *run)
{
    if (run->previous != NULL) {
        run->previous->next = run->next;
    } else {
        list->first = run->next;
    }
    if (run->next != NULL) {
        run->next->previous = run->previous;
    } else {
        list->last = run->previous;
    }
    run->previous = run->next = NULL;
    list->count--;
}

void job_run_list_prepend_all(struct job_run_list *to, struct job_run_list *from)
{
    if (from->last == NULL) {
        return;
    }
    from->last->next = to->first;
    if (to->first != NULL) {
        to->first->previous = from->last;
    } else {
        to->last = from->last;
    }
    to->first = from->first;
    to->count += from->count;
    *from = (struct job_run_list){.count = 0};
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

struct job_run *job_run_new(const struct queue_job *queue_job, const struct job_kind *kind,
                            char *secret, char *token_problem)
{
    struct job_run *run = xcalloc(1, sizeof(*run));

    run->kind = kind;
    run->token = queue_job->token;
    run->secret = secret;
    run->token_problem = token_problem;
    run->client_id = xstrdup(queue_job->client_id);
    run->job = (struct job){
        .id = queue_job->id,
        .attempt = queue_job->attempt,
        .args = object_or_empty(queue_job->args),
        .context = object_or_empty(queue_job->context),
        .token_problem = token_problem,
    };
    outcome_init(&run->outcome);
    run->kind_state = kind->begin(&run->job, &run->outcome);
    if (run->kind_state == NULL) {
        run->end = STEP_FAILED;
        set_state(run, JOB_RUN_REPORTING);
    }
    return run;
}

size_t job_run_written_bytes(const struct job_run *run)
{
    size_t bytes = 0;

    for (const struct write *write = run->outcome.writes; write != NULL; write = write->next) {
        bytes += write->length;
    }
    return bytes;
}

/* A request must not be sent without the secret that it needs. */
static bool lacks_secret(const struct job_run *run)
{
    enum http_auth auth = run->request.auth;

    return (auth == HTTP_AUTH_STORE && run->secret == NULL) ||
           (auth == HTTP_AUTH_BEARER && (run->secret == NULL || run->client_id == NULL));
}

void job_run_step(struct job_run *run, const struct http_response *answer)
{
    http_request_release(&run->request);
    run->request = (struct http_request){.body = NULL};
    run->is_bearer_renewed = false;
    set_state(run, JOB_RUN_STEPPING);
    enum step step = run->kind->step(run->kind_state, answer, &run->request, &run->outcome);
    if (step == STEP_CALL && lacks_secret(run)) {
        step = outcome_fail(&run->outcome, STEP_RETRY, ERROR_CLASS_AUTH, "the secret %s",
                            run->token_problem != NULL ? run->token_problem : "is missing");
    }
    if (step != STEP_CALL) {
        run->end = step;
        set_state(run, JOB_RUN_REPORTING);
        return;
    }
    bool saves = run->request.save_first || job_run_written_bytes(run) >= SAVE_AT_BYTES;
    set_state(run, saves ? JOB_RUN_SAVING : JOB_RUN_CALLING);
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

void job_run_saved(struct job_run *run)
{
    drop_writes(run);
    set_state(run, JOB_RUN_CALLING);
}

void job_run_release(struct job_run *run)
{
    drop_writes(run);
    run->is_released = true;
    set_state(run, JOB_RUN_REPORTING);
}

void job_run_fail(struct job_run *run, enum error_class error_class, const char *error)
{
    drop_writes(run);
    run->is_released = false;
    run->end = outcome_fail(&run->outcome, STEP_FAILED, error_class, "%s", error);
    set_state(run, JOB_RUN_REPORTING);
}

void job_run_free(struct job_run *run)
{
    if (run == NULL) {
        return;
    }
    run->kind->end(run->kind_state);
    outcome_release(&run->outcome);
    http_request_release(&run->request);
    json_decref(run->job.args);
    json_decref(run->job.context);
    free_secret(run->secret);
    free(run->token_problem);
    free(run->client_id);
    free(run);
}
