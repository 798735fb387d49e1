/*
 * The control API: shops.
 */
#include <string.h>

#include "common/clock.h"
#include "common/memory.h"
#include "tests/simulator/control.h"
#include "tests/simulator/fields.h"
#include "tests/simulator/json_text.h"

struct shop *control_shop(struct call *call)
{
    struct shop *shop = shops_find(&call->simulator->shops, call->parameters[0]);

    if (shop == NULL) {
        call_problem(call, 404, "there is no shop '%s'", call->parameters[0]);
    }
    return shop;
}

void put_shop(struct buffer *text, const struct shop *shop)
{
    size_t deleted = 0;

    for (size_t i = 0; i < shop->order_count; i++) {
        deleted += shop->orders[i]->is_deleted;
    }
    put_text(text, "{\"name\":");
    put_string(text, shop->name);
    put(text, ",\"host\":\"%s.myonline.store\",\"token\":", shop->name);
    put_string(text, shop->token);
    put(text,
        ",\"token_is_active\":%s,\"primary_domain\":", shop->token_is_active ? "true" : "false");
    put_string(text, shop->primary_domain);
    put_text(text, ",\"store_id\":");
    put_string(text, shop->store_id);
    put_text(text, ",\"region\":");
    put_string(text, shop->region);
    put(text, ",\"orders\":%zu,\"flow_per_second\":%g", shop->order_count - deleted,
        shop->flow_per_second);
    put(text, ",\"requests\":%u,\"in_flight\":%u,\"max_in_flight\":%u}", shop->requests,
        shop->in_flight, shop->max_in_flight);
}

static bool is_host_label(const char *name)
{
    size_t length = strlen(name);

    return length > 0 && length < SHOP_NAME_SIZE &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == length;
}

void control_put_shop(struct call *call)
{
    struct simulator *simulator = call->simulator;
    struct error err = ERROR_INIT;
    struct shop_settings settings = {.token_is_active = -1, .page_cap = -1, .ignores_ordering = -1};
    int64_t orders = 0;
    const struct field fields[] = {
        {"name", FIELD_TEXT, &settings.name},
        {"token", FIELD_TEXT, &settings.token},
        {"token_is_active", FIELD_BOOLEAN, &settings.token_is_active},
        {"primary_domain", FIELD_TEXT, &settings.primary_domain},
        {"store_id", FIELD_TEXT, &settings.store_id},
        {"region", FIELD_TEXT, &settings.region},
        {"page_cap", FIELD_INTEGER, &settings.page_cap},
        {"ignores_ordering", FIELD_BOOLEAN, &settings.ignores_ordering},
        {"orders", FIELD_INTEGER, &orders},
    };

    if (!fields_read(call->json, fields, ARRAY_LENGTH(fields), &err)) {
        call_problem(call, 400, "%s", err.text);
        return;
    }
    if (settings.name == NULL || !is_host_label(settings.name)) {
        call_problem(call, 400, "name is needed: lower-case letters, digits and hyphens");
        return;
    }
    bool is_new = shops_find(&simulator->shops, settings.name) == NULL;
    if (shops_put(&simulator->shops, &settings, simulator->options->seed) == NULL) {
        call_problem(call, 409, "another shop has that token");
        return;
    }
    const struct order_recipe recipe = {.kind = ORDER_NORMAL, .status = ORDER_UNKNOWN};
    if (!control_generate(call, settings.name, &recipe, orders, true)) {
        return;
    }
    call->answer.status = is_new ? 201 : 200;
    put_shop(&call->answer.body, shops_find(&simulator->shops, settings.name));
}

void control_list_shops(struct call *call)
{
    const struct shops *shops = &call->simulator->shops;

    put_text(&call->answer.body, "[");
    for (size_t i = 0; i < shops->count; i++) {
        if (i > 0) {
            put_text(&call->answer.body, ",\n");
        }
        put_shop(&call->answer.body, shops->items[i]);
    }
    put_text(&call->answer.body, "]");
}

void control_get_shop(struct call *call)
{
    const struct shop *shop = control_shop(call);

    if (shop != NULL) {
        put_shop(&call->answer.body, shop);
    }
}

void control_delete_shop(struct call *call)
{
    struct shop *shop = control_shop(call);

    if (shop == NULL) {
        return;
    }
    shops_remove(&call->simulator->shops, shop);
    call->answer.status = 204;
}

void control_set_flow(struct call *call)
{
    struct error err = ERROR_INIT;
    struct shop *shop = control_shop(call);
    double per_second = 0;
    const struct field fields[] = {{"per_second", FIELD_NUMBER, &per_second}};

    if (shop == NULL) {
        return;
    }
    if (!fields_read(call->json, fields, ARRAY_LENGTH(fields), &err)) {
        call_problem(call, 400, "%s", err.text);
        return;
    }
    shop->flow_per_second = per_second;
    shop->flow_credit = 0;
    shop->flow_since_us = clock_monotonic_us();
    delays_wake(call->simulator->delays);
    put_shop(&call->answer.body, shop);
}
