/* Job kind "mark_shipped": tells the shop that an order was shipped, unless the shop knows better.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/ascii.h"
#include "common/memory.h"
#include "worker/api/answer.h"
#include "worker/api/shop/order.h"
#include "worker/api/shop/order_fingerprint.h"
#include "worker/api/shop/order_row.h"
#include "worker/api/shop/request.h"
#include "worker/api/text/json_write.h"
#include "worker/api/text/lenient.h"
#include "worker/jobs/job_answer.h"
#include "worker/jobs/kinds.h"

struct mark {
    const struct job *job;
    const char *number; /* these four are borrowed from the context */
    const char *uuid;
    const char *label_environment;
    const char *comment_line; /* NULL: the comment is left alone */
    int32_t shipped_status;
    bool is_patched;  /* the PATCH was asked for: the next answer is about it */
    bool was_shipped; /* the order was shipped before that, which is about its comment alone */
    bool has_fingerprint;
    struct order_fingerprint fingerprint; /* of the order as it was read, if it has one */
};

enum ending {
    ENDING_MARKED,
    ENDING_ALREADY_SHIPPED,
    ENDING_TEST_ORDER,
    ENDING_STAGING_LABEL,
    ENDING_NOT_FOUND,
    ENDING_OTHER_ORDER,
    ENDING_CREDITED,
    ENDING_STATUS_CHANGED, /* its words name the status */
};

/* As imported_order records them: what became of it, and why the shop was not told. */
static const struct {
    const char *outcome;
    const char *code;
    const char *reason;
} endings[] = {
    [ENDING_MARKED] = {"marked", NULL, NULL},
    [ENDING_ALREADY_SHIPPED] = {"already_shipped", NULL, NULL},
    [ENDING_TEST_ORDER] = {"not_marked", "test_order",
                           "it is a test order, and those are never changed"},
    [ENDING_STAGING_LABEL] = {"not_marked", "staging_label",
                              "the label was made on staging, and this shop is not told of those"},
    [ENDING_NOT_FOUND] = {"not_marked", "not_found", "the shop has no order with this number"},
    [ENDING_OTHER_ORDER] = {"not_marked", "other_order",
                            "the shop has another order under this number"},
    [ENDING_CREDITED] = {"not_marked", "credited", "the order was credited in the shop"},
    [ENDING_STATUS_CHANGED] = {"not_marked", "status_changed", NULL},
};

static const char *context_text(const struct job *job, const char *key)
{
    return json_string_value(json_object_get(job->context, key));
}

static void *mark_begin(const struct job *job, struct outcome *outcome)
{
    struct mark *mark = NULL;

    if (json_is_null(json_object_get(job->context, "label_environment"))) {
        outcome_fail(outcome, STEP_FAILED, ERROR_CLASS_CLIENT_ERROR, "the order has no label");
        return NULL;
    }
    mark = xcalloc(1, sizeof(*mark));
    *mark = (struct mark){
        .job = job,
        .number = context_text(job, "order_number"),
        .uuid = context_text(job, "order_uuid"),
        .label_environment = context_text(job, "label_environment"),
        .comment_line = context_text(job, "comment_line"),
    };
    if (mark->number == NULL || mark->uuid == NULL || mark->label_environment == NULL ||
        !json_is_array(json_object_get(job->context, "open_statuses")) ||
        !lenient_integer(job->context, "shipped_status", &mark->shipped_status)) {
        outcome_fail(outcome, STEP_FAILED, ERROR_CLASS_CLIENT_ERROR,
                     "the job's context is not that of a labelled order");
        free(mark);
        return NULL;
    }
    return mark;
}

static enum environment label_environment(const struct mark *mark)
{
    return strcmp(mark->label_environment, "staging") == 0 ? ENVIRONMENT_STAGING
                                                           : ENVIRONMENT_PRODUCTION;
}

static char *status_words(const struct order *order)
{
    return order->has_status
               ? xasprintf("the shop's status is %d, which is neither open nor shipped",
                           order->status)
               : xstrdup("the shop does not tell the order's status");
}

