/* Job kind "verify": checks a shop that was just connected, and tells the merchant what is wrong.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buffer.h"
#include "common/memory.h"
#include "worker/api/answer.h"
#include "worker/api/shop/request.h"
#include "worker/api/shop/statuses.h"
#include "worker/api/shop/store.h"
#include "worker/api/text/lenient.h"
#include "worker/jobs/job_answer.h"
#include "worker/jobs/kinds.h"
#include "worker/jobs/verify_reasons.h"

#define DEFAULT_SHIPPED_STATUS 2
/* A merchant waits for the verdict, so it is given long before the job has used up its attempts. */
#define ATTEMPTS 3

/* Longest text of an address field that is looked at: presence is what counts. */
#define FIELD_LENGTH 300

enum verify_phase { PHASE_START, PHASE_STORE, PHASE_STATUSES };

struct verify {
    const struct job *job;
    const char *shop_host; /* borrowed from the context */
    int32_t shipped_status;
    enum verify_phase phase;
    struct store store;
    json_t *statuses; /* NULL until read */
    char *warning;    /* Dutch, or NULL */
    char *warning_en;
};

static void *verify_begin(const struct job *job, struct outcome *outcome)
{
    struct verify *verify = xcalloc(1, sizeof(*verify));
    const char *shop_host = json_string_value(json_object_get(job->context, "shop_host"));

    if (shop_host == NULL) {
        outcome_fail(outcome, STEP_FAILED, ERROR_CLASS_CLIENT_ERROR,
                     "the job's context names no shop host");
        free(verify);
        return NULL;
    }
    verify->job = job;
    verify->shop_host = shop_host;
    if (!lenient_integer(job->context, "shipped_status", &verify->shipped_status)) {
        verify->shipped_status = DEFAULT_SHIPPED_STATUS;
    }
    return verify;
}

static void set_text(json_t *row, const char *key, const char *text)
{
    json_object_set_new(row, key, text != NULL ? json_string(text) : json_null());
}

static void set_if_known(json_t *row, const char *key, const char *text)
{
    if (text != NULL) {
        set_text(row, key, text);
    }
}

/* The row for write_verified: the state, and all that was learned about the store. */
static json_t *new_row(const struct verify *verify, const char *state)
{
    json_t *row = json_pack("{s:s}", "state", state);

    set_text(row, "warning", verify->warning);
    set_text(row, "warning_en", verify->warning_en);
    set_if_known(row, "store_id", verify->store.id);
    set_if_known(row, "store_name", verify->store.name);
    set_if_known(row, "store_domain", verify->store.domain);
    set_if_known(row, "region_code", verify->store.region_code);
    set_if_known(row, "currency", verify->store.currency);
    if (verify->statuses != NULL) {
        json_object_set(row, "statuses", verify->statuses);
    }
    return row;
}

/* The values differ when they are words themselves. */
static void set_reason(json_t *row, enum verify_reason reason, const char *const dutch_values[3],
                       const char *const english_values[3])
{
    AUTO(free) char *dutch = verify_reason_dutch(reason, dutch_values);
    AUTO(free) char *english = verify_reason_english(reason, english_values);

    set_text(row, "reason_code", verify_reason_code(reason));
    set_text(row, "reason", dutch);
    set_text(row, "reason_en", english);
}

static enum step finish(struct outcome *outcome, json_t *row)
{
    json_decref(outcome->result);
    outcome->result = json_pack("{s:O}", "state", json_object_get(row, "state"));
    if (json_is_string(json_object_get(row, "reason_code"))) {
        json_object_set(outcome->result, "reason_code", json_object_get(row, "reason_code"));
    }
    outcome_write(outcome, "write_verified", row);
    return STEP_DONE;
}

static enum step reject(struct verify *verify, enum verify_reason reason,
                        const char *const values[3], struct outcome *outcome)
{
    json_t *row = new_row(verify, "rejected");

    set_reason(row, reason, values, values);
    return finish(outcome, row);
}

static enum step accept(struct verify *verify, struct outcome *outcome)
{
    json_t *row = new_row(verify, "active");

    set_text(row, "reason_code", NULL);
    set_text(row, "reason", NULL);
    set_text(row, "reason_en", NULL);
    return finish(outcome, row);
}

/* Puts `sentence`, which it takes over, behind what *text holds. */
static void append_sentence(char **text, char *sentence)
{
    if (*text != NULL) {
        AUTO(free) char *first = *text;
        AUTO(free) char *second = sentence;

        *text = xasprintf("%s %s", first, second);
    } else {
        *text = sentence;
    }
}

