/*
 * A shipment as the Boekuwzending API returns it, made from the request. Where the official sources
 * disagree about a shape, shipments take turns.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/ascii.h"
#include "common/clock.h"
#include "common/memory.h"
#include "tests/simulator/boekuwzending.h"
#include "tests/simulator/calendar.h"
#include "tests/simulator/json_text.h"

#define PRODUCTION_LINKS "https://mijn.boekuwzending.com"
#define STAGING_LINKS    "https://staging.mijn.boekuwzending.com"

/* "road_transport", or the object that the specification speaks of. */
static json_t *transport_json(const json_t *request, uint64_t turn)
{
    const char *name = member_text(request, "transportType");

    if (turn % 2 == 0) {
        return json_string(name);
    }
    return json_pack("{s:s, s:s, s:s}", "name", name, "value", name, "displayValue",
                     strcmp(name, "road_transport") == 0 ? "Wegtransport" : name);
}

/* A party of the request; now and then its phone number is taken apart. */
static json_t *party_json(const json_t *party, uint64_t turn)
{
    json_t *copy = json_deep_copy(party);
    json_t *contact = json_object_get(copy, "contact");
    const char *phone = member_text(contact, "phoneNumber");

    if (turn % 3 == 0 && strlen(phone) > 3 && phone[0] == '+') {
        json_object_set_new(contact, "phoneNumber",
                            json_pack("{s:s%, s:s}", "countryCode", phone + 1, (size_t)2,
                                      "nationalNumber", phone + 3));
    }
    return copy;
}

static json_t *sender_json(const json_t *request, uint64_t turn)
{
    const json_t *sender = json_object_get(request, "shipFrom");

    if (json_is_object(sender)) {
        return party_json(sender, turn);
    }
    return json_pack("{s:{s:s, s:s}, s:{s:s, s:s, s:s, s:s, s:s}}", "contact", "name", "Magazijn",
                     "emailAddress", "magazijn@winkel.example", "address", "street", "Loodsweg",
                     "number", "8", "postcode", "3542AA", "city", "Utrecht", "country", "NL");
}

/* Weights come back as text, the type now and then as an object. */
static json_t *items_json(const json_t *request, uint64_t turn)
{
    json_t *items = json_deep_copy(json_object_get(request, "items"));
    json_t *item;
    size_t index;

    json_array_foreach(items, index, item)
    {
        const json_t *weight = json_object_get(item, "weight");

        if (json_is_number(weight)) {
            AUTO(free) char *text = xasprintf("%g", json_number_value(weight));

            json_object_set_new(item, "weight", json_string(text));
        }
        if (turn % 4 == 0) {
            json_t *type = json_pack("{s:O, s:s}", "id", json_object_get(item, "type"),
                                     "description", "Pakket");

            json_object_set_new(item, "type", type);
        }
    }
    return items;
}

static json_t *dispatch_json(const json_t *request)
{
    json_t *dispatch = json_deep_copy(json_object_get(request, "dispatch"));
    const char *date = member_text(dispatch, "date");

    if (calendar_is_date(date)) {
        AUTO(free) char *moment = xasprintf("%sT00:00:00+01:00", date);

        json_object_set_new(dispatch, "date", json_string(moment));
    }
    return dispatch;
}

/* The shipment without labels as text, without the closing brace. */
static char *head_text(const struct shipment *shipment, const json_t *request, uint64_t turn)
{
    char moment[MOMENT_SIZE];

    calendar_moment_local(shipment->created_us, moment);
    AUTO(json)
    json_t *json = json_pack(
        "{s:s, s:s, s:s, s:s, s:o, s:O?, s:O?, s:b, s:O?, s:o, s:o, s:o, s:o}", "id", shipment->id,
        "sequence", shipment->sequence, "status", "new", "createdAt", moment, "transportType",
        transport_json(request, turn), "service", json_object_get(request, "service"),
        "invoiceReference", json_object_get(request, "invoiceReference"), "draft",
        json_is_true(json_object_get(request, "draft")), "related",
        json_object_get(request, "related"), "shipFrom", sender_json(request, turn), "shipTo",
        party_json(json_object_get(request, "shipTo"), turn), "dispatch", dispatch_json(request),
        "items", items_json(request, turn));
    const json_t *delivery = json_object_get(request, "delivery");
    if (json_is_object(delivery)) {
        json_object_set_new(json, "delivery", json_deep_copy(delivery));
    }
    size_t length;
    char *text = json_to_text(json, &length);
    text[length - 1] = '\0';
    return text;
}