/* Records how it ended. `order` is what the shop said last, or NULL when it was not asked. */
static enum step finish(const struct mark *mark, enum ending ending, const struct order *order,
                        struct outcome *outcome)
{
    AUTO(free)
    char *changed = order != NULL && ending == ENDING_STATUS_CHANGED ? status_words(order) : NULL;
    const char *word = endings[ending].outcome;
    const char *code = endings[ending].code;
    json_t *labels = json_object_get(mark->job->context, "label_ids");
    json_t *row = json_pack("{s:s, s:s?, s:s?, s:s}", "outcome", word, "reason_code", code,
                            "reason", changed != NULL ? changed : endings[ending].reason,
                            "label_environment", mark->label_environment);

    json_object_set_new(row, "shop_status",
                        order != NULL && order->has_status ? json_integer(order->status)
                                                           : json_null());
    json_object_set_new(row, "http_status",
                        outcome->http_status != 0 ? json_integer(outcome->http_status)
                                                  : json_null());
    if (mark->has_fingerprint) {
        json_object_set_new(row, "address_hash", json_string(mark->fingerprint.address));
        json_object_set_new(row, "goods_hash", json_string(mark->fingerprint.goods));
    }
    json_object_set_new(row, "label_ids",
                        json_is_array(labels) ? json_incref(labels) : json_array());
    json_decref(outcome->result);
    outcome->result = json_pack("{s:s, s:s?, s:b}", "outcome", word, "reason_code", code, "patched",
                                mark->is_patched ? 1 : 0);
    outcome_write(outcome, "write_marked", row);
    return STEP_DONE;
}

/* What can be told without asking the shop. */
static enum step start(const struct mark *mark, struct http_request *next, struct outcome *outcome)
{
    if (order_number_is_test(mark->number)) {
        return finish(mark, ENDING_TEST_ORDER, NULL, outcome);
    }
    if (label_environment(mark) == ENVIRONMENT_STAGING &&
        json_is_false(json_object_get(mark->job->context, "mark_on_staging"))) {
        return finish(mark, ENDING_STAGING_LABEL, NULL, outcome);
    }
    shop_request_order(next, mark->number);
    return STEP_CALL;
}

static bool is_same_order(const struct mark *mark, const struct order *order)
{
    return order->number != NULL && strcmp(order->number, mark->number) == 0 &&
           order->uuid != NULL && strcasecmp(order->uuid, mark->uuid) == 0;
}

static bool is_listed(json_t *numbers, const char *number)
{
    for (size_t i = 0; i < json_array_size(numbers); i++) {
        json_t *value = json_array_get(numbers, i);
        AUTO(free) char *listed = lenient_value_text(value, ORDER_NUMBER_LENGTH);

        if (listed != NULL && strcmp(listed, number) == 0) {
            return true;
        }
    }
    return false;
}

/* Whether a credit has come as something else than a number, and not as it did at the import. */
static bool has_odd_credits(const struct mark *mark, const struct order *order)
{
    json_t *before = json_object_get(mark->job->context, "credit_order_numbers");
    json_auto_t *now = order_credit_numbers(order);

    for (size_t i = 0; i < json_array_size(now); i++) {
        const char *number = json_string_value(json_array_get(now, i));

        if (order_credit_number_is_odd(number) && !is_listed(before, number)) {
            return true;
        }
    }
    return false;
}

/* Credited since it was imported, or a credit order itself. A part that was refunded before the
 * import was shown to the merchant then, who made a label all the same. */
static bool is_credited(const struct mark *mark, const struct order *order)
{
    json_t *before = json_object_get(mark->job->context, "credit_order_numbers");
    json_auto_t *now = order_credit_numbers(order);

    for (size_t i = 0; i < json_array_size(now); i++) {
        if (!is_listed(before, json_string_value(json_array_get(now, i)))) {
            return true;
        }
    }
    return order->credit;
}