static void warn(struct verify *verify, enum verify_reason warning, const char *const values[3])
{
    append_sentence(&verify->warning, verify_reason_dutch(warning, values));
    append_sentence(&verify->warning_en, verify_reason_english(warning, values));
}

static bool is_last_attempt(const struct verify *verify)
{
    return verify->job->attempt >= ATTEMPTS;
}

/* No usable answer: the merchant reads "we will try again" until the last attempt, which rejects.
 */
static enum step unreachable(struct verify *verify, const struct http_response *answer,
                             const char *deed, const char *why, struct outcome *outcome)
{
    if (answer->is_too_large) {
        (void)reject(verify, REASON_TOO_LARGE, (const char *const[3]){NULL}, outcome);
        json_object_set_new(outcome->result, "answer", json_string(answer->trouble));
        return STEP_DONE;
    }
    if (is_last_attempt(verify)) {
        outcome->http_status = answer->status;
        return reject(verify, REASON_UNREACHABLE, (const char *const[3]){NULL}, outcome);
    }

    const char *const nothing[3] = {NULL};
    json_t *row = new_row(verify, "pending");

    set_reason(row, REASON_UNREACHABLE_FOR_NOW, nothing, nothing);
    outcome_write(outcome, "write_verified", row);
    return job_answer_useless(answer, deed, why, outcome);
}

static bool is_unreachable(enum error_class class)
{
    return class != ERROR_CLASS_OK && class != ERROR_CLASS_AUTH &&
           class != ERROR_CLASS_RATE_LIMITED && class != ERROR_CLASS_CLIENT_ERROR;
}

/* What a sender address must have. A row with two members wants one of them. */
static const struct {
    const char *members[2];
    const char *dutch;
    const char *english;
} address_parts[] = {
    {{"name", "company"}, "naam of bedrijfsnaam", "name or company"},
    {{"street", NULL}, "straat", "street"},
    {{"number", NULL}, "huisnummer", "house number"},
    {{"postcode", NULL}, "postcode", "postcode"},
    {{"city", NULL}, "plaats", "city"},
    {{"country", NULL}, "land", "country"},
};

static bool has_text(json_t *address, const char *member)
{
    AUTO(free) char *text = member != NULL ? lenient_text(address, member, FIELD_LENGTH) : NULL;

    return text != NULL;
}

/* The names of the missing parts, divided by commas; *ret_dutch is "" when none is missing. */
static void find_missing(json_t *address, char **ret_dutch, char **ret_english)
{
    struct buffer dutch = BUFFER_INIT(FIELD_LENGTH);
    struct buffer english = BUFFER_INIT(FIELD_LENGTH);

    for (size_t i = 0; i < ARRAY_LENGTH(address_parts); i++) {
        if (has_text(address, address_parts[i].members[0]) ||
            has_text(address, address_parts[i].members[1])) {
            continue;
        }

        const char *comma = dutch.length > 0 ? ", " : "";

        (void)!buffer_printf(&dutch, "%s%s", comma, address_parts[i].dutch);
        (void)!buffer_printf(&english, "%s%s", comma, address_parts[i].english);
    }
    *ret_dutch = buffer_steal(&dutch);
    *ret_english = buffer_steal(&english);
}

/* What can be told without asking anybody. */
static enum step start(struct verify *verify, struct http_request *next, struct outcome *outcome)
{
    AUTO(free) char *dutch = NULL;
    AUTO(free) char *english = NULL;

    if (verify->job->token_problem != NULL) {
        return reject(verify, REASON_TOKEN_UNREADABLE, (const char *const[3]){NULL}, outcome);
    }
    find_missing(json_object_get(verify->job->context, "from_address"), &dutch, &english);
    if (dutch[0] != '\0') {
        json_t *row = new_row(verify, "rejected");

        set_reason(row, REASON_FROM_ADDRESS_INCOMPLETE, (const char *const[3]){dutch},
                   (const char *const[3]){english});
        return finish(outcome, row);
    }
    verify->phase = PHASE_STORE;
    shop_request_store(next);
    return STEP_CALL;
}

/* The token was accepted; does it belong to this shop? */
static enum step take_store(struct verify *verify, const struct http_response *answer,
                            struct http_request *next, struct outcome *outcome)
{
    static const char deed[] = "read the store";
    struct error err = ERROR_INIT;

    if (!store_read(answer->body, answer->length, &verify->store, &err)) {
        return unreachable(verify, answer, deed, err.text, outcome);
    }

    const char *const values[3] = {verify->store.domain, verify->shop_host, NULL};

