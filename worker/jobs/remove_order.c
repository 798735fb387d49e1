/*
 * Job kind "remove_order": takes an order that was put at Boekuwzending back, since it must not be
 * shipped from there. A merchant's other order must never go, nor what he has labels of: so
 * each is read before it is deleted.
 *
 *   wanted again ──> nothing is sent
 *   id known ──> read it ──404──> gone
 *                   ├──not ours, or it has shipments──> it stays, and is no longer ours
 *                   └──> delete it ──404 too──> gone
 *   not known ──> search ──found──> read it …, and search again
 *                    └──none──> gone
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

/* Most orders of one identity that are dealt with in an attempt; a lost answer makes one. */
#define MOST_ORDERS 10

enum remove_phase {
    PHASE_SEARCH, /* GET by the shop's identity */
    PHASE_READ,   /* GET by its id there */
    PHASE_DELETE, /* DELETE */
};

struct removal {
    const struct job *job;
    enum environment environment;
    const char *external_id;          /* borrowed from the context, as is the next */
    const char *pushed_id;            /* what we remember; NULL: it is searched for */
    char *id;                         /* of the order that is read or deleted; owned */
    struct boekuwzending_pages pages; /* of the search */
    int orders;                       /* that were found and are gone */
    enum remove_phase phase;
};

static void remove_end(void *state)
{
    struct removal *removal = state;

    if (removal != NULL) {
        free(removal->id);
        boekuwzending_pages_release(&removal->pages);
        free(removal);
    }
}

static void *remove_begin(const struct job *job, struct outcome *outcome)
{
    struct removal *removal = xcalloc(1, sizeof(*removal));

    *removal = (struct removal){
        .job = job,
        .external_id = json_string_value(json_object_get(job->context, "external_id")),
        .pushed_id = json_string_value(json_object_get(job->context, "pushed_id")),
    };
    if (!booking_environment(job, &removal->environment) || removal->external_id == NULL ||
        removal->external_id[0] == '\0' ||
        strlen(removal->external_id) > BOEKUWZENDING_SEARCH_LENGTH ||
        (removal->pushed_id != NULL && !boekuwzending_is_id(removal->pushed_id)) ||
        !json_is_boolean(json_object_get(job->context, "has_to_leave"))) {
        outcome_fail(outcome, STEP_FAILED, ERROR_CLASS_CLIENT_ERROR,
                     "the job's context is not that of an order that was pushed");
        remove_end(removal);
        return NULL;
    }
    return removal;
}

/* Nothing of ours is there any more: what is known of it is forgotten. */
static enum step finish(const struct removal *removal, const char *how, struct outcome *outcome)
{
    outcome_write(outcome, "write_removed", json_pack("{s:s?}", "pushed_id", removal->pushed_id));
    json_decref(outcome->result);
    outcome->result = json_pack("{s:s, s:s*}", "how", how, "pushed_id",
                                removal->id != NULL ? removal->id : removal->pushed_id);
    return STEP_DONE;
}

static enum step ask_to_search(struct removal *removal, struct http_request *next)
{
    removal->phase = PHASE_SEARCH;
    boekuwzending_request_find_orders(next, removal->environment, removal->external_id,
                                      removal->pages.taken);
    return STEP_CALL;
}

/* Takes `id` over. */
static enum step ask_to_read(struct removal *removal, char *id, struct http_request *next)
{
    free(removal->id);
    removal->id = id;
    removal->phase = PHASE_READ;
    boekuwzending_request_order(next, removal->environment, id);
    return STEP_CALL;
}

/* One that we know by its id is the only one; after a lost answer there may be more. */
static enum step go_on(struct removal *removal, const struct http_response *answer,
                       struct http_request *next, struct outcome *outcome)
{
    if (removal->pushed_id != NULL) {
        return finish(removal, removal->phase == PHASE_DELETE ? "removed" : "not_there", outcome);
    }
    if (++removal->orders == MOST_ORDERS) {
        return job_answer_unreadable(answer, "delete the order", "it is found again and again",
                                     outcome);
    }
    boekuwzending_pages_release(&removal->pages);
    return ask_to_search(removal, next);
}