/* Whether a line of ours stands in a comment, as a whole: "dhl: 3S1" is not in "dhl: 3S12". */
static bool has_line(const char *comment, const char *line, size_t length)
{
    for (const char *at = comment; (at = strchr(at, line[0])) != NULL; at++) {
        if (strncmp(at, line, length) == 0 && !ascii_is_alphanumeric(at[length]) &&
            (at == comment || !ascii_is_alphanumeric(at[-1]))) {
            return true;
        }
    }
    return false;
}

/* The internal comment with those of our lines behind it that it lacks, or NULL when it has to stay
 * as it is: it lacks none, or was not readable as it is, so that writing it would change it.
 * *ret_has_ours: one of them stands there already. */
static char *new_comment(const struct mark *mark, const struct order *order, bool *ret_has_ours)
{
    json_t *comments = lenient_object(order->json, "comments");
    const char *old = json_string_value(json_object_get(comments, "internal"));
    const char *line = mark->comment_line != NULL ? mark->comment_line : "";
    AUTO(free) char *comment = xstrdup(old != NULL ? old : "");
    bool is_news = false;

    *ret_has_ours = false;
    if (order->mended.text != NULL || (old == NULL && lenient_is_set(comments, "internal"))) {
        return NULL;
    }
    for (size_t length = 0; *line != '\0'; line += length + (line[length] == '\n')) {
        length = strcspn(line, "\n");
        if (length > 0 && has_line(comment, line, length)) {
            *ret_has_ours = true;
        } else if (length > 0) {
            char *longer =
                xasprintf("%s%s%.*s", comment, comment[0] != '\0' ? "\n" : "", (int)length, line);

            free(comment);
            comment = longer;
            is_news = true;
        }
    }
    return is_news ? steal_ptr(&comment) : NULL;
}

static enum step ask_to_change(struct mark *mark, const struct order *order,
                               struct http_request *next)
{
    bool has_ours = false;
    AUTO(free) char *comment = new_comment(mark, order, &has_ours);
    json_auto_t *body = json_pack("{s:i}", "status", mark->shipped_status);

    if (comment != NULL) {
        json_object_set_new(body, "comments", json_pack("{s:s}", "internal", comment));
    }
    shop_request_change_order(next, mark->number, json_write(body, JSON_COMPACT, NULL));
    mark->is_patched = true;
    return STEP_CALL;
}

/* The order is shipped already, so its status stays; but when it was we who said so, and there are
 * more labels since, the comment gets what it lacks. That it was we is known, or shows in
 * the comment: the answer that confirmed it may have been lost. */
static enum step ask_to_add(struct mark *mark, const struct order *order, struct http_request *next,
                            struct outcome *outcome)
{
    bool has_ours = false;
    AUTO(free) char *comment = new_comment(mark, order, &has_ours);

    mark->was_shipped = true;
    if (comment == NULL || !(has_ours || lenient_true(mark->job->context, "was_marked"))) {
        return finish(mark, ENDING_ALREADY_SHIPPED, order, outcome);
    }

    json_auto_t *body = json_pack("{s:{s:s}}", "comments", "internal", comment);

    shop_request_change_order(next, mark->number, json_write(body, JSON_COMPACT, NULL));
    mark->is_patched = true;
    return STEP_CALL;
}

/* Whether a number that decides has come as something else. A broken answer must not settle it for
 * good: the order would stay unmarked although it is open in the shop. */
static bool is_broken(const struct mark *mark, const struct order *order)
{
    return (!order->has_status && lenient_is_set(order->json, "status")) ||
           order->is_credit_unclear || has_odd_credits(mark, order);
}

/* Notes what the label should have been made for: since the last poll the order may have changed
 * . An answer without an address or without lines says nothing about that. */
static void take_fingerprint(struct mark *mark, const struct order *order)
{
    const struct order_defaults defaults = {.region_code = context_text(mark->job, "region_code")};
    json_auto_t *fields = NULL;

    if (order_map(order, &defaults, &fields) == ORDER_COMPLETE) {
        order_fingerprint_take(order, fields, &mark->fingerprint);
        mark->has_fingerprint = true;
    }
}

