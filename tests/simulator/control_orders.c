/*
 * The control API: orders of a shop, as the merchant and the customers change them.
 */
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "tests/simulator/control.h"
#include "tests/simulator/fields.h"
#include "tests/simulator/json_text.h"

#define TURN 250 /* orders that are invented before others have a turn */

bool control_generate(struct call *call, const char *shop_name, const struct order_recipe *recipe,
                      int64_t count, bool is_silent)
{
    struct buffer *text = &call->answer.body;

    for (int64_t i = 0; i < count; i++) {
        if (i > 0 && i % TURN == 0) {
            call_breathe(call);
        }
        struct shop *shop = shops_find(&call->simulator->shops, shop_name);
        if (shop == NULL) {
            call_problem(call, 404, "the shop '%s' has vanished", shop_name);
            return false;
        }
        const struct order *order = shop_generate(shop, recipe, call->simulator->options->seed);
        if (is_silent) {
            continue;
        }
        put_text(text, i > 0 ? "," : "");
        put_string(text, order->number);
    }
    return true;
}

/* What POST /shops/{name}/orders may hold. */
struct new_orders {
    int64_t generate;
    const char *kind;
    int64_t payload_bytes;
    int64_t status; /* -1: as fits */
    const json_t *order;
    const json_t *orders;
    const char *raw;
};

static bool read_new_orders(struct call *call, struct new_orders *orders)
{
    struct error err = ERROR_INIT;
    const struct field fields[] = {
        {"generate", FIELD_INTEGER, &orders->generate},
        {"kind", FIELD_TEXT, &orders->kind},
        {"payload_bytes", FIELD_INTEGER, &orders->payload_bytes},
        {"status", FIELD_INTEGER, &orders->status},
        {"order", FIELD_JSON, &orders->order},
        {"orders", FIELD_JSON, &orders->orders},
        {"raw", FIELD_TEXT, &orders->raw},
    };

    if (fields_read(call->json, fields, ARRAY_LENGTH(fields), &err)) {
        return true;
    }
    call_problem(call, 400, "%s", err.text);
    return false;
}

static void add_order(struct call *call, struct shop *shop, struct order *order)
{
    struct buffer *text = &call->answer.body;

    shop_add(shop, order);
    put_text(text, text->bytes[text->length - 1] == '[' ? "" : ",");
    put_string(text, order->number);
}

/* A raw element has no facts of its own if it is not JSON; its status may be given beside it. */
static struct order *raw_order(const struct new_orders *orders)
{
    struct order *order = order_new_raw(xstrdup(orders->raw));

    if (order->status == ORDER_UNKNOWN) {
        order->status = (int)orders->status;
    }
    return order;
}

static bool add_generated(struct call *call, const char *shop, const struct new_orders *orders)
{
    struct order_recipe recipe = {.kind = ORDER_NORMAL,
                                  .status = (int)orders->status,
                                  .bytes = (size_t)orders->payload_bytes};

    if (orders->kind != NULL && !order_kind_find(orders->kind, &recipe.kind)) {
        call_problem(call, 400, "there is no kind of order '%.40s'", orders->kind);
        return false;
    }
    return control_generate(call, shop, &recipe, orders->generate, false);
}

void control_add_orders(struct call *call)
{
    struct new_orders orders = {.status = ORDER_UNKNOWN};
    struct shop *shop = control_shop(call);

    if (shop == NULL || !read_new_orders(call, &orders)) {
        return;
    }
    if (orders.generate == 0 && orders.order == NULL && orders.raw == NULL &&
        !json_is_array(orders.orders)) {
        call_problem(call, 400, "one of generate, order, orders and raw is needed");
        return;
    }
    call->answer.status = 201;
    put_text(&call->answer.body, "{\"numbers\":[");
    if (orders.order != NULL) {
        add_order(call, shop, order_new(orders.order));
    }
    for (size_t i = 0; i < json_array_size(orders.orders); i++) {
        add_order(call, shop, order_new(json_array_get(orders.orders, i)));
    }
    if (orders.raw != NULL) {
        add_order(call, shop, raw_order(&orders));
    }
    if (orders.generate > 0 && call->answer.body.bytes[call->answer.body.length - 1] != '[') {
        put_text(&call->answer.body, ",");
    }
    if (add_generated(call, call->parameters[0], &orders)) {
        put_text(&call->answer.body, "]}");
    }
}

static struct order *order_of_path(struct call *call, struct shop *shop)
{
    struct order *order = shop_find_order(shop, call->parameters[1]);

    if (order == NULL) {
        call_problem(call, 404, "the shop has no order '%s'", call->parameters[1]);
    }
    return order;
}

/* What the merchant does: status, archived, credits, and anything else by `merge`. */
static bool read_merchant_change(struct call *call, struct order_change *change, int *ret_hidden,
                                 const json_t **ret_credits, json_t **ret_merge)
{
    struct error err = ERROR_INIT;
    int64_t status = ORDER_UNKNOWN;
    const json_t *merge = NULL;
    const struct field fields[] = {
        {"status", FIELD_INTEGER, &status},    {"archived", FIELD_BOOLEAN, &change->archived},
        {"hidden", FIELD_BOOLEAN, ret_hidden}, {"credit_order_numbers", FIELD_JSON, ret_credits},
        {"merge", FIELD_JSON, &merge},
    };

    if (!fields_read(call->json, fields, ARRAY_LENGTH(fields), &err)) {
        call_problem(call, 400, "%s", err.text);
        return false;
    }
    change->status = (int)status;
    *ret_merge = json_object_get(call->json, "merge");
    return true;
}

void control_patch_order(struct call *call)
{
    struct order_change change = {.status = ORDER_UNKNOWN, .archived = ORDER_UNKNOWN};
    const json_t *credits = NULL;
    json_t *merge = NULL;
    int hidden = -1;
    struct shop *shop = control_shop(call);
    struct order *order = shop != NULL ? order_of_path(call, shop) : NULL;

    if (order == NULL || !read_merchant_change(call, &change, &hidden, &credits, &merge)) {
        return;
    }
    if (!order_change(order, &change)) {
        call_problem(call, 409, "the order is not a JSON object");
        return;
    }
    if (hidden >= 0) {
        order->is_hidden = hidden != 0;
    }

    AUTO(json) json_t *json = order_parse(order);
    if (credits != NULL) {
        json_object_set_new(json, "credit_order_numbers", json_deep_copy(credits));
    }
    if (json_is_object(merge)) {
        json_object_update_recursive(json, merge);
    }
    order_replace(order, json);
    shop_reposition(shop, order);
    put_bytes(&call->answer.body, order->text, order->length);
}

void control_delete_order(struct call *call)
{
    struct shop *shop = control_shop(call);
    struct order *order = shop != NULL ? order_of_path(call, shop) : NULL;

    if (order == NULL) {
        return;
    }
    order->is_deleted = true;
    call->answer.status = 204;
}
