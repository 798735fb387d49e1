/*
 * The Boekuwzending API: shipments.
 */
#include <string.h>

#include "common/memory.h"
#include "tests/simulator/boekuwzending.h"
#include "tests/simulator/calendar.h"
#include "tests/simulator/json_text.h"

#define QUANTITY_MOST 1000

static bool is_among(const char *text, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(list[i], text) == 0) {
            return true;
        }
    }
    return false;
}

static size_t character_count(const char *text)
{
    size_t count = 0;

    for (; *text != '\0'; text++) {
        count += ((unsigned char)*text & 0xC0) != 0x80 ? 1 : 0;
    }
    return count;
}

static void check_item(json_t *violations, const json_t *item, size_t index)
{
    static const char *const types[] = {"envelop",      "document",    "package",     "pallet-euro",
                                        "pallet-block", "pallet-mini", "pallet-other"};
    const json_t *quantity = json_object_get(item, "quantity");
    AUTO(free) char *type_path = xasprintf("items[%zu].type", index);
    AUTO(free) char *quantity_path = xasprintf("items[%zu].quantity", index);

    if (!is_among(member_text(item, "type"), types, ARRAY_LENGTH(types))) {
        violation_add(violations, type_path, "The value you selected is not a valid choice.");
    }
    if (!json_is_integer(quantity) || json_integer_value(quantity) < 1 ||
        json_integer_value(quantity) > QUANTITY_MOST) {
        violation_add(violations, quantity_path, "This value should be between 1 and 1000.");
    }
    const json_t *dimensions = json_object_get(item, "dimensions");
    static const char *const sides[] = {"length", "width", "height"};
    for (size_t i = 0; i < ARRAY_LENGTH(sides); i++) {
        AUTO(free) char *path = xasprintf("items[%zu].dimensions.%s", index, sides[i]);

        if (!json_is_number(json_object_get(dimensions, sides[i]))) {
            violation_add(violations, path, "This value should not be null.");
        } else if (json_number_value(json_object_get(dimensions, sides[i])) <= 0) {
            violation_add(violations, path, "This value should be positive.");
        }
    }
    const json_t *weight = json_object_get(item, "weight");
    AUTO(free) char *weight_path = xasprintf("items[%zu].weight", index);
    if (weight != NULL && (!json_is_number(weight) || json_number_value(weight) <= 0)) {
        violation_add(violations, weight_path, "This value should be positive.");
    }
}

/* Of the lines for customs: what has a type or a length of its own. */
static void check_contents(json_t *violations, const json_t *item, size_t index)
{
    static const char *const numbers[] = {"quantity", "value"};
    const json_t *contents = json_object_get(item, "contents");

    for (size_t i = 0; i < json_array_size(contents); i++) {
        const json_t *line = json_array_get(contents, i);
        AUTO(free) char *path = xasprintf("items[%zu].contents[%zu]", index, i);
        size_t length = character_count(member_text(line, "description"));

        if (length < 1 || length > 70) {
            violation_add(violations, path, "Its description should have 1 to 70 characters.");
        }
        if (json_object_get(line, "weight") != NULL &&
            !json_is_string(json_object_get(line, "weight"))) {
            violation_add(violations, path, "Its weight should be of type string.");
        }
        for (size_t at = 0; at < ARRAY_LENGTH(numbers); at++) {
            const json_t *number = json_object_get(line, numbers[at]);

            if (number != NULL && !json_is_number(number)) {
                violation_add(violations, path, "A number of it should be of type number.");
            }
        }
    }
}

static void check_receiver(json_t *violations, const json_t *request)
{
    static const struct {
        const char *part, *name, *path;
    } members[] = {
        {"contact", "name", "shipTo.contact.name"},
        {"address", "postcode", "shipTo.address.postcode"},
        {"address", "city", "shipTo.address.city"},
        {"address", "country", "shipTo.address.country"},
    };
    const json_t *to = json_object_get(request, "shipTo");

    if (!violation_need(violations, request, "shipTo", is_object,
                        "This value should not be null.")) {
        return;
    }
    for (size_t i = 0; i < ARRAY_LENGTH(members); i++) {
        const json_t *part = json_object_get(to, members[i].part);

        if (!is_text(json_object_get(part, members[i].name))) {
            violation_add(violations, members[i].path, "This value should not be blank.");
        }
    }
}

static void check_dispatch(json_t *violations, const json_t *request)
{
    const json_t *date = json_object_get(json_object_get(request, "dispatch"), "date");

    if (violation_need(violations, request, "dispatch", is_object,
                       "This value should not be null.") &&
        date != NULL && !json_is_null(date) &&
        (!json_is_string(date) || !calendar_is_date(json_string_value(date)))) {
        violation_add(violations, "dispatch.date", "This value is not a valid date.");
    }
}

