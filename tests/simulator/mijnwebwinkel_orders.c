/*
 * The Mijnwebwinkel API: orders.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/memory.h"
#include "tests/simulator/json_text.h"
#include "tests/simulator/mijnwebwinkel.h"

#define LIMIT_DEFAULT   10
#define LIMIT_MOST      100
#define REFERENCE_LIMIT 255

/* Each reader answers 422 and returns false when the parameter is there and makes no sense. */
static bool query_integer(struct call *call, const char *name, long long least, long long most,
                          long long *ret_value)
{
    const char *text = call_query(call, name);
    char *end = NULL;

    if (text == NULL) {
        return true;
    }
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || value < least || value > most) {
        call_problem(call, 422, "%s must be a number from %lld to %lld", name, least, most);
        return false;
    }
    *ret_value = value;
    return true;
}

static bool query_boolean(struct call *call, const char *name, int *ret_value)
{
    static const char *const words[] = {"false", "true", "0", "1"};
    const char *text = call_query(call, name);

    if (text == NULL) {
        return true;
    }
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++) {
        if (strcmp(text, words[i]) == 0) {
            *ret_value = (int)(i % 2);
            return true;
        }
    }
    call_problem(call, 422, "%s must be true or false", name);
    return false;
}

static bool query_date(struct call *call, const char *name, bool with_time, const char **ret_text)
{
    const char *text = call_query(call, name);

    if (text != NULL && !(with_time ? calendar_is_date_time(text) : calendar_is_date(text))) {
        call_problem(call, 422, "%s must be written as %s", name,
                     with_time ? "yyyy-mm-dd hh:mm:ss" : "yyyy-mm-dd");
        return false;
    }
    *ret_text = text;
    return true;
}

static bool query_ordering(struct call *call, bool *ret_descending)
{
    const char *text = call_query(call, "ordering");

    if (text != NULL && strcmp(text, "asc") != 0 && strcmp(text, "desc") != 0) {
        call_problem(call, 422, "ordering must be asc or desc");
        return false;
    }
    *ret_descending = text != NULL && strcmp(text, "desc") == 0;
    return true;
}

/* Reads what list and count have in common. */
static bool read_filter(struct call *call, struct order_filter *ret_filter)
{
    struct order_filter filter = {
        .status = ORDER_UNKNOWN, .archived = ORDER_UNKNOWN, .limit = LIMIT_DEFAULT};
    long long status = ORDER_UNKNOWN;
    int with_test = 0;

    if (!query_integer(call, "status_id", 0, 1000000, &status) ||
        !query_boolean(call, "archived", &filter.archived) ||
        !query_boolean(call, "test", &with_test) ||
        !query_date(call, "start_date", false, &filter.start_date) ||
        !query_date(call, "end_date", false, &filter.end_date) ||
        !query_date(call, "status_changed_start_date", true, &filter.changed_start) ||
        !query_date(call, "status_changed_end_date", true, &filter.changed_end)) {
        return false;
    }
    filter.status = (int)status;
    filter.with_test = with_test == 1;
    *ret_filter = filter;
    return true;
}

void mijnwebwinkel_list_orders(struct call *call)
{
    struct order_filter filter;
    const struct order *page[LIMIT_MOST];
    long long limit = LIMIT_DEFAULT, offset = 0;

    if (!read_filter(call, &filter) || !query_integer(call, "limit", 1, LIMIT_MOST, &limit) ||
        !query_integer(call, "offset", 0, INT32_MAX, &offset) ||
        !query_ordering(call, &filter.descending)) {
        return;
    }
    filter.limit = (size_t)limit;
    filter.offset = (size_t)offset;

    size_t count = shop_list(call->shop, &filter, page);
    size_t size = 2;
    for (size_t i = 0; i < count; i++) {
        size += page[i]->length + 1;
    }
    struct buffer *text = &call->answer.body;
    text_must_fit(buffer_reserve(text, size) != NULL);
    put_text(text, "[");
    for (size_t i = 0; i < count; i++) {
        if (i > 0) {
            put_bytes(text, ",", 1);
        }
        put_bytes(text, page[i]->text, page[i]->length);
    }
    put_text(text, "]");
}

void mijnwebwinkel_count_orders(struct call *call)
{
    struct order_filter filter;

    if (read_filter(call, &filter)) {
        put(&call->answer.body, "{\"count\":%zu}", shop_count(call->shop, &filter));
    }
}

void mijnwebwinkel_get_order(struct call *call)
{
    struct order *order = mijnwebwinkel_order(call);

    if (order == NULL) {
        return;
    }
    order->get_count++;
    put_bytes(&call->answer.body, order->text, order->length);
}

