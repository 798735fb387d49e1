/*
 * Job kind "create_shipment": books a shipment at Boekuwzending and fetches its labels.
 *
 * A shipment costs money, so before it is asked for, that it will be is made durable. Whoever comes
 * after that first looks whether it is there, by our reference, and only asks again when it is not.
 *
 *   id known ──────> read it ─────────────────────────────┐
 *   asked before ──> search ──> read each hit ──> ours ───┤──> labels complete: done
 *                    by pages ────┴──> none: book it ─────┘    else: come back later
 *   never asked ─────────────────────> book it
 *
 * One that adds labels to an order whose first is just being booked waits for that, so that it can
 * name it.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "worker/api/answer.h"
#include "worker/api/boekuwzending/request.h"
#include "worker/api/boekuwzending/shipment.h"
#include "worker/api/text/lenient.h"
#include "worker/api/text/text.h"
#include "worker/jobs/booking_answer.h"
#include "worker/jobs/booking_doubt.h"
#include "worker/jobs/job_answer.h"
#include "worker/jobs/kinds.h"
#include "worker/jobs/shipment_search.h"

/* When to come back for labels, by the age of the shipment; none come after a day. */
#define FRESH_S  60
#define YOUNG_S  3600
#define OLDEST_S 86400

/* How soon it is looked whether the first label of the order is booked. */
#define FIRST_WAIT_MS 500

#define FRESH_WAIT_MS 2000
#define YOUNG_WAIT_MS 30000
#define OLD_WAIT_MS   300000

enum create_phase {
    PHASE_READ,   /* GET the shipment that we know */
    PHASE_SEARCH, /* GET the shipments with our reference */
    PHASE_HIT,    /* GET each of them */
    PHASE_BOOK,   /* POST */
};

struct create {
    const struct job *job;
    enum environment environment;
    char *reference;         /* owned */
    const char *external_id; /* borrowed from the context; NULL: not known yet */
    int32_t label_count;
    struct booking_doubt doubt;
    double created_s; /* seconds since it was there; NAN: not known to be */
    enum create_phase phase;
    struct shipment_search search;
};

static void create_end(void *state)
{
    struct create *create = state;

    if (create != NULL) {
        free(create->reference);
        shipment_search_release(&create->search);
        free(create);
    }
}

static double seconds_of(const struct job *job, const char *key)
{
    double seconds = 0;

    return lenient_number(job->context, key, &seconds) ? fmax(seconds, 0) : (double)NAN;
}

/* Whether the context names a shipment that can be booked, and searched for afterwards. */
static bool makes_sense(const struct create *create)
{
    json_t *context = create->job->context;

    return create->reference != NULL && strlen(create->reference) <= BOEKUWZENDING_SEARCH_LENGTH &&
           (create->external_id == NULL || boekuwzending_is_id(create->external_id)) &&
           create->label_count >= 1 && lenient_is_set(context, "service") &&
           json_array_size(json_object_get(context, "items")) > 0 &&
           lenient_is_set(context, "dispatch_date") &&
           json_is_object(json_object_get(context, "from")) &&
           json_is_object(json_object_get(context, "to"));
}

static void *create_begin(const struct job *job, struct outcome *outcome)
{
    struct create *create = xcalloc(1, sizeof(*create));

    *create = (struct create){
        .job = job,
        .reference = lenient_text(job->context, "reference", BOEKUWZENDING_SEARCH_LENGTH + 1),
        .external_id = json_string_value(json_object_get(job->context, "external_id")),
        .doubt = booking_doubt_read(job),
        .created_s = seconds_of(job, "created_seconds_ago"),
    };
    if (!booking_environment(job, &create->environment) ||
        !lenient_integer(job->context, "label_count", &create->label_count) ||
        !makes_sense(create)) {
        outcome_fail(outcome, STEP_FAILED, ERROR_CLASS_CLIENT_ERROR,
                     "the job's context is not that of a shipment");
        create_end(create);
        return NULL;
    }
    return create;
}

static enum step ask_to_book(struct create *create, struct http_request *next,
                             struct outcome *outcome)
{
    json_t *context = create->job->context;
    bool is_related = lenient_is_set(context, "related_external_id");

    if (lenient_true(context, "related_is_pending")) {
        outcome->retry_after_ms = FIRST_WAIT_MS;
        return outcome_fail(outcome, STEP_RETRY, ERROR_CLASS_OK,
                            "it waits until the first label of the order is booked");
    }
    create->phase = PHASE_BOOK;
    /* With what is labelled, so that it is known when the order was changed meanwhile. */
    outcome_write(outcome, "write_sending",
                  json_pack("{s:b, s:O?, s:O?, s:O?}", "sending", 1, "address_hash",
                            json_object_get(context, "address_hash"), "goods_hash",
                            json_object_get(context, "goods_hash"), "related_id",
                            is_related ? json_object_get(context, "related_id") : NULL));
    boekuwzending_request_book(next, create->environment, boekuwzending_shipment_body(context));
    return STEP_CALL;
}