    switch (store_compare(verify->store.domain, verify->shop_host)) {
    case STORE_OTHER_SHOP:
        return reject(verify, REASON_TOKEN_OF_ANOTHER_SHOP, values, outcome);
    case STORE_OWN_DOMAIN:
        warn(verify, WARNING_OWN_DOMAIN, values);
        break;
    case STORE_UNKNOWN:
        warn(verify, WARNING_NO_DOMAIN, (const char *const[3]){verify->shop_host});
        break;
    case STORE_SAME:
        break;
    }
    verify->phase = PHASE_STATUSES;
    shop_request_statuses(next);
    return STEP_CALL;
}

static enum step judge_store(struct verify *verify, const struct http_response *answer,
                             struct http_request *next, struct outcome *outcome)
{
    static const char deed[] = "read the store";
    enum error_class class = answer_class(answer);
    char status[16];

    if (class == ERROR_CLASS_OK) {
        return take_store(verify, answer, next, outcome);
    }
    if (class == ERROR_CLASS_AUTH) {
        return reject(verify, REASON_TOKEN_REFUSED, (const char *const[3]){NULL}, outcome);
    }
    if (class == ERROR_CLASS_CLIENT_ERROR) {
        snprintf(status, sizeof(status), "%d", answer->status);
        return reject(verify, REASON_REFUSED, (const char *const[3]){status}, outcome);
    }
    return class == ERROR_CLASS_RATE_LIMITED ? job_answer_useless(answer, deed, NULL, outcome)
                                             : unreachable(verify, answer, deed, NULL, outcome);
}

/* Does the status that we will set mean "shipped"? */
static enum step check_shipped_status(struct verify *verify, struct outcome *outcome)
{
    char status[16];
    char other_status[16];
    json_t *own = statuses_find(verify->statuses, verify->shipped_status);
    json_t *other = statuses_find_other_shipped(verify->statuses, verify->shipped_status);

    snprintf(status, sizeof(status), "%d", verify->shipped_status);
    snprintf(other_status, sizeof(other_status), "%d", other != NULL ? statuses_id(other) : 0);

    const char *const values[3] = {status, statuses_description(own), other_status};

    if (json_array_size(verify->statuses) == 0) {
        warn(verify, WARNING_STATUSES_UNCHECKED, values);
        return accept(verify, outcome);
    }
    if (own == NULL) {
        return reject(verify, REASON_SHIPPED_STATUS_UNKNOWN, values, outcome);
    }
    if (statuses_is_credit(own)) {
        return reject(verify, REASON_SHIPPED_STATUS_CREDIT, values, outcome);
    }
    if (other != NULL && !statuses_says_shipped(own)) {
        return reject(verify, REASON_SHIPPED_STATUS_UNCLEAR, values, outcome);
    }
    return accept(verify, outcome);
}

static enum step judge_statuses(struct verify *verify, const struct http_response *answer,
                                struct outcome *outcome)
{
    static const char deed[] = "list the order statuses";
    enum error_class class = answer_class(answer);
    char status[16];

    if (class == ERROR_CLASS_OK &&
        statuses_read(answer->body, answer->length, &verify->statuses, NULL)) {
        return check_shipped_status(verify, outcome);
    }
    if (class == ERROR_CLASS_RATE_LIMITED) {
        return job_answer_useless(answer, deed, NULL, outcome);
    }
    if (is_unreachable(class) && !answer->is_too_large && !is_last_attempt(verify)) {
        return unreachable(verify, answer, deed, NULL, outcome);
    }
    /* The partner token is our affair; the shop itself has answered and can be used. */
    snprintf(status, sizeof(status), "%d", verify->shipped_status);
    warn(verify, WARNING_STATUSES_UNCHECKED, (const char *const[3]){status});
    return accept(verify, outcome);
}

static enum step verify_step(void *state, const struct http_response *previous,
                             struct http_request *next, struct outcome *outcome)
{
    struct verify *verify = state;

    outcome->shop_environment = ENVIRONMENT_PRODUCTION;
    if (previous == NULL) {
        return start(verify, next, outcome);
    }
    outcome->http_status = previous->status;
    return verify->phase == PHASE_STORE ? judge_store(verify, previous, next, outcome)
                                        : judge_statuses(verify, previous, outcome);
}

static void verify_end(void *state)
{
    struct verify *verify = state;

    if (verify != NULL) {
        store_release(&verify->store);
        json_decref(verify->statuses);
        free(verify->warning);
        free(verify->warning_en);
        free(verify);
    }
}

const struct job_kind job_kind_verify = {
    .name = "verify",
    .api = API_MIJNWEBWINKEL,
    .begin = verify_begin,
    .step = verify_step,
    .end = verify_end,
};