static void check_related(const struct call *call, json_t *violations)
{
    static const char prefix[] = "/shipments/";
    const char *related = member_text(call->json, "related");

    if (related[0] == '\0') {
        return;
    }
    if (strncmp(related, prefix, sizeof(prefix) - 1) != 0 ||
        booking_find_shipment(call->booking, call->account, related + sizeof(prefix) - 1) == NULL) {
        violation_add(violations, "related", "This shipment was not found.");
    }
}

bool boekuwzending_shipment_is_valid(struct call *call)
{
    static const char *const transports[] = {"road_transport", "sea_freight", "air_freight"};
    static const char *const terms[] = {"DAP", "DDP"};
    AUTO(json) json_t *violations = json_array();
    const json_t *items = json_object_get(call->json, "items");

    if (json_object_get(call->json, "incoTerms") != NULL &&
        !is_among(member_text(call->json, "incoTerms"), terms, ARRAY_LENGTH(terms))) {
        violation_add(violations, "incoTerms", "The value you selected is not a valid choice.");
    }
    if (!is_among(member_text(call->json, "transportType"), transports, ARRAY_LENGTH(transports))) {
        violation_add(violations, "transportType", "The value you selected is not a valid choice.");
    }
    check_receiver(violations, call->json);
    check_dispatch(violations, call->json);
    check_related(call, violations);
    if (json_array_size(items) == 0) {
        violation_add(violations, "items", "This collection should contain 1 element or more.");
    }
    for (size_t i = 0; i < json_array_size(items); i++) {
        check_item(violations, json_array_get(items, i), i);
        check_contents(violations, json_array_get(items, i), i);
    }
    return boekuwzending_accept(call, violations);
}

static void put_base64(struct buffer *text, const char *bytes, size_t length)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";
    static const unsigned padding = 64; /* index of '=' */

    for (size_t i = 0; i < length; i += 3) {
        unsigned group = 0;

        for (size_t j = 0; j < 3; j++) {
            group = group << 8 | (i + j < length ? (unsigned char)bytes[i + j] : 0U);
        }
        const char four[4] = {digits[group >> 18 & 63], digits[group >> 12 & 63],
                              digits[i + 1 < length ? group >> 6 & 63 : padding],
                              digits[i + 2 < length ? group & 63 : padding]};
        put_bytes(text, four, sizeof(four));
    }
}

/* Adds the labels as a PDF to the shipment that the answer holds. */
static void add_label_pdf(struct buffer *text, const struct shipment *shipment)
{
    AUTO(buffer) struct buffer pdf = TEXT_INIT;

    put_label_pdf(&pdf, &shipment, 1);
    text->length--; /* the closing brace */
    put_text(text, ",\"labelPdfData\":\"");
    put_base64(text, pdf.bytes, pdf.length);
    put_text(text, "\"}");
}

void boekuwzending_create_shipment(struct call *call)
{
    if (!boekuwzending_has_object(call) || !boekuwzending_shipment_is_valid(call)) {
        return;
    }
    struct shipment *shipment = shipment_new(call, call->json);
    booking_add_shipment(call->booking, shipment);
    call->answer.status = 201;
    put_shipment(&call->answer.body, shipment);
    const char *with_pdf = call_query(call, "withLabelPdfData");
    if (with_pdf != NULL && strcmp(with_pdf, "1") == 0 && shipment_has_labels(shipment)) {
        add_label_pdf(&call->answer.body, shipment);
    }
}

/* Adds the overview of a shipment to a list, when it is on the page. */
static void list_add(struct call *call, const struct shipment *shipment, struct page page,
                     size_t *found)
{
    if (shipment->account != call->account || !shipment_is_there(shipment) ||
        ++*found <= page.skip || *found > page.skip + page.take) {
        return;
    }
    put(&call->answer.body, "%s%s", *found > page.skip + 1 ? "," : "", shipment->overview);
}

void boekuwzending_find_shipments(struct call *call)
{
    const char *reference = call_query(call, "invoiceReference");
    struct page page = boekuwzending_page(call);
    size_t found = 0;

    put_text(&call->answer.body, "[");
    if (reference != NULL) {
        const struct shipment *at = map_find(&call->booking->references, reference);

        for (; at != NULL; at = at->same_reference) {
            list_add(call, at, page, &found);
        }
    } else {
        for (size_t i = 0; i < call->booking->shipment_count; i++) {
            list_add(call, call->booking->shipment_items[i], page, &found);
        }
    }
    put_text(&call->answer.body, "]");
}
