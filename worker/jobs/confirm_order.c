/*
 * Job kind "confirm_order": looks why an order is no longer in the list of open orders. Absence
 * from a list proves nothing; what the shop says of the order itself does. Only reads.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/memory.h"
#include "worker/api/answer.h"
#include "worker/api/shop/order.h"
#include "worker/api/shop/request.h"
#include "worker/api/text/lenient.h"
#include "worker/jobs/job_answer.h"
#include "worker/jobs/kinds.h"

static const char deed[] = "read the order";

struct confirm {
    const struct job *job;
    const char *number; /* these two are borrowed from the context */
    const char *uuid;
    int32_t shipped_status;
};

enum finding {
    FINDING_OPEN,
    FINDING_DELETED,
    FINDING_ARCHIVED,
    FINDING_SHIPPED_ELSEWHERE,
    FINDING_CREDITED,
    FINDING_STATUS_CHANGED, /* its words name the status */
    FINDING_NOT_PAID,
};

/* The codes end up in imported_order.withdrawn_reason. */
static const struct {
    const char *code;
    const char *reason;
} findings[] = {
    [FINDING_OPEN] = {NULL, NULL},
    [FINDING_DELETED] = {"deleted", "the shop no longer has this order"},
    [FINDING_ARCHIVED] = {"archived", "the order was archived in the shop"},
    [FINDING_SHIPPED_ELSEWHERE] = {"shipped_elsewhere", "the order was marked shipped in the shop"},
    [FINDING_CREDITED] = {"credited", "the order credits another one"},
    [FINDING_STATUS_CHANGED] = {"status_changed", NULL},
    [FINDING_NOT_PAID] = {"not_paid", "the order is not paid, and only paid orders are imported"},
};

static void *confirm_begin(const struct job *job, struct outcome *outcome)
{
    struct confirm *confirm = xcalloc(1, sizeof(*confirm));

    *confirm = (struct confirm){
        .job = job,
        .number = json_string_value(json_object_get(job->context, "order_number")),
        .uuid = json_string_value(json_object_get(job->context, "order_uuid")),
    };
    if (confirm->number == NULL || confirm->uuid == NULL ||
        !json_is_array(json_object_get(job->context, "open_statuses")) ||
        !lenient_integer(job->context, "shipped_status", &confirm->shipped_status)) {
        outcome_fail(outcome, STEP_FAILED, ERROR_CLASS_CLIENT_ERROR,
                     "the job's context is not that of an imported order");
        free(confirm);
        return NULL;
    }
    return confirm;
}

/* What the shop's own word on the order means. */
static enum finding judge(const struct confirm *confirm, const struct order *order)
{
    json_t *open = json_object_get(confirm->job->context, "open_statuses");

    if (strcasecmp(order->uuid, confirm->uuid) != 0) {
        return FINDING_DELETED; /* its number was given to another order */
    }
    if (order->archived) {
        return FINDING_ARCHIVED;
    }
    if (order->status == confirm->shipped_status) {
        return FINDING_SHIPPED_ELSEWHERE;
    }
    if (order->credit) {
        return FINDING_CREDITED;
    }
    if (!order_is_among(order, open)) {
        return FINDING_STATUS_CHANGED;
    }
    return lenient_true(confirm->job->context, "paid_only") && !order->paid ? FINDING_NOT_PAID
                                                                            : FINDING_OPEN;
}

/* Records it. `order` is NULL when the shop has none. */
static enum step finish(enum finding finding, const struct order *order, struct outcome *outcome)
{
    const char *ending = finding == FINDING_OPEN ? "open" : "withdrawn";
    const char *code = findings[finding].code;
    AUTO(free) char *changed = NULL;

    if (finding == FINDING_STATUS_CHANGED) {
        changed = xasprintf("the shop's status is %d, which is not open", order->status);
    }
    outcome_write(outcome, "write_confirmed",
                  json_pack("{s:s, s:s?, s:s?, s:o}", "outcome", ending, "reason_code", code,
                            "reason", changed != NULL ? changed : findings[finding].reason,
                            "shop_status",
                            order != NULL ? json_integer(order->status) : json_null()));
    json_decref(outcome->result);
    outcome->result = json_pack("{s:s, s:s?}", "outcome", ending, "reason_code", code);
    return STEP_DONE;
}

static enum step judge_answer(const struct confirm *confirm, const struct http_response *answer,
                              struct outcome *outcome)
{
    AUTO(order) struct order order = {.json = NULL};
    struct error err = ERROR_INIT;

    if (answer_is_missing(answer)) {
        return finish(FINDING_DELETED, NULL, outcome);
    }
    if (answer_class(answer) != ERROR_CLASS_OK ||
        !order_read(answer->body, answer->length, &order, &err)) {
        return job_answer_useless(answer, deed, err.text, outcome);
    }
    if (order.uuid == NULL || !order.has_status) {
        return job_answer_unreadable(answer, deed, "the answer is not an order", outcome);
    }
    if (order.is_credit_unclear) {
        return job_answer_unreadable(answer, deed, "what decides is not a number", outcome);
    }
    return finish(judge(confirm, &order), &order, outcome);
}

static enum step confirm_step(void *state, const struct http_response *previous,
                              struct http_request *next, struct outcome *outcome)
{
    const struct confirm *confirm = state;

    outcome->shop_environment = ENVIRONMENT_PRODUCTION;
    if (previous != NULL) {
        outcome->http_status = previous->status;
        return judge_answer(confirm, previous, outcome);
    }
    shop_request_order(next, confirm->number);
    return STEP_CALL;
}

static void confirm_end(void *state)
{
    free(state);
}

const struct job_kind job_kind_confirm_order = {
    .name = "confirm_order",
    .api = API_MIJNWEBWINKEL,
    .begin = confirm_begin,
    .step = confirm_step,
    .end = confirm_end,
};