static bool take_status(json_t *value, struct order_change *change)
{
    if (!json_is_integer(value) || !order_status_exists(json_integer_value(value))) {
        return false;
    }
    change->status = (int)json_integer_value(value);
    return true;
}

static bool take_archived(json_t *value, struct order_change *change)
{
    change->archived = json_is_true(value);
    return json_is_boolean(value);
}

static bool take_comments(json_t *value, struct order_change *change)
{
    change->internal_comment = json_string_value(json_object_get(value, "internal"));
    return json_object_size(value) == 1 && change->internal_comment != NULL;
}

static bool take_reference(json_t *value, struct order_change *change)
{
    change->reference = json_string_value(value);
    return json_is_string(value) && json_string_length(value) <= REFERENCE_LIMIT;
}

static bool take_location(json_t *value, struct order_change *change)
{
    change->offline_location_id = json_string_value(value);
    return json_is_string(value);
}

/* Reads the members of a PATCH; answers 422 for what cannot be changed or set to that. */
static bool read_change(struct call *call, struct order_change *ret_change)
{
    static const struct {
        const char *name;
        bool (*take)(json_t *value, struct order_change *change);
    } members[] = {
        {"status", take_status},
        {"archived", take_archived},
        {"comments", take_comments},
        {"reference", take_reference},
        {"offline_location_id", take_location},
    };
    const char *name;
    json_t *value;

    json_object_foreach(call->json, name, value)
    {
        size_t i = 0;

        while (i < ARRAY_LENGTH(members) && strcmp(members[i].name, name) != 0) {
            i++;
        }
        if (i == ARRAY_LENGTH(members)) {
            call_problem(call, 422, "%.60s: this field was not expected", name);
            return false;
        }
        if (!members[i].take(value, ret_change)) {
            call_problem(call, 422, "%s: this value is not valid", name);
            return false;
        }
    }
    return true;
}

void mijnwebwinkel_patch_order(struct call *call)
{
    const char *type = MHD_lookup_connection_value(call->connection, MHD_HEADER_KIND,
                                                   MHD_HTTP_HEADER_CONTENT_TYPE);
    struct order_change change = {.status = ORDER_UNKNOWN, .archived = ORDER_UNKNOWN};
    struct order *order = mijnwebwinkel_order(call);

    if (order == NULL) {
        return;
    }
    if (type == NULL || strncasecmp(type, JSON_TYPE, sizeof(JSON_TYPE) - 1) != 0) {
        call_problem(call, 415, "the body must be sent as application/json");
        return;
    }
    if (!json_is_object(call->json)) {
        call_problem(call, 400, "the body is not a JSON object");
        return;
    }
    if (!read_change(call, &change)) {
        return;
    }
    if (!order_change(order, &change)) {
        call_problem(call, 500, "the order cannot be changed");
        return;
    }
    order_note_patch(order, call->json);
    put_bytes(&call->answer.body, order->text, order->length);
}

static void put_payment(struct buffer *text, const struct call *call, const struct order *order)
{
    AUTO(json) json_t *json = order_parse(order);
    const json_t *total = json_object_get(json_object_get(json, "price"), "total");
    double amount =
        json_is_string(total) ? strtod(json_string_value(total), NULL) : json_number_value(total);
    struct dice dice = dice_new(order->key == INT64_MAX ? 0 : (uint64_t)order->key, order->uuid, 0);
    char id[UUID_SIZE];

    dice_uuid(&dice, id);
    put(text,
        "{\"id\":\"%s\",\"gateway\":\"mollie\",\"method\":\"ideal\",\"gatewayReference\":"
        "\"tr_proef\",\"price\":%lld,\"currency\":\"EUR\",\"storeId\":",
        id, (long long)(amount * 100 + (amount < 0 ? -0.5 : 0.5)));
    put_string(text, call->shop->store_id);
    put_text(text, ",\"reference\":");
    put_string(text, order->number);
    put(text, ",\"isTest\":%s", order->is_test ? "true" : "false");
    const char *embed = call_query(call, "embed");
    if (embed != NULL && strstr(embed, "order") != NULL) {
        const json_t *location = json_object_get(json, "offline_location_id");
        bool is_pickup = json_string_length(location) > 0;

        put_text(text, ",\"order\":{\"reference\":");
        put_string(text, order->number);
        put(text, ",\"deliveryType\":\"%s\"}", is_pickup ? "pickup" : "delivery");
    }
    put_text(text, "}");
}

void mijnwebwinkel_list_payments(struct call *call)
{
    const struct order *order = mijnwebwinkel_order(call);

    if (order == NULL) {
        return;
    }
    put_text(&call->answer.body, "{\"payments\":[");
    put_payment(&call->answer.body, call, order);
    put_text(&call->answer.body, "]}");
}