static enum step ask_to_search(struct create *create, struct http_request *next)
{
    create->phase = PHASE_SEARCH;
    boekuwzending_request_find_shipments(next, create->environment, create->reference,
                                         boekuwzending_pages_next(&create->search.pages));
    return STEP_CALL;
}

static enum step start(struct create *create, struct http_request *next, struct outcome *outcome)
{
    const char *state = json_string_value(json_object_get(create->job->context, "state"));

    if (state != NULL && strcmp(state, "labelled") == 0) {
        return STEP_DONE;
    }
    if (create->external_id != NULL) {
        create->phase = PHASE_READ;
        boekuwzending_request_shipment(next, create->environment, create->external_id);
        return STEP_CALL;
    }
    if (!create->doubt.was_asked_for) {
        return ask_to_book(create, next, outcome);
    }
    return ask_to_search(create, next);
}

/* What an answer means in each phase. */
typedef enum step judge(struct create *create, const struct http_response *answer,
                        struct http_request *next, struct outcome *outcome);

static judge judge_known, judge_search, judge_hit, judge_booking;

static judge *const judges[] = {
    [PHASE_READ] = judge_known,
    [PHASE_SEARCH] = judge_search,
    [PHASE_HIT] = judge_hit,
    [PHASE_BOOK] = judge_booking,
};

static enum step create_step(void *state, const struct http_response *previous,
                             struct http_request *next, struct outcome *outcome)
{
    struct create *create = state;

    outcome->label_environment = create->environment;
    if (previous == NULL) {
        return start(create, next, outcome);
    }
    outcome->http_status = previous->status;
    if (previous->objection != NULL) {
        outcome_fail(outcome, STEP_FAILED, ERROR_CLASS_CLIENT_ERROR, "not booked: %s",
                     previous->objection);
        return booking_answer_not_booked(outcome);
    }
    return judges[create->phase](create, previous, next, outcome);
}

static json_t *result_of(const struct create *create, const struct booked_shipment *shipment)
{
    bool reconciled = create->search.found.id != NULL;
    json_t *result =
        json_pack("{s:s, s:I, s:b}", "external_id", shipment->id, "labels",
                  (json_int_t)json_array_size(shipment->labels), "reconciled", reconciled ? 1 : 0);

    if (create->search.duplicates > 0) {
        json_object_set_new(result, "duplicates",
                            json_integer((json_int_t)create->search.duplicates));
    }
    return result;
}

/* Not all labels are there: comes back later, or gives up after a day. */
static enum step wait_for_labels(const struct create *create, size_t count, struct outcome *outcome)
{
    double age = isnan(create->created_s) ? 0 : create->created_s;

    if (age > OLDEST_S && count == 0) {
        return outcome_fail(outcome, STEP_FAILED, ERROR_CLASS_UNREADABLE, "no labels after a day");
    }
    if (age > OLDEST_S) {
        return outcome_fail(outcome, STEP_FAILED, ERROR_CLASS_UNREADABLE,
                            "only %zu of %d labels after a day", count, create->label_count);
    }
    outcome->retry_after_ms = age < FRESH_S   ? FRESH_WAIT_MS
                              : age < YOUNG_S ? YOUNG_WAIT_MS
                                              : OLD_WAIT_MS;
    return outcome_fail(outcome, STEP_RETRY, ERROR_CLASS_OK, "%zu of %d labels are made", count,
                        create->label_count);
}

/* The shipment exists: records it with the labels that it has so far. `booking`: the answer to the
 * request that made it, or NULL. */
static enum step take_shipment(const struct create *create, const struct booked_shipment *shipment,
                               const struct http_response *booking, struct outcome *outcome)
{
    size_t count = json_array_size(shipment->labels);
    bool complete = count >= (size_t)create->label_count;
    json_t *row =
        json_pack("{s:s, s:s?, s:b, s:O}", "external_id", shipment->id, "sequence",
                  shipment->sequence, "complete", complete ? 1 : 0, "labels", shipment->labels);

    if (booking != NULL) {
        json_object_set_new(row, "took_ms", json_integer(booking->took_ms));
    }
    outcome_write(outcome, "write_shipment", row);
    json_decref(outcome->result);
    outcome->result = result_of(create, shipment);
    return complete ? STEP_DONE : wait_for_labels(create, count, outcome);
}

/* Reads the shipment with this id: STEP_DONE, or how the attempt ends because it cannot be read. */
static enum step read_shipment(const struct create *create, const struct http_response *answer,
                               const char *id, struct booked_shipment *ret_shipment,
                               struct outcome *outcome)
{
    static const char deed[] = "read the shipment";
    AUTO(booked_shipment) struct booked_shipment shipment = {.id = NULL};
    struct error err = ERROR_INIT;

    if (answer_class(answer) != ERROR_CLASS_OK ||
        !booked_shipment_read(answer->body, answer->length, &shipment, &err)) {
        return booking_answer_useless(answer, deed, err.text, create->job, outcome);
    }
    if (strcasecmp(shipment.id, id) != 0) {
        return job_answer_unreadable(answer, deed, "the answer is another one", outcome);
    }
    *ret_shipment = shipment;
    shipment = (struct booked_shipment){.id = NULL};
    return STEP_DONE;
}

