/*
 * Job kind "watch_order": looks whether a label was made of a pushed order in the panel, by a
 * person. The order tells its shipments, and each shipment its labels. Shipments of which we have
 * labels are read even when the order does not list them any more, since a label that was cancelled
 * or has disappeared must be noticed.
 *
 *   unwanted by now ──> nothing is asked
 *   read the order ──404──> somebody removed it: said, and not looked at again
 *         └──> read each of its shipments ──> all labels are recorded in one go
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/memory.h"
#include "worker/api/answer.h"
#include "worker/api/boekuwzending/pushed_order.h"
#include "worker/api/boekuwzending/request.h"
#include "worker/api/boekuwzending/shipment.h"
#include "worker/jobs/booking_answer.h"
#include "worker/jobs/job_answer.h"
#include "worker/jobs/kinds.h"

/* Most shipments of an order that are read; nobody splits one into so many. */
#define SHIPMENTS_MOST 50

struct watch {
    const struct job *job;
    enum environment environment;
    const char *pushed_id; /* borrowed from the context */
    bool is_order_read;
    bool is_archived;
    json_t *shipments; /* ids: those that the order lists, then others of which we have labels */
    size_t listed;     /* how many it lists */
    size_t next;       /* the one that was asked for */
    json_t *labels;    /* of all that were read; each with the id of its shipment */
    json_t *whole;     /* ids of shipments that have these labels and no others */
    bool is_unlabelled;
};

static void watch_end(void *state)
{
    struct watch *watch = state;

    if (watch != NULL) {
        json_decref(watch->shipments);
        json_decref(watch->labels);
        json_decref(watch->whole);
        free(watch);
    }
}

static void *watch_begin(const struct job *job, struct outcome *outcome)
{
    struct watch *watch = xcalloc(1, sizeof(*watch));

    *watch = (struct watch){
        .job = job,
        .pushed_id = json_string_value(json_object_get(job->context, "pushed_id")),
        .labels = json_array(),
        .whole = json_array(),
    };

    bool is_unwanted = json_is_string(json_object_get(job->context, "unwanted"));

    if (!booking_environment(job, &watch->environment) ||
        (!is_unwanted && (watch->pushed_id == NULL || !boekuwzending_is_id(watch->pushed_id)))) {
        outcome_fail(outcome, STEP_FAILED, ERROR_CLASS_CLIENT_ERROR,
                     "the job's context is not that of a pushed order");
        watch_end(watch);
        return NULL;
    }
    return watch;
}

static enum step start(const struct watch *watch, struct http_request *next,
                       struct outcome *outcome)
{
    const char *unwanted = json_string_value(json_object_get(watch->job->context, "unwanted"));

    if (unwanted != NULL) {
        json_decref(outcome->result);
        outcome->result = json_pack("{s:s, s:s}", "how", "not_watched", "reason", unwanted);
        return STEP_DONE;
    }
    boekuwzending_request_order(next, watch->environment, watch->pushed_id);
    return STEP_CALL;
}

static enum step note_removal(const struct watch *watch, struct outcome *outcome)
{
    outcome_write(outcome, "write_watched",
                  json_pack("{s:s, s:b, s:[], s:[], s:b}", "pushed_id", watch->pushed_id, "removed",
                            1, "labels", "shipments", "is_unlabelled", 0));
    json_decref(outcome->result);
    outcome->result = json_pack("{s:s}", "how", "removed");
    return STEP_DONE;
}

static const char *label_id(json_t *label)
{
    return json_string_value(json_object_get(label, "external_id"));
}

/* How many of the labels that we know are not cancelled as far as we know. */
static size_t count_known(json_t *known)
{
    size_t count = 0;
    const char *id = NULL;
    json_t *is_cancelled = NULL;

    json_object_foreach(known, id, is_cancelled)
    {
        count += json_is_false(is_cancelled) ? 1 : 0;
    }
    return count;
}

/* Whether a label is new or cancelled since, or one that was there is not any more. */
static bool is_news(const struct watch *watch)
{
    json_t *known = json_object_get(watch->job->context, "labels");
    size_t found = 0;
    size_t index = 0;
    json_t *label = NULL;

    json_array_foreach(watch->labels, index, label)
    {
        json_t *was_cancelled = json_object_get(known, label_id(label));
        bool is_cancelled = json_is_true(json_object_get(label, "is_cancelled"));

        if (was_cancelled == NULL || (is_cancelled && json_is_false(was_cancelled))) {
            return true;
        }
        found += json_is_false(was_cancelled) ? 1 : 0;
    }
    return found < count_known(known);
}