static enum step judge_search(struct removal *removal, const struct http_response *answer,
                              struct http_request *next, struct outcome *outcome)
{
    static const char deed[] = "find the order";
    json_auto_t *list = NULL;
    struct error err = ERROR_INIT;

    if (answer_class(answer) != ERROR_CLASS_OK ||
        !boekuwzending_list_read(answer->body, answer->length, &list, &err)) {
        return booking_answer_useless(answer, deed, err.text, removal->job, outcome);
    }

    char *id = boekuwzending_order_find(list, removal->external_id);

    if (id != NULL) {
        return ask_to_read(removal, id, next);
    }
    boekuwzending_pages_take(&removal->pages, list);
    if (removal->pages.may_go_on) {
        return ask_to_search(removal, next);
    }
    return removal->pages.is_cut
               ? job_answer_unreadable(answer, deed, "pages of others were found", outcome)
               : finish(removal, removal->orders > 0 ? "removed" : "not_there", outcome);
}

static enum step judge_reading(struct removal *removal, const struct http_response *answer,
                               struct http_request *next, struct outcome *outcome)
{
    static const char deed[] = "read the order";

    if (answer_is_missing(answer)) {
        return go_on(removal, answer, next, outcome);
    }
    if (answer_class(answer) != ERROR_CLASS_OK) {
        return booking_answer_fail(answer, deed, removal->job, outcome);
    }

    json_auto_t *order = lenient_parse(answer->body, answer->length, NULL, NULL);
    AUTO(free)
    char *owner = lenient_text(order, "externalId", BOEKUWZENDING_SEARCH_LENGTH + 1);

    if (owner == NULL) {
        return booking_answer_useless(answer, deed, "it does not say whose order it is",
                                      removal->job, outcome);
    }
    if (strcmp(owner, removal->external_id) != 0) {
        return finish(removal, "not_ours", outcome);
    }
    if (boekuwzending_order_has_shipments(order)) {
        return finish(removal, "kept_with_shipments", outcome);
    }
    removal->phase = PHASE_DELETE;
    boekuwzending_request_delete_order(next, removal->environment, removal->id);
    return STEP_CALL;
}

static enum step judge_deletion(struct removal *removal, const struct http_response *answer,
                                struct http_request *next, struct outcome *outcome)
{
    if (!answer_is_missing(answer) && answer_class(answer) != ERROR_CLASS_OK) {
        return booking_answer_fail(answer, "delete the order", removal->job, outcome);
    }
    return go_on(removal, answer, next, outcome);
}

static enum step start(struct removal *removal, struct http_request *next, struct outcome *outcome)
{
    if (!json_is_true(json_object_get(removal->job->context, "has_to_leave"))) {
        json_decref(outcome->result);
        outcome->result = json_pack("{s:s}", "how", "wanted_again");
        return STEP_DONE;
    }
    return removal->pushed_id != NULL ? ask_to_read(removal, xstrdup(removal->pushed_id), next)
                                      : ask_to_search(removal, next);
}

static enum step remove_step(void *state, const struct http_response *previous,
                             struct http_request *next, struct outcome *outcome)
{
    struct removal *removal = state;

    if (previous == NULL) {
        return start(removal, next, outcome);
    }
    outcome->http_status = previous->status;
    switch (removal->phase) {
    case PHASE_SEARCH:
        return judge_search(removal, previous, next, outcome);
    case PHASE_READ:
        return judge_reading(removal, previous, next, outcome);
    case PHASE_DELETE:
        break;
    }
    return judge_deletion(removal, previous, next, outcome);
}

const struct job_kind job_kind_remove_order = {
    .name = "remove_order",
    .api = API_BOEKUWZENDING,
    .begin = remove_begin,
    .step = remove_step,
    .end = remove_end,
};