static enum step judge_known(struct create *create, const struct http_response *answer,
                             struct http_request *next, struct outcome *outcome)
{
    AUTO(booked_shipment) struct booked_shipment shipment = {.id = NULL};

    (void)next;
    if (answer_is_missing(answer) && create->created_s < FRESH_S) {
        outcome->retry_after_ms = FRESH_WAIT_MS;
        return outcome_fail(outcome, STEP_RETRY, ERROR_CLASS_OK,
                            "the shipment cannot be read yet: HTTP 404");
    }
    if (answer_is_missing(answer)) {
        return outcome_fail(outcome, STEP_FAILED, ERROR_CLASS_CLIENT_ERROR,
                            "Boekuwzending no longer has the shipment: HTTP 404");
    }

    enum step step = read_shipment(create, answer, create->external_id, &shipment, outcome);

    return step == STEP_DONE ? take_shipment(create, &shipment, NULL, outcome) : step;
}

/* Nothing was found with our reference. */
static enum step judge_absence(struct create *create, struct http_request *next,
                               struct outcome *outcome)
{
    return booking_doubt_is_settled(&create->doubt) ? ask_to_book(create, next, outcome)
                                                    : booking_doubt_wait(&create->doubt, outcome);
}

/* All hits of the page were read, or there are none. */
static enum step conclude(struct create *create, const struct http_response *answer,
                          struct http_request *next, struct outcome *outcome)
{
    if (create->search.found.id != NULL) {
        return take_shipment(create, &create->search.found, NULL, outcome);
    }
    if (create->search.pages.may_go_on) {
        return ask_to_search(create, next);
    }
    if (create->search.is_doubtful) {
        return job_answer_unreadable(answer, "find the shipment",
                                     "not all that was found can be looked at", outcome);
    }
    return judge_absence(create, next, outcome);
}

static enum step read_next_hit(struct create *create, const struct http_response *answer,
                               struct http_request *next, struct outcome *outcome)
{
    const char *id = shipment_search_id(&create->search);

    if (id == NULL) {
        return conclude(create, answer, next, outcome);
    }
    create->phase = PHASE_HIT;
    boekuwzending_request_shipment(next, create->environment, id);
    return STEP_CALL;
}

static enum step judge_search(struct create *create, const struct http_response *answer,
                              struct http_request *next, struct outcome *outcome)
{
    static const char deed[] = "find the shipment";
    struct error err = ERROR_INIT;

    if (answer_class(answer) != ERROR_CLASS_OK ||
        !shipment_search_take_list(&create->search, answer->body, answer->length, &err)) {
        return booking_answer_useless(answer, deed, err.text, create->job, outcome);
    }
    return read_next_hit(create, answer, next, outcome);
}

static enum step judge_hit(struct create *create, const struct http_response *answer,
                           struct http_request *next, struct outcome *outcome)
{
    AUTO(booked_shipment) struct booked_shipment shipment = {.id = NULL};
    const char *id = shipment_search_id(&create->search);
    enum step step = STEP_DONE;

    if (!answer_is_missing(answer)) {
        step = read_shipment(create, answer, id, &shipment, outcome);
    }
    if (step != STEP_DONE) {
        return step;
    }
    shipment_search_take(&create->search, &shipment, create->reference);
    return read_next_hit(create, answer, next, outcome);
}

/* What a class of answers to the POST means. */
static enum step judge_refusal(const struct create *create, const struct http_response *answer,
                               struct outcome *outcome)
{
    bool answered = answer->transport == ERROR_CLASS_OK;
    enum error_class class = answer_class(answer);

    /* A conflict may mean that it was made. */
    if (answered && !answer->refuses_credentials &&
        (class == ERROR_CLASS_AUTH ||
         (class == ERROR_CLASS_CLIENT_ERROR && answer->status != 409))) {
        booking_answer_end(answer, STEP_FAILED, "book the shipment", create->job, outcome);
        return booking_answer_not_booked(outcome);
    }
    if (class == ERROR_CLASS_RATE_LIMITED || !booking_was_sent(answer)) {
        return booking_doubt_not_made(answer, create->job, outcome);
    }
    return booking_doubt_open(answer, create->job, outcome);
}

static enum step judge_booking(struct create *create, const struct http_response *answer,
                               struct http_request *next, struct outcome *outcome)
{
    AUTO(booked_shipment) struct booked_shipment shipment = {.id = NULL};
    struct error err = ERROR_INIT;

    (void)next;
    if (answer_class(answer) != ERROR_CLASS_OK) {
        return judge_refusal(create, answer, outcome);
    }
    if (!booked_shipment_read(answer->body, answer->length, &shipment, &err)) {
        return booking_doubt_unreadable(answer, err.text, outcome);
    }
    return take_shipment(create, &shipment, answer, outcome);
}

const struct job_kind job_kind_create_shipment = {
    .name = "create_shipment",
    .api = API_BOEKUWZENDING,
    .begin = create_begin,
    .step = create_step,
    .end = create_end,
};
