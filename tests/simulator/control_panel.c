/*
 * The control API: what a person does with an imported order in the panel of Boekuwzending, and
 * what a carrier does with a parcel.
 */
#include <stdlib.h>

#include "common/clock.h"
#include "common/memory.h"
#include "tests/simulator/boekuwzending.h"
#include "tests/simulator/control.h"
#include "tests/simulator/fields.h"
#include "tests/simulator/json_text.h"

#define LABELS_MOST 100

/* The order that the path names, in whichever environment; NULL after answering 404. Sets the
 * environment and the account of the call. */
static struct pushed_order *order_of_path(struct call *call)
{
    for (size_t i = 0; i < BOOKING_COUNT; i++) {
        struct booking *booking = &call->simulator->bookings[i];
        struct pushed_order *order = map_find(&booking->orders, call->parameters[0]);

        if (order != NULL && !order->is_deleted) {
            call->booking = booking;
            call->account = order->account;
            return order;
        }
    }
    call_problem(call, 404, "there is no such order");
    return NULL;
}

/* What the panel asks of its own service for the order. */
static json_t *shipment_request(const struct pushed_order *order, const char *service,
                                int64_t labels)
{
    return json_pack("{s:s, s:s, s:O?, s:O, s:{s:n}, s:[{s:I, s:s}]}", "transportType",
                     "road_transport", "service", service, "invoiceReference",
                     json_object_get(order->sent, "reference"), "shipTo",
                     json_object_get(order->sent, "shipTo"), "dispatch", "date", "items",
                     "quantity", (json_int_t)labels, "type", "package");
}

/* Makes a shipment of the order with so many labels, which exist after `late_ms`. */
void control_make_label(struct call *call)
{
    struct error err = ERROR_INIT;
    int64_t labels = 1;
    int64_t late_ms = 0;
    const char *service = "postnl_standaard_voorbeeld";
    const struct field fields[] = {
        {"labels", FIELD_INTEGER, &labels},
        {"late_ms", FIELD_INTEGER, &late_ms},
        {"service", FIELD_TEXT, &service},
    };
    struct pushed_order *order = order_of_path(call);

    if (order == NULL) {
        return;
    }
    if (call->json != NULL && !fields_read(call->json, fields, ARRAY_LENGTH(fields), &err)) {
        call_problem(call, 400, "%s", err.text);
        return;
    }
    if (labels > LABELS_MOST) {
        call_problem(call, 400, "at most %d labels", LABELS_MOST);
        return;
    }

    AUTO(json) json_t *request = shipment_request(order, service, labels);
    struct shipment *shipment = shipment_new(call, request);
    AUTO(free) char *path = xasprintf("/shipments/%s", shipment->id);

    shipment->labels_at_us += late_ms * 1000;
    booking_add_shipment(call->booking, shipment);
    json_array_append_new(order->shipments, json_string(path));
    pushed_order_render(order);
    put_shipment(&call->answer.body, shipment);
}

/* Puts it aside, or back. */
void control_change_pushed_order(struct call *call)
{
    struct error err = ERROR_INIT;
    struct pushed_order *order = order_of_path(call);
    int is_archived = order != NULL && order->is_archived ? 1 : 0;
    const struct field fields[] = {{"archived", FIELD_BOOLEAN, &is_archived}};

    if (order == NULL) {
        return;
    }
    if (!fields_read(call->json, fields, ARRAY_LENGTH(fields), &err)) {
        call_problem(call, 400, "%s", err.text);
        return;
    }
    order->is_archived = is_archived != 0;
    pushed_order_render(order);
    answer_text(&call->answer, 200, "{}");
}

void control_remove_pushed_order(struct call *call)
{
    struct pushed_order *order = order_of_path(call);

    if (order != NULL) {
        order->is_deleted = true;
        answer_text(&call->answer, 200, "{}");
    }
}

/* A carrier says where the parcel of a label is, in whichever environment. */
void control_move_parcel(struct call *call)
{
    struct error err = ERROR_INIT;
    const char *status = NULL;
    const char *description = NULL;
    const struct field fields[] = {{"status", FIELD_TEXT, &status},
                                   {"description", FIELD_TEXT, &description}};

    if (!fields_read(call->json, fields, ARRAY_LENGTH(fields), &err) || status == NULL) {
        call_problem(call, 400, "%s", err.text[0] != '\0' ? err.text : "which status?");
        return;
    }
    for (size_t i = 0; i < BOOKING_COUNT; i++) {
        struct booking *booking = &call->simulator->bookings[i];
        struct label *label = booking_label(booking, call->parameters[0]);

        if (label != NULL) {
            free(label->status);
            free(label->description);
            label->status = xstrdup(status);
            label->description = description != NULL ? xstrdup(description) : NULL;
            label->status_at_us = clock_wall_us();
            shipment_render_labels(booking, map_find(&booking->shipments, label->shipment->id));
            answer_text(&call->answer, 200, "{}");
            return;
        }
    }
    call_problem(call, 404, "there is no such label");
}
