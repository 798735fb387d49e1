/*
 * The Mijnwebwinkel (MyOnlineStore) API: routes, credentials, and what does not concern orders.
 */
#include "tests/simulator/mijnwebwinkel.h"

#include <string.h>

#include "tests/simulator/apis.h"
#include "tests/simulator/json_text.h"

static const struct order_status {
    int id;
    bool is_credit;
    const char *dutch, *english;
} statuses[] = {
    {1, false, "Nieuw", "Order Pending"},
    {2, false, "Verzonden", "Shipped"},
    {3, false, "Betaald", "Paid"},
    {4, false, "In behandeling", "Processing"},
    {5, false, "Geannuleerd", "Cancelled"},
    {6, false, "Betaald & afgehaald", "Paid & collected"},
    {7, false, "Gedeeltelijk verzonden", "Partly shipped"},
    {8, false, "In backorder", "On backorder"},
    {9, false, "Wacht op betaling", "Awaiting payment"},
    {10, true, "Gecrediteerd", "Credited"},
};

bool order_status_exists(long long status)
{
    for (size_t i = 0; i < ARRAY_LENGTH(statuses); i++) {
        if (statuses[i].id == status) {
            return true;
        }
    }
    return false;
}

struct order *mijnwebwinkel_order(struct call *call)
{
    struct order *order = shop_find_order(call->shop, call->parameters[0]);

    if (order == NULL) {
        call_problem(call, 404, "order %s was not found", call->parameters[0]);
    }
    return order;
}

static void get_store(struct call *call)
{
    answer_text(&call->answer, 200, call->shop->store_text);
}

static void list_statuses(struct call *call)
{
    const char *language = call_query(call, "language");
    bool is_dutch = language == NULL || strcmp(language, "nl_NL") == 0;
    struct buffer *text = &call->answer.body;

    put_text(text, "[");
    for (size_t i = 0; i < ARRAY_LENGTH(statuses); i++) {
        put(text, "%s{\"status\":%d,\"description\":", i > 0 ? "," : "", statuses[i].id);
        put_string(text, is_dutch ? statuses[i].dutch : statuses[i].english);
        put(text, ",\"credit_order\":%s}", statuses[i].is_credit ? "true" : "false");
    }
    put_text(text, "]");
}

static void list_shipping_methods(struct call *call)
{
    answer_text(&call->answer, 200,
                "[{\"id\":\"1\",\"display_name\":\"Pakketpost\",\"countries\":[\"NL\",\"BE\"],"
                "\"default\":true,\"no_costs_above\":\"100.00\"},"
                "{\"id\":\"2\",\"display_name\":\"Afhalen in de winkel\",\"countries\":[],"
                "\"default\":false,\"no_costs_above\":null}]");
}

static bool is_listed(const char *value, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(list[i], value) == 0) {
            return true;
        }
    }
    return false;
}

/* The parameters that every call may have. */
static bool check_common_parameters(struct call *call)
{
    static const char *const languages[] = {"nl_NL", "en_GB", "de_DE", "fr_FR", "es_ES",
                                            "en_US", "pt_PT", "it_IT", "da_DK", "sv_SE",
                                            "no_NO", "tr_TR", "pl_PL"};
    const char *language = call_query(call, "language");
    const char *format = call_query(call, "format");

    if (language != NULL && !is_listed(language, languages, ARRAY_LENGTH(languages))) {
        call_problem(call, 422, "language is not one of those supported");
        return false;
    }
    if (format != NULL && strcmp(format, "json") != 0) {
        call_problem(call, 422, "format must be json: this simulator writes no XML");
        return false;
    }
    return true;
}

/* Checks the two tokens as far as the route needs them, and finds the shop. */
static bool check_tokens(struct call *call, const struct route *route)
{
    const char *wanted = call->simulator->settings.partner_token;
    const char *partner = call_query(call, "partner_token");
    const char *token = call_query(call, "token");

    if (wanted != NULL && (partner == NULL || strcmp(partner, wanted) != 0)) {
        call_problem(call, 401, "the partner token is %s", partner == NULL ? "missing" : "invalid");
        return false;
    }
    if (route->is_open) {
        return true;
    }
    call->shop = token != NULL ? shops_find_by_token(&call->simulator->shops, token) : NULL;
    if (call->shop == NULL || !call->shop->token_is_active) {
        call_problem(call, 401, "the token is %s",
                     token == NULL        ? "missing"
                     : call->shop == NULL ? "invalid"
                                          : "not active");
        return false;
    }
    return true;
}

void mijnwebwinkel_answer(struct call *call)
{
    static const struct route routes[] = {
        {"GET", "/v1/store", get_store, false},
        {"GET", "/v1/orders", mijnwebwinkel_list_orders, false},
        {"GET", "/v1/orders/count", mijnwebwinkel_count_orders, false},
        {"GET", "/v1/orders/{}", mijnwebwinkel_get_order, false},
        {"PATCH", "/v1/orders/{}", mijnwebwinkel_patch_order, false},
        {"GET", "/v1/orders/{}/payments", mijnwebwinkel_list_payments, false},
        {"GET", "/v1/orderstatuses", list_statuses, true},
        {"GET", "/v1/shipping/methods", list_shipping_methods, false},
    };
    const struct route *route = route_find(routes, ARRAY_LENGTH(routes), call);

    if (route != NULL && check_tokens(call, route) && check_common_parameters(call)) {
        route->handle(call);
    }
}