/* The order as the shop has it: is it still the one to be marked? */
static enum step judge_order(struct mark *mark, const struct http_response *answer,
                             struct http_request *next, struct outcome *outcome)
{
    static const char deed[] = "read the order";
    AUTO(order) struct order order = {.json = NULL};
    struct error err = ERROR_INIT;

    if (answer_is_missing(answer)) {
        return finish(mark, ENDING_NOT_FOUND, NULL, outcome);
    }
    if (answer_class(answer) != ERROR_CLASS_OK ||
        !order_read(answer->body, answer->length, &order, &err)) {
        return job_answer_useless(answer, deed, err.text, outcome);
    }
    if (order.number == NULL || order.uuid == NULL) {
        return job_answer_unreadable(answer, deed, "the answer is not an order", outcome);
    }
    if (order_number_is_test(order.number)) {
        return finish(mark, ENDING_TEST_ORDER, &order, outcome);
    }
    if (!is_same_order(mark, &order)) {
        return finish(mark, ENDING_OTHER_ORDER, &order, outcome);
    }
    if (is_broken(mark, &order)) {
        return job_answer_unreadable(answer, deed, "what decides is not a number", outcome);
    }
    take_fingerprint(mark, &order);
    if (order.has_status && order.status == mark->shipped_status) {
        return ask_to_add(mark, &order, next, outcome);
    }
    if (is_credited(mark, &order)) {
        return finish(mark, ENDING_CREDITED, &order, outcome);
    }
    return order_is_among(&order, json_object_get(mark->job->context, "open_statuses"))
               ? ask_to_change(mark, &order, next)
               : finish(mark, ENDING_STATUS_CHANGED, &order, outcome);
}

/* Has the shop done what we asked? */
static enum step judge_change(const struct mark *mark, const struct http_response *answer,
                              struct outcome *outcome)
{
    static const char deed[] = "mark the order shipped";
    AUTO(order) struct order order = {.json = NULL};
    struct error err = ERROR_INIT;
    char words[ANSWER_WORDS];

    if (mark->was_shipped && answer_class(answer) == ERROR_CLASS_CLIENT_ERROR) {
        /* A comment that the shop does not take changes nothing about that. */
        return finish(mark, ENDING_ALREADY_SHIPPED, NULL, outcome);
    }
    if (answer_class(answer) == ERROR_CLASS_CLIENT_ERROR &&
        (answer->status == 400 || answer->status == 422)) {
        answer_describe(answer, words);
        return outcome_fail(outcome, STEP_FAILED, ERROR_CLASS_CLIENT_ERROR, "cannot %s: %s", deed,
                            words);
    }
    if (answer_class(answer) != ERROR_CLASS_OK || answer->status != 200 ||
        !order_read(answer->body, answer->length, &order, &err) || !is_same_order(mark, &order)) {
        return job_answer_useless(answer, deed, "the answer is not the order", outcome);
    }
    if (!order.has_status || order.status != mark->shipped_status) {
        return job_answer_unreadable(answer, deed, "the answer has another status", outcome);
    }
    return finish(mark, mark->was_shipped ? ENDING_ALREADY_SHIPPED : ENDING_MARKED, &order,
                  outcome);
}

static enum step mark_step(void *state, const struct http_response *previous,
                           struct http_request *next, struct outcome *outcome)
{
    struct mark *mark = state;

    outcome->label_environment = label_environment(mark);
    outcome->shop_environment = ENVIRONMENT_PRODUCTION;
    if (previous == NULL) {
        return start(mark, next, outcome);
    }
    outcome->http_status = previous->status;
    return mark->is_patched ? judge_change(mark, previous, outcome)
                            : judge_order(mark, previous, next, outcome);
}

static void mark_end(void *state)
{
    free(state);
}

const struct job_kind job_kind_mark_shipped = {
    .name = "mark_shipped",
    .api = API_MIJNWEBWINKEL,
    .begin = mark_begin,
    .step = mark_step,
    .end = mark_end,
};