static enum step finish(const struct watch *watch, struct outcome *outcome)
{
    outcome_write(outcome, "write_watched",
                  json_pack("{s:s, s:b, s:O, s:O, s:b}", "pushed_id", watch->pushed_id, "removed",
                            0, "labels", watch->labels, "shipments", watch->whole, "is_unlabelled",
                            watch->is_unlabelled ? 1 : 0));
    json_decref(outcome->result);
    outcome->result = json_pack(
        "{s:s, s:I, s:I, s:b}", "how", "seen", "shipments", (json_int_t)watch->listed, "labels",
        (json_int_t)json_array_size(watch->labels), "archived", watch->is_archived ? 1 : 0);
    outcome->unremarkable = !is_news(watch);
    return STEP_DONE;
}

/* Asks for the next shipment, or ends. */
static enum step go_on(const struct watch *watch, struct http_request *next,
                       struct outcome *outcome)
{
    const char *id = json_string_value(json_array_get(watch->shipments, watch->next));

    if (id == NULL) {
        return finish(watch, outcome);
    }
    boekuwzending_request_shipment(next, watch->environment, id);
    return STEP_CALL;
}

/* Takes the shipments that the order lists, and those of which we have labels. False when these
 * are too many. */
static bool take_shipments(struct watch *watch, json_t *listed)
{
    json_t *known = json_object_get(watch->job->context, "shipments");
    size_t index = 0;
    json_t *id = NULL;

    watch->shipments = json_incref(listed);
    watch->listed = json_array_size(listed);
    json_array_foreach(known, index, id)
    {
        if (json_is_string(id) && boekuwzending_is_id(json_string_value(id))) {
            pushed_order_add_shipment(watch->shipments, json_string_value(id));
        }
    }
    return json_array_size(watch->shipments) <= SHIPMENTS_MOST;
}

static enum step judge_order(struct watch *watch, const struct http_response *answer,
                             struct http_request *next, struct outcome *outcome)
{
    static const char deed[] = "read the order";
    AUTO(pushed_order) struct pushed_order order = {.id = NULL};
    struct error err = ERROR_INIT;

    if (answer_is_missing(answer)) {
        return note_removal(watch, outcome);
    }
    if (answer_class(answer) != ERROR_CLASS_OK ||
        !pushed_order_read(answer->body, answer->length, &order, &err)) {
        return booking_answer_useless(answer, deed, err.text, watch->job, outcome);
    }
    if (strcasecmp(order.id, watch->pushed_id) != 0) {
        return job_answer_unreadable(answer, deed, "the answer is another one", outcome);
    }
    if (!take_shipments(watch, order.shipments)) {
        return job_answer_unreadable(answer, deed, "it has too many shipments", outcome);
    }
    watch->is_order_read = true;
    watch->is_archived = order.is_archived;
    return go_on(watch, next, outcome);
}

static void take_labels(struct watch *watch, const char *id, const struct booked_shipment *shipment)
{
    size_t index = 0;
    json_t *label = NULL;

    json_array_foreach(shipment->labels, index, label)
    {
        json_object_set_new(label, "shipment", json_string(id));
        json_array_append(watch->labels, label);
    }
    if (shipment->is_whole) {
        json_array_append_new(watch->whole, json_string(id));
    }
    watch->is_unlabelled = watch->is_unlabelled || json_array_size(shipment->labels) == 0;
}

/* A shipment that is not there has no labels; one that is listed may only not be there yet. */
static void take_absence(struct watch *watch, const char *id)
{
    json_array_append_new(watch->whole, json_string(id));
    watch->is_unlabelled = watch->is_unlabelled || watch->next < watch->listed;
}

static enum step judge_shipment(struct watch *watch, const struct http_response *answer,
                                struct http_request *next, struct outcome *outcome)
{
    static const char deed[] = "read a shipment of the order";
    AUTO(booked_shipment) struct booked_shipment shipment = {.id = NULL};
    const char *id = json_string_value(json_array_get(watch->shipments, watch->next));
    struct error err = ERROR_INIT;

    if (answer_is_missing(answer)) {
        take_absence(watch, id);
    } else if (answer_class(answer) != ERROR_CLASS_OK ||
               !booked_shipment_read(answer->body, answer->length, &shipment, &err)) {
        return booking_answer_useless(answer, deed, err.text, watch->job, outcome);
    } else if (strcasecmp(shipment.id, id) != 0) {
        return job_answer_unreadable(answer, deed, "the answer is another one", outcome);
    } else {
        take_labels(watch, id, &shipment);
    }
    watch->next++;
    return go_on(watch, next, outcome);
}

static enum step watch_step(void *state, const struct http_response *previous,
                            struct http_request *next, struct outcome *outcome)
{
    struct watch *watch = state;

    outcome->label_environment = watch->environment;
    if (previous == NULL) {
        return start(watch, next, outcome);
    }
    outcome->http_status = previous->status;
    return watch->is_order_read ? judge_shipment(watch, previous, next, outcome)
                                : judge_order(watch, previous, next, outcome);
}

const struct job_kind job_kind_watch_order = {
    .name = "watch_order",
    .api = API_BOEKUWZENDING,
    .begin = watch_begin,
    .step = watch_step,
    .end = watch_end,
};
