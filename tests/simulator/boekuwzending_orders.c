/*
 * The Boekuwzending API: imported orders. Duplicates are accepted, as the real service does.
 */
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "tests/simulator/boekuwzending.h"
#include "tests/simulator/json_text.h"

static bool order_is_valid(struct call *call)
{
    AUTO(json) json_t *violations = json_array();

    violation_need(violations, call->json, "externalId", is_text,
                   "This value should not be blank.");
    violation_need(violations, call->json, "createdAtSource", is_text,
                   "This value is not a valid datetime.");
    violation_need(violations, call->json, "orderLines", is_array,
                   "This value should be of type array.");
    const json_t *to = json_object_get(call->json, "shipTo");
    if (violation_need(violations, call->json, "shipTo", is_object,
                       "This value should not be null.")) {
        violation_need(violations, to, "contact", is_object, "This value should not be null.");
        violation_need(violations, to, "address", is_object, "This value should not be null.");
    }
    return boekuwzending_accept(call, violations);
}

void pushed_order_render(struct pushed_order *order)
{
    json_t *sent = order->sent;
    AUTO(json)
    json_t *full = json_pack("{s:s, s:b, s:O}", "id", order->id, "archived",
                             order->is_archived ? 1 : 0, "shipments", order->shipments);
    AUTO(json)
    json_t *overview =
        json_pack("{s:s, s:O, s:O?, s:b, s:O}", "id", order->id, "externalId",
                  json_object_get(sent, "externalId"), "reference",
                  json_object_get(sent, "reference"), "archived", order->is_archived ? 1 : 0,
                  "createdAtSource", json_object_get(sent, "createdAtSource"));

    json_object_update_missing(full, sent);
    free(order->external_id);
    free(order->text);
    free(order->overview);
    order->external_id = xstrdup(member_text(sent, "externalId"));
    order->text = json_to_text(full, NULL);
    order->overview = json_to_text(overview, NULL);
}

/* Takes what the request says of the order; each of its lines gets an id. */
static void order_take(struct call *call, struct pushed_order *order)
{
    json_t *line;
    size_t index;

    json_decref(order->sent);
    order->sent = json_deep_copy(call->json);
    json_array_foreach(json_object_get(order->sent, "orderLines"), index, line)
    {
        char id[UUID_SIZE];

        dice_uuid(&call->simulator->dice, id);
        if (json_is_object(line)) {
            json_object_set_new(line, "id", json_string(id));
        }
    }
    pushed_order_render(order);
}

void boekuwzending_create_order(struct call *call)
{
    if (!boekuwzending_has_object(call) || !order_is_valid(call)) {
        return;
    }
    struct pushed_order *order = xcalloc(1, sizeof(*order));
    dice_uuid(&call->simulator->dice, order->id);
    order->account = call->account;
    order->shipments = json_array();
    order_take(call, order);
    booking_add_order(call->booking, order);
    answer_text(&call->answer, 201, order->text);
}

struct order_search {
    const struct pushed_order *order;
    bool has_criterion, is_wanted;
};

static enum MHD_Result compare_external_id(void *context, enum MHD_ValueKind kind, const char *name,
                                           const char *value)
{
    struct order_search *search = context;

    (void)kind;
    /* externalId=A, or externalId[]=A&externalId[]=B, or externalId[0]=A */
    if (strcmp(name, "externalId") == 0 || strncmp(name, "externalId[", 11) == 0) {
        search->has_criterion = true;
        if (value != NULL && strcmp(value, search->order->external_id) == 0) {
            search->is_wanted = true;
        }
    }
    return MHD_YES;
}

static bool order_is_wanted(const struct call *call, const struct pushed_order *order)
{
    struct order_search search = {.order = order};

    if (order->is_deleted || order->account != call->account) {
        return false;
    }
    MHD_get_connection_values(call->connection, MHD_GET_ARGUMENT_KIND, compare_external_id,
                              &search);
    return !search.has_criterion || search.is_wanted;
}

void boekuwzending_find_orders(struct call *call)
{
    struct page page = boekuwzending_page(call);
    struct buffer *text = &call->answer.body;
    size_t found = 0;

    put_text(text, "[");
    for (size_t i = 0; i < call->booking->order_count && found < page.skip + page.take; i++) {
        const struct pushed_order *order = call->booking->order_items[i];

        if (order_is_wanted(call, order) && ++found > page.skip) {
            put(text, "%s%s", found > page.skip + 1 ? "," : "", order->overview);
        }
    }
    put_text(text, "]");
}

static struct pushed_order *order_of_path(struct call *call)
{
    struct pushed_order *order =
        booking_find_order(call->booking, call->account, call->parameters[0]);

    if (order == NULL) {
        call_problem(call, 404, "Not Found");
    }
    return order;
}

void boekuwzending_get_order(struct call *call)
{
    const struct pushed_order *order = order_of_path(call);

    if (order != NULL) {
        answer_text(&call->answer, 200, order->text);
    }
}

void boekuwzending_put_order(struct call *call)
{
    struct pushed_order *order = order_of_path(call);

    if (order == NULL || !boekuwzending_has_object(call) || !order_is_valid(call)) {
        return;
    }
    order->put_count++;
    order_take(call, order);
    answer_text(&call->answer, 200, order->text);
}

void boekuwzending_delete_order(struct call *call)
{
    struct pushed_order *order = order_of_path(call);

    if (order == NULL) {
        return;
    }
    order->is_deleted = true;
    call->answer.status = 204;
}
