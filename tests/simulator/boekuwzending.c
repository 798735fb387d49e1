/*
 * The Boekuwzending API: routes, credentials, and the fixed lists.
 */
#include "tests/simulator/boekuwzending.h"

#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "tests/simulator/apis.h"
#include "tests/simulator/json_text.h"

#define PAGE_ITEMS      30
#define PAGE_ITEMS_MOST 1000

bool is_object(const json_t *value)
{
    return json_is_object(value);
}

bool is_array(const json_t *value)
{
    return json_is_array(value);
}

bool is_text(const json_t *value)
{
    return json_string_length(value) > 0;
}

const char *member_text(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text != NULL ? text : "";
}

void violation_add(json_t *violations, const char *path, const char *message)
{
    json_array_append_new(violations,
                          json_pack("{s:s, s:s}", "propertyPath", path, "message", message));
}

bool violation_need(json_t *violations, const json_t *object, const char *name,
                    bool (*is_right)(const json_t *value), const char *message)
{
    if (is_right(json_object_get(object, name))) {
        return true;
    }
    violation_add(violations, name, message);
    return false;
}

bool boekuwzending_accept(struct call *call, const json_t *violations)
{
    if (json_array_size(violations) == 0) {
        return true;
    }
    struct buffer *text = &call->answer.body;
    const json_t *first = json_array_get(violations, 0);
    AUTO(free)
    char *detail =
        xasprintf("%s: %s", member_text(first, "propertyPath"), member_text(first, "message"));
    call->answer.status = 422;
    call->answer.content_type = PROBLEM_TYPE;
    put_text(text, "{\"type\":\"https://tools.ietf.org/html/rfc2616#section-10\","
                   "\"title\":\"An error occurred\",\"detail\":");
    put_string(text, detail);
    put_text(text, ",\"violations\":");
    put_json(text, violations);
    put_text(text, "}");
    return false;
}

bool boekuwzending_has_object(struct call *call)
{
    if (json_is_object(call->json)) {
        return true;
    }
    call_problem(call, 400, "Syntax error: the body is not a JSON object");
    return false;
}

static size_t query_size(const struct call *call, const char *name, size_t otherwise)
{
    const char *text = call_query(call, name);
    long value = text != NULL ? strtol(text, NULL, 10) : 0;

    return value > 0 ? (size_t)value : otherwise;
}

struct page boekuwzending_page(const struct call *call)
{
    const char *pages = call_query(call, "_pagination");
    size_t take = query_size(call, "_items_per_page", PAGE_ITEMS);

    if (pages != NULL && (strcmp(pages, "false") == 0 || strcmp(pages, "0") == 0)) {
        return (struct page){.take = PAGE_ITEMS_MOST};
    }
    if (take > PAGE_ITEMS_MOST) {
        take = PAGE_ITEMS_MOST;
    }
    return (struct page){.take = take, .skip = (query_size(call, "_page", 1) - 1) * take};
}

/* A value of an application/x-www-form-urlencoded body, decoded, to be freed; NULL if absent. */
static char *form_value(const char *form, const char *name)
{
    size_t length = strlen(name);

    for (const char *at = form; at != NULL && *at != '\0';) {
        size_t size = strcspn(at, "&");

        if (size > length && strncmp(at, name, length) == 0 && at[length] == '=') {
            char *value = xstrndup(at + length + 1, size - length - 1);

            for (char *byte = value; *byte != '\0'; byte++) {
                if (*byte == '+') {
                    *byte = ' ';
                }
            }
            MHD_http_unescape(value);
            return value;
        }
        at += size + (at[size] == '&');
    }
    return NULL;
}

static void refuse_token(struct call *call, int status, const char *error, const char *description)
{
    answer_json(&call->answer, status,
                json_pack("{s:s, s:s, s:s}", "error", error, "error_description", description,
                          "message", description));
}

