/*
 * Job kind "quote": asks Boekuwzending which services there are for an order, and at what price.
 * Nothing is made by it, so each question may be repeated. Of its two ways to answer, the second is
 * tried when the first has nothing useful to say [BKZ-702, BKZ-703, R-723].
 *
 *   unwanted by now ──> nothing is sent
 *   ask for rates ──services──────────────────────────────> keep them
 *        └──none, 404 or unreadable──> ask for the matrix ──┘
 *                                            └──none──> keep that there are none
 */
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "worker/api/answer.h"
#include "worker/api/boekuwzending/rates.h"
#include "worker/api/boekuwzending/request.h"
#include "worker/api/boekuwzending/shipment.h"
#include "worker/api/text/lenient.h"
#include "worker/jobs/booking_answer.h"
#include "worker/jobs/booking_doubt.h"
#include "worker/jobs/job_answer.h"
#include "worker/jobs/kinds.h"

static const char deed[] = "ask for services and prices";

struct quote {
    const struct job *job;
    enum environment environment;
    json_t *wish;       /* the context with the items of the arguments; owned */
    bool is_matrix;     /* the next answer is the second one */
    bool rates_said_no; /* the first one said that there are no services, and did not just fail */
};

static void quote_end(void *state)
{
    struct quote *quote = state;

    if (quote != NULL) {
        json_decref(quote->wish);
        free(quote);
    }
}

/* Of the arguments; production when they do not say. */
static bool read_environment(const struct job *job, enum environment *ret_environment)
{
    json_t *named = json_object_get(job->args, "environment");
    const char *name = named != NULL ? json_string_value(named) : "production";

    if (name == NULL || (strcmp(name, "production") != 0 && strcmp(name, "staging") != 0)) {
        return false;
    }
    *ret_environment = strcmp(name, "staging") == 0 ? ENVIRONMENT_STAGING : ENVIRONMENT_PRODUCTION;
    return true;
}

/* What is asked for: the parcels of the arguments, else the usual one of the context. */
static json_t *wish_of(const struct job *job)
{
    json_t *wish = json_copy(job->context);
    json_t *items = json_object_get(job->args, "items");

    if (items != NULL) {
        json_object_set(wish, "items", items);
    }
    return wish;
}

static void *quote_begin(const struct job *job, struct outcome *outcome)
{
    struct quote *quote = xcalloc(1, sizeof(*quote));

    *quote = (struct quote){.job = job, .wish = wish_of(job)};
    if (!read_environment(job, &quote->environment) ||
        json_array_size(json_object_get(quote->wish, "items")) == 0 ||
        !lenient_is_set(quote->wish, "dispatch_date") ||
        !json_is_object(json_object_get(quote->wish, "from")) ||
        !json_is_object(json_object_get(quote->wish, "to"))) {
        outcome_fail(outcome, STEP_FAILED, ERROR_CLASS_CLIENT_ERROR,
                     "the job's context is not that of an order to be shipped");
        quote_end(quote);
        return NULL;
    }
    return quote;
}

static enum step start(const struct quote *quote, struct http_request *next,
                       struct outcome *outcome)
{
    const char *unwanted = json_string_value(json_object_get(quote->wish, "unwanted"));

    if (unwanted != NULL) {
        json_decref(outcome->result);
        outcome->result = json_pack("{s:s, s:s}", "how", "not_asked", "reason", unwanted);
        return STEP_DONE;
    }
    boekuwzending_request_rates(next, quote->environment, boekuwzending_rate_body(quote->wish));
    return STEP_CALL;
}

static enum step ask_for_matrix(struct quote *quote, struct http_request *next)
{
    quote->is_matrix = true;
    boekuwzending_request_matrix(next, quote->environment, boekuwzending_rate_body(quote->wish));
    return STEP_CALL;
}

static enum step keep(const struct quote *quote, json_t *services, struct outcome *outcome)
{
    bool is_staging = quote->environment == ENVIRONMENT_STAGING;

    outcome_write(outcome, "write_quote",
                  json_pack("{s:s, s:O, s:O}", "environment", is_staging ? "staging" : "production",
                            "asked", json_object_get(quote->wish, "items"), "services", services));
    json_decref(outcome->result);
    outcome->result = json_pack("{s:I, s:s}", "services", (json_int_t)json_array_size(services),
                                "how", quote->is_matrix ? "matrix" : "rate-request");
    return STEP_DONE;
}

/* Whether the service has no such way to ask, or none that is understood. What comes from the
 * question for a bearer token, or from a gateway, says nothing about that. */
static bool is_useless(const struct http_response *answer)
{
    enum error_class class = answer_class(answer);

    return booking_was_sent(answer) &&
           (class == ERROR_CLASS_OK || answer->status == 404 || answer->status == 405);
}

/* No services, or an answer that ends the attempt. A refusal cannot be helped by asking again. */
static enum step fail(const struct quote *quote, const struct http_response *answer,
                      const char *why, struct outcome *outcome)
{
    enum error_class class = answer_class(answer);
    bool is_final = class == ERROR_CLASS_CLIENT_ERROR || class == ERROR_CLASS_AUTH;

    return is_final ? booking_answer_end(answer, STEP_FAILED, deed, quote->job, outcome)
                    : booking_answer_useless(answer, deed, why, quote->job, outcome);
}

static enum step judge_rates(struct quote *quote, const struct http_response *answer,
                             struct http_request *next, struct outcome *outcome)
{
    json_auto_t *services = NULL;
    struct error err = ERROR_INIT;

    if (answer_class(answer) == ERROR_CLASS_OK &&
        boekuwzending_rates_read(answer->body, answer->length, &services, &err)) {
        quote->rates_said_no = answer->length > 0 && json_array_size(services) == 0;
    }
    if (json_array_size(services) > 0) {
        return keep(quote, services, outcome);
    }
    return is_useless(answer) ? ask_for_matrix(quote, next)
                              : fail(quote, answer, err.text, outcome);
}

static enum step judge_matrix(const struct quote *quote, const struct http_response *answer,
                              struct outcome *outcome)
{
    json_auto_t *services = NULL;
    struct error err = ERROR_INIT;

    if (answer_class(answer) == ERROR_CLASS_OK &&
        boekuwzending_matrix_read(answer->body, answer->length, &services, &err)) {
        return keep(quote, services, outcome);
    }
    if (quote->rates_said_no && is_useless(answer)) {
        services = json_array();
        return keep(quote, services, outcome);
    }
    return fail(quote, answer, err.text, outcome);
}

static enum step quote_step(void *state, const struct http_response *previous,
                            struct http_request *next, struct outcome *outcome)
{
    struct quote *quote = state;

    if (previous == NULL) {
        return start(quote, next, outcome);
    }
    outcome->http_status = previous->status;
    return quote->is_matrix ? judge_matrix(quote, previous, outcome)
                            : judge_rates(quote, previous, next, outcome);
}

const struct job_kind job_kind_quote = {
    .name = "quote",
    .api = API_BOEKUWZENDING,
    .begin = quote_begin,
    .step = quote_step,
    .end = quote_end,
};
