/*
 * The control API: what has become of the shops' orders and of the bookings.
 */
#include <string.h>

#include "tests/simulator/calendar.h"
#include "tests/simulator/control.h"
#include "tests/simulator/json_text.h"

static void put_order_effects(struct buffer *text, const struct order *order)
{
    put_text(text, "{\"number\":");
    put_string(text, order->number);
    put_text(text, ",\"uuid\":");
    put_string(text, order->uuid);
    if (order->status == ORDER_UNKNOWN) {
        put_text(text, ",\"status\":null");
    } else {
        put(text, ",\"status\":%d", order->status);
    }
    put(text, ",\"archived\":%s,\"test\":%s,\"deleted\":%s,\"get_count\":%u,\"patch_count\":%u",
        order->archived == ORDER_UNKNOWN ? "null"
        : order->archived == 1           ? "true"
                                         : "false",
        order->is_test ? "true" : "false", order->is_deleted ? "true" : "false", order->get_count,
        order->patch_count);
    put(text, ",\"patches\":[%s]}", order->patches.length > 0 ? order->patches.bytes : "");
}

/* Shops whose orders nobody touched are told too; ?shop= picks one. */
void control_effects(struct call *call)
{
    const struct shops *shops = &call->simulator->shops;
    const char *wanted = call_query(call, "shop");
    struct buffer *text = &call->answer.body;
    bool is_first = true;

    put_text(text, "{\"shops\":{");
    for (size_t i = 0; i < shops->count; i++) {
        const struct shop *shop = shops->items[i];

        if (wanted != NULL && strcmp(wanted, shop->name) != 0) {
            continue;
        }
        put_text(text, is_first ? "" : ",");
        put_string(text, shop->name);
        put_text(text, ":{\"orders\":[");
        for (size_t at = 0; at < shop->order_count; at++) {
            put_text(text, at > 0 ? ",\n" : "");
            put_order_effects(text, shop->orders[at]);
        }
        put_text(text, "]}");
        is_first = false;
    }
    put_text(text, "}}");
}

static bool booking_is_wanted(const struct call *call, const struct booking *booking)
{
    const char *environment = call_query(call, "environment");

    return environment == NULL || strcmp(environment, booking->name) == 0;
}

/* How many shipments have the reference of this one. */
static size_t count_same_reference(const struct booking *booking, const struct shipment *shipment)
{
    const struct shipment *newest = map_find(&booking->references, shipment->reference);

    return newest != NULL ? newest->nth_of_reference : 1;
}

static void put_shipment_effects(struct buffer *text, const struct booking *booking,
                                 const struct shipment *shipment)
{
    char moment[MOMENT_SIZE];

    calendar_moment_utc(shipment->created_us, moment);
    put(text,
        "{\"environment\":\"%s\",\"id\":\"%s\",\"sequence\":\"%s\",\"reference\":", booking->name,
        shipment->id, shipment->sequence);
    put_string(text, shipment->reference);
    put(text, ",\"created_with_this_reference\":%zu,\"service\":",
        count_same_reference(booking, shipment));
    put_string(text, shipment->service);
    put_text(text, ",\"account\":");
    put_string(text, shipment->account->client_id);
    put(text, ",\"created_at\":\"%s\",\"label_count\":%zu,\"labels_exist\":%s,\"labels\":[", moment,
        shipment->label_count, shipment_has_labels(shipment) ? "true" : "false");
    for (size_t i = 0; i < shipment->label_count; i++) {
        put(text, "%s{\"id\":\"%s\",\"waybill\":\"%s\",\"status\":", i > 0 ? "," : "",
            shipment->label[i].id, shipment->label[i].waybill);
        put_string(text, label_status(&shipment->label[i]));
        put_text(text, "}");
    }
    put(text, "],\"request\":%s}", shipment->request);
}

void control_shipments(struct call *call)
{
    struct buffer *text = &call->answer.body;
    bool is_first = true;

    put_text(text, "[");
    for (size_t i = 0; i < BOOKING_COUNT; i++) {
        const struct booking *booking = &call->simulator->bookings[i];

        for (size_t at = 0; at < booking->shipment_count && booking_is_wanted(call, booking);
             at++) {
            put_text(text, is_first ? "" : ",\n");
            put_shipment_effects(text, booking, booking->shipment_items[at]);
            is_first = false;
        }
    }
    put_text(text, "]");
}

/* As if somebody did it in their panel: no call of the API can [BKZ-610]. */
void control_cancel_labels(struct call *call)
{
    for (size_t i = 0; i < BOOKING_COUNT; i++) {
        struct booking *booking = &call->simulator->bookings[i];

        for (size_t at = 0; at < booking->shipment_count; at++) {
            struct shipment *shipment = booking->shipment_items[at];

            if (strcmp(shipment->id, call->parameters[0]) == 0) {
                shipment->is_cancelled = true;
                shipment_render_labels(booking, shipment);
                answer_text(&call->answer, 200, "{}");
                return;
            }
        }
    }
    answer_text(&call->answer, 404, "{\"error\":\"there is no such shipment\"}");
}

static void put_pushed_order(struct buffer *text, const struct booking *booking,
                             const struct pushed_order *order)
{
    put(text, "{\"environment\":\"%s\",\"id\":\"%s\",\"external_id\":", booking->name, order->id);
    put_string(text, order->external_id);
    put_text(text, ",\"account\":");
    put_string(text, order->account->client_id);
    put(text, ",\"put_count\":%u,\"deleted\":%s,\"order\":%s}", order->put_count,
        order->is_deleted ? "true" : "false", order->text);
}

void control_pushed_orders(struct call *call)
{
    struct buffer *text = &call->answer.body;
    bool is_first = true;

    put_text(text, "[");
    for (size_t i = 0; i < BOOKING_COUNT; i++) {
        const struct booking *booking = &call->simulator->bookings[i];

        for (size_t at = 0; at < booking->order_count && booking_is_wanted(call, booking); at++) {
            put_text(text, is_first ? "" : ",\n");
            put_pushed_order(text, booking, booking->order_items[at]);
            is_first = false;
        }
    }
    put_text(text, "]");
}
