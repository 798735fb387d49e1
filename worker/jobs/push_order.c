/*
 * Job kind "push_order": puts an imported order at Boekuwzending, where it stands in the list of
 * imported orders. They do not refuse duplicates, so an order that we do not know to be there is
 * looked up by the shop's identity before it is created.
 *
 *   unwanted by now ──> nothing is sent; asked once more before it is created
 *   id known ──> change it ──404──┐
 *   not known ────────────────────┴──> search ──found──> change it ──404──┐
 *                                        └──none──────────────────────────┴──> create it
 */
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "worker/api/answer.h"
#include "worker/api/boekuwzending/list.h"
#include "worker/api/boekuwzending/order.h"
#include "worker/api/boekuwzending/request.h"
#include "worker/api/text/lenient.h"
#include "worker/jobs/booking_answer.h"
#include "worker/jobs/job_answer.h"
#include "worker/jobs/kinds.h"

enum push_phase {
    PHASE_CHANGE_KNOWN, /* PUT, by the id that we remember */
    PHASE_SEARCH,       /* GET by the shop's identity */
    PHASE_CHANGE_FOUND, /* PUT, by the id that the search gave */
    PHASE_CREATE,       /* POST */
};

struct push {
    const struct job *job;
    enum environment environment;
    const char *external_id; /* these two are borrowed from the context */
    const char *content_hash;
    char *pushed_id;                  /* its id there, as far as known; owned */
    struct boekuwzending_pages pages; /* of the search for it */
    enum push_phase phase;
};

static void push_end(void *state)
{
    struct push *push = state;

    if (push != NULL) {
        free(push->pushed_id);
        boekuwzending_pages_release(&push->pages);
        free(push);
    }
}

static void *push_begin(const struct job *job, struct outcome *outcome)
{
    struct push *push = xcalloc(1, sizeof(*push));

    *push = (struct push){
        .job = job,
        .external_id = json_string_value(json_object_get(job->context, "external_id")),
        .content_hash = json_string_value(json_object_get(job->context, "content_hash")),
        .pushed_id = xstrdup(json_string_value(json_object_get(job->context, "pushed_id"))),
    };
    if (!booking_environment(job, &push->environment) || push->external_id == NULL ||
        push->external_id[0] == '\0' || strlen(push->external_id) > BOEKUWZENDING_SEARCH_LENGTH ||
        push->content_hash == NULL ||
        (push->pushed_id != NULL && !boekuwzending_is_id(push->pushed_id)) ||
        !lenient_is_set(job->context, "created_at_source") ||
        !json_is_object(json_object_get(job->context, "to"))) {
        outcome_fail(outcome, STEP_FAILED, ERROR_CLASS_CLIENT_ERROR,
                     "the job's context is not that of an imported order");
        push_end(push);
        return NULL;
    }
    return push;
}

static char *body_of(const struct push *push)
{
    return boekuwzending_order_body(push->job->context);
}

static enum step ask_to_change(struct push *push, enum push_phase phase, struct http_request *next)
{
    push->phase = phase;
    boekuwzending_request_change_order(next, push->environment, push->pushed_id, body_of(push));
    return STEP_CALL;
}

static enum step ask_to_search(struct push *push, struct http_request *next)
{
    push->phase = PHASE_SEARCH;
    boekuwzending_request_find_orders(next, push->environment, push->external_id,
                                      boekuwzending_pages_next(&push->pages));
    return STEP_CALL;
}

/* It is noted first that the order may stand there from now on: however the answer is lost, it can
 * be taken back. */
static enum step ask_to_create(struct push *push, struct http_request *next,
                               struct outcome *outcome)
{
    push->phase = PHASE_CREATE;
    boekuwzending_request_create_order(next, push->environment, body_of(push));
    outcome_write(outcome, "write_pushing", json_pack("{s:s}", "external_id", push->external_id));
    next->save_first = true;
    return STEP_CALL;
}

static enum step finish(const struct push *push, const char *id, const char *how,
                        struct outcome *outcome)
{
    outcome_write(outcome, "write_pushed",
                  json_pack("{s:s, s:s, s:O}", "pushed_id", id, "content_hash", push->content_hash,
                            "environment", json_object_get(push->job->context, "environment")));
    json_decref(outcome->result);
    outcome->result = json_pack("{s:s, s:s}", "pushed_id", id, "how", how);
    return STEP_DONE;
}