static void issue_token(struct call *call)
{
    const char *form = call->body.length > 0 ? call->body.bytes : "";
    AUTO(free) char *grant = form_value(form, "grant_type");
    AUTO(free) char *client_id = form_value(form, "client_id");
    AUTO(free) char *secret = form_value(form, "client_secret");

    if (grant == NULL || strcmp(grant, "client_credentials") != 0) {
        refuse_token(call, 400, "unsupported_grant_type",
                     "The authorization grant type is not supported by the authorization server.");
        return;
    }
    struct account *account =
        client_id != NULL ? map_find(&call->booking->accounts, client_id) : NULL;
    if (account == NULL || secret == NULL || strcmp(account->client_secret, secret) != 0) {
        refuse_token(call, 401, "invalid_client", "Client authentication failed");
        return;
    }
    struct simulator *simulator = call->simulator;
    int64_t lifetime = simulator->settings.token_expires_in;
    const struct bearer *bearer =
        booking_issue(call->booking, account, lifetime * 1000000, &simulator->dice);
    atomic_fetch_add(&simulator->counters.tokens_issued, 1);
    put(&call->answer.body,
        "{\"token_type\":\"Bearer\",\"expires_in\":%lld,\"access_token\":\"%s\"}",
        (long long)lifetime, bearer->token);
}

static void get_me(struct call *call)
{
    struct buffer *text = &call->answer.body;

    put_text(text, "{\"name\":");
    put_string(text, call->account->client_id);
    put(text, ",\"number\":\"K%05u\",\"id\":\"%s\",\"conversation\":\"/conversations/%s\"}",
        (unsigned)(text_hash(call->account->id) % 100000), call->account->id, call->account->id);
}

static void list_distributors(struct call *call)
{
    answer_text(&call->answer, 200,
                "[{\"id\":\"d0000000-0000-4000-8000-000000000001\",\"code\":\"postnl\","
                "\"name\":\"PostNL\"},{\"id\":\"d0000000-0000-4000-8000-000000000002\","
                "\"code\":\"dpd\",\"name\":\"DPD\"}]");
}

static void list_types(struct call *call)
{
    answer_text(&call->answer, 200,
                "[{\"id\":\"envelop\",\"description\":\"Envelop\"},"
                "{\"id\":\"document\",\"description\":\"Document\"},"
                "{\"id\":\"package\",\"description\":\"Pakket\"},"
                "{\"id\":\"pallet-euro\",\"description\":\"Europallet\"},"
                "{\"id\":\"pallet-block\",\"description\":\"Blokpallet\"},"
                "{\"id\":\"pallet-mini\",\"description\":\"Minipallet\"},"
                "{\"id\":\"pallet-other\",\"description\":\"Andere pallet\"}]");
}

static bool check_bearer(struct call *call)
{
    const char *token = call_bearer(call);

    call->account = token != NULL ? booking_authenticate(call->booking, token) : NULL;
    if (call->account == NULL) {
        call_problem(call, 401, "The access token is %s",
                     token == NULL ? "missing" : "invalid or has expired");
    }
    return call->account != NULL;
}

void boekuwzending_answer(struct call *call)
{
    static const struct route routes[] = {
        {"POST", "/token", issue_token, true},
        {"GET", "/me", get_me, false},
        {"POST", "/orders", boekuwzending_create_order, false},
        {"GET", "/orders", boekuwzending_find_orders, false},
        {"GET", "/orders/{}", boekuwzending_get_order, false},
        {"PUT", "/orders/{}", boekuwzending_put_order, false},
        {"DELETE", "/orders/{}", boekuwzending_delete_order, false},
        {"POST", "/shipments", boekuwzending_create_shipment, false},
        {"POST", "/shipments/matrix", boekuwzending_matrix, false},
        {"GET", "/shipments", boekuwzending_find_shipments, false},
        {"GET", "/shipments/{}", boekuwzending_get_shipment, false},
        {"GET", "/shipments/{}/labels", boekuwzending_list_labels, false},
        {"GET", "/shipments/{}/labels/download", boekuwzending_download_labels, false},
        {"GET", "/labels/download-shipments", boekuwzending_download_shipments, false},
        {"GET", "/labels/{}", boekuwzending_get_label, false},
        {"GET", "/track-and-trace/{}", boekuwzending_track, false},
        {"POST", "/rate-request", boekuwzending_rates, false},
        {"GET", "/distributors", list_distributors, false},
        {"GET", "/types", list_types, false},
    };

    call->booking = call_booking(call);
    const struct route *route = route_find(routes, ARRAY_LENGTH(routes), call);
    if (route != NULL && (route->is_open || check_bearer(call))) {
        route->handle(call);
    }
}