static char *overview_text(const struct shipment *shipment, const json_t *request, uint64_t turn)
{
    AUTO(json)
    json_t *json = json_pack("{s:s, s:s, s:s, s:n, s:o, s:o, s:o, s:n}", "id", shipment->id,
                             "sequence", shipment->sequence, "status", "new", "relation",
                             "shipFrom", sender_json(request, turn), "shipTo",
                             party_json(json_object_get(request, "shipTo"), turn), "dispatch",
                             dispatch_json(request), "delivery");

    return json_to_text(json, NULL);
}

/* As many as there are parcels; a draft has none. */
static size_t labels_wanted(const json_t *request)
{
    const json_t *items = json_object_get(request, "items");
    size_t count = 0;

    if (json_is_true(json_object_get(request, "draft"))) {
        return 0;
    }
    for (size_t i = 0; i < json_array_size(items); i++) {
        const json_t *quantity = json_object_get(json_array_get(items, i), "quantity");

        count += json_is_integer(quantity) ? (size_t)json_integer_value(quantity) : 1;
    }
    return count;
}

void shipment_render_labels(const struct booking *booking, struct shipment *shipment)
{
    bool is_staging = strcmp(booking->name, "staging") == 0;
    struct buffer text = TEXT_INIT;

    put_text(&text, "[");
    for (size_t i = 0; i < shipment->label_count; i++) {
        const struct label *label = &shipment->label[i];

        put(&text, "%s{\"id\":\"%s\",\"waybill\":\"%s\",\"reference\":", i > 0 ? "," : "",
            label->id, label->waybill);
        put_string(&text, shipment->reference[0] != '\0' ? shipment->reference : NULL);
        put_text(&text, ",\"status\":");
        put_string(&text, label_status(label));
        put_text(&text, ",\"trackAndTraceLink\":");
        if (i % 2 == 0) {
            put(&text, "\"%s/track-en-trace/%s/%s\"}",
                is_staging ? STAGING_LINKS : PRODUCTION_LINKS, label->waybill, shipment->postcode);
        } else {
            put_text(&text, "null}");
        }
    }
    put_text(&text, "]");
    free(shipment->labels);
    shipment->labels = buffer_steal(&text);
}

static void shipment_add_labels(struct call *call, struct shipment *shipment)
{
    bool is_staging = strcmp(call->booking->name, "staging") == 0;

    shipment->label = xcalloc(shipment->label_count, sizeof(*shipment->label));
    for (size_t i = 0; i < shipment->label_count; i++) {
        struct label *label = &shipment->label[i];

        dice_uuid(&call->simulator->dice, label->id);
        snprintf(label->waybill, sizeof(label->waybill), "3S%s%010llu",
                 is_staging ? "STAG" : "TEST", (unsigned long long)++call->booking->waybills);
        label->shipment = shipment;
    }
    shipment_render_labels(call->booking, shipment);
}

/* A postcode as it stands in a link: letters and digits only. */
static char *postcode_text(const json_t *request)
{
    const json_t *address = json_object_get(json_object_get(request, "shipTo"), "address");
    char *text = xstrdup(member_text(address, "postcode"));
    char *end = text;

    for (const char *at = text; *at != '\0'; at++) {
        if (ascii_is_alphanumeric(*at)) {
            *end++ = *at;
        }
    }
    *end = '\0';
    return text;
}

struct shipment *shipment_new(struct call *call, const json_t *request)
{
    char date[DATE_SIZE];
    struct shipment *shipment = xcalloc(1, sizeof(*shipment));
    uint64_t turn = ++call->booking->sequence;

    shipment->account = call->account;
    shipment->created_us = clock_wall_us();
    shipment->labels_at_us = shipment->created_us;
    if (call->fault != NULL && call->fault->kind->use == FAULT_LABELS) {
        shipment->labels_at_us += call->fault->settings.ms * 1000;
    }
    if (call->fault != NULL && call->fault->kind->use == FAULT_BOOKING) {
        shipment->there_at_us = shipment->created_us + call->fault->settings.ms * 1000;
    }
    calendar_local(shipment->created_us, date, NULL);
    dice_uuid(&call->simulator->dice, shipment->id);
    shipment->sequence =
        xasprintf("%.4s%.2s%.2s%05llu", date, date + 5, date + 8, (unsigned long long)turn);
    shipment->reference = xstrdup(member_text(request, "invoiceReference"));
    shipment->service = xstrdup(member_text(request, "service"));
    shipment->postcode = postcode_text(request);
    shipment->request = json_to_text(request, NULL);
    shipment->head = head_text(shipment, request, turn);
    shipment->overview = overview_text(shipment, request, turn);
    shipment->label_count = labels_wanted(request);
    shipment_add_labels(call, shipment);
    return shipment;
}

void put_shipment(struct buffer *text, const struct shipment *shipment)
{
    put(text, "%s,\"labels\":%s}", shipment->head,
        shipment_has_labels(shipment) ? shipment->labels : "[]");
}