static enum step judge_change(struct push *push, const struct http_response *answer,
                              struct http_request *next, struct outcome *outcome)
{
    if (answer_is_missing(answer)) {
        free(steal_ptr(&push->pushed_id));
        return push->phase == PHASE_CHANGE_KNOWN ? ask_to_search(push, next)
                                                 : ask_to_create(push, next, outcome);
    }
    if (answer_class(answer) != ERROR_CLASS_OK) {
        return booking_answer_fail(answer, "change the order", push->job, outcome);
    }
    return finish(push, push->pushed_id, "updated", outcome);
}

static enum step judge_search(struct push *push, const struct http_response *answer,
                              struct http_request *next, struct outcome *outcome)
{
    static const char deed[] = "find the order";
    json_auto_t *list = NULL;
    struct error err = ERROR_INIT;

    if (answer_class(answer) != ERROR_CLASS_OK ||
        !boekuwzending_list_read(answer->body, answer->length, &list, &err)) {
        return booking_answer_useless(answer, deed, err.text, push->job, outcome);
    }
    push->pushed_id = boekuwzending_order_find(list, push->external_id);
    if (push->pushed_id != NULL) {
        return ask_to_change(push, PHASE_CHANGE_FOUND, next);
    }
    boekuwzending_pages_take(&push->pages, list);
    if (push->pages.may_go_on) {
        return ask_to_search(push, next);
    }
    return push->pages.is_cut
               ? job_answer_unreadable(answer, deed, "pages of others were found", outcome)
               : ask_to_create(push, next, outcome);
}

/* Whether an order may stand there after all: then the next attempt finds it. */
static bool is_uncertain(const struct http_response *answer)
{
    enum error_class class = answer_class(answer);

    return class == ERROR_CLASS_UNKNOWN_OUTCOME || class == ERROR_CLASS_SERVER_ERROR ||
           (answer->transport == ERROR_CLASS_OK && class == ERROR_CLASS_UNREADABLE);
}

/* It was withdrawn, erased or labelled while the job waited. */
static enum step leave_out(const char *why, struct outcome *outcome)
{
    json_decref(outcome->result);
    outcome->result = json_pack("{s:s, s:s}", "how", "not_pushed", "reason", why);
    return STEP_DONE;
}

static enum step judge_creation(const struct push *push, const struct http_response *answer,
                                struct outcome *outcome)
{
    static const char deed[] = "create the order";
    json_auto_t *json = NULL;

    if (answer->objection != NULL) {
        return leave_out(answer->objection, outcome);
    }
    if (is_uncertain(answer)) {
        return booking_answer_end(answer, STEP_UNCERTAIN, deed, push->job, outcome);
    }
    if (answer_class(answer) != ERROR_CLASS_OK) {
        return booking_answer_fail(answer, deed, push->job, outcome);
    }
    json = lenient_parse(answer->body, answer->length, NULL, NULL);

    AUTO(free) char *id = boekuwzending_id_of(json);

    if (id == NULL) {
        return outcome_fail(outcome, STEP_UNCERTAIN, ERROR_CLASS_UNKNOWN_OUTCOME,
                            "the order may be created, but the answer has no id");
    }
    return finish(push, id, "created", outcome);
}

static enum step start(struct push *push, struct http_request *next, struct outcome *outcome)
{
    const char *unwanted = json_string_value(json_object_get(push->job->context, "unwanted"));

    if (unwanted != NULL) {
        return leave_out(unwanted, outcome);
    }
    return push->pushed_id != NULL ? ask_to_change(push, PHASE_CHANGE_KNOWN, next)
                                   : ask_to_search(push, next);
}

static enum step push_step(void *state, const struct http_response *previous,
                           struct http_request *next, struct outcome *outcome)
{
    struct push *push = state;

    if (previous == NULL) {
        return start(push, next, outcome);
    }
    outcome->http_status = previous->status;
    switch (push->phase) {
    case PHASE_CHANGE_KNOWN:
    case PHASE_CHANGE_FOUND:
        return judge_change(push, previous, next, outcome);
    case PHASE_SEARCH:
        return judge_search(push, previous, next, outcome);
    case PHASE_CREATE:
        break;
    }
    return judge_creation(push, previous, outcome);
}

const struct job_kind job_kind_push_order = {
    .name = "push_order",
    .api = API_BOEKUWZENDING,
    .begin = push_begin,
    .step = push_step,
    .end = push_end,
};
