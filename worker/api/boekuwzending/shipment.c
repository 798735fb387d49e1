#include "worker/api/boekuwzending/shipment.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/memory.h"
#include "worker/api/boekuwzending/contents.h"
#include "worker/api/boekuwzending/party.h"
#include "worker/api/boekuwzending/request.h"
#include "worker/api/shop/order_lines.h"
#include "worker/api/text/json_write.h"
#include "worker/api/text/lenient.h"

/* Of a parcel of which nothing is said [BKZ-509, BKZ-510]. */
#define DEFAULT_TYPE        "package"
#define DEFAULT_DESCRIPTION "Pakket"
#define DEFAULT_SIDE        10
#define DEFAULT_WEIGHT      1.0
#define LEAST_WEIGHT        0.1

#define TYPE_LENGTH        40
#define DESCRIPTION_LENGTH 100

#define SEQUENCE_LENGTH 60
#define WAYBILL_LENGTH  100
#define LINK_LENGTH     500
#define STATUS_LENGTH   40
#define TERMS_LENGTH    3

/* Longer than any reference of ours, so that a longer one does not look like it. */
#define REFERENCE_LENGTH 200

/* More digits than this are noise of binary fractions. */
#define DIGITS JSON_REAL_PRECISION(15)

static int32_t whole_or(json_t *item, const char *key, int32_t otherwise)
{
    int32_t value = 0;

    return lenient_integer(item, key, &value) && value > 0 ? value : otherwise;
}

static json_t *text_or(json_t *item, const char *key, size_t most, const char *otherwise)
{
    AUTO(free) char *text = lenient_text(item, key, most);

    return json_string(text != NULL ? text : otherwise);
}

static double weight_of(json_t *item)
{
    double weight = 0;

    if (!lenient_number(item, "weight_kg", &weight) || weight <= 0) {
        weight = DEFAULT_WEIGHT;
    }
    weight = order_lines_kilograms(weight);
    return weight > LEAST_WEIGHT ? weight : LEAST_WEIGHT;
}

/* An item stands for as many parcels as its quantity, each with a label [BKZ-507]. */
static json_t *item_of(json_t *item)
{
    double value = 0;
    bool has_value = lenient_number(item, "value", &value) && value >= 0;

    return json_pack("{s:i, s:o, s:{s:i, s:i, s:i}, s:f, s:o, s:o}", "quantity",
                     (int)whole_or(item, "quantity", 1), "type",
                     text_or(item, "type", TYPE_LENGTH, DEFAULT_TYPE), "dimensions", "length",
                     (int)whole_or(item, "length", DEFAULT_SIDE), "width",
                     (int)whole_or(item, "width", DEFAULT_SIDE), "height",
                     (int)whole_or(item, "height", DEFAULT_SIDE), "weight", weight_of(item),
                     "description",
                     text_or(item, "description", DESCRIPTION_LENGTH, DEFAULT_DESCRIPTION), "value",
                     has_value ? json_real(value) : json_null());
}

/* What is in the parcels stands with the first: nobody says which goods are in which [BKZ-524]. */
static json_t *items_of(json_t *wish)
{
    json_t *wanted = json_object_get(wish, "items");
    json_t *contents = boekuwzending_contents(wish);
    json_t *items = json_array();

    for (size_t i = 0; i < json_array_size(wanted); i++) {
        json_array_append_new(items, item_of(json_array_get(wanted, i)));
    }
    if (contents != NULL) {
        json_object_set_new(json_array_get(items, 0), "contents", contents);
    }
    return items;
}

static json_t *dispatch_of(json_t *wish)
{
    return json_pack("{s:n, s:o, s:{s:n, s:n}, s:n, s:n, s:o}", "instructions", "reference",
                     boekuwzending_text_or_null(wish, "order_number"), "timeWindow", "begin", "end",
                     "vatNumber", "eoriNumber", "date",
                     boekuwzending_text_or_null(wish, "dispatch_date"));
}

/* What a question about a shipment and the booking of one have in common. */
static json_t *body_of(json_t *wish)
{
    return json_pack("{s:s, s:o, s:o, s:o, s:o}", "transportType", "road_transport", "shipFrom",
                     boekuwzending_shipment_party(json_object_get(wish, "from")), "shipTo",
                     boekuwzending_shipment_party(json_object_get(wish, "to")), "dispatch",
                     dispatch_of(wish), "items", items_of(wish));
}

char *boekuwzending_shipment_body(json_t *wish)
{
    AUTO(free) char *related = lenient_text(wish, "related_external_id", BOEKUWZENDING_ID_LENGTH);
    AUTO(free) char *terms = lenient_text(wish, "inco_terms", TERMS_LENGTH);
    json_auto_t *body = body_of(wish);

    json_object_set_new(body, "invoiceReference", boekuwzending_text_or_null(wish, "reference"));
    json_object_set_new(body, "service", boekuwzending_text_or_null(wish, "service"));
    if (terms != NULL) {
        json_object_set_new(body, "incoTerms", json_string(terms));
    }
    if (related != NULL) {
        AUTO(free) char *path = xasprintf("/shipments/%s", related);

        json_object_set_new(body, "related", json_string(path));
    }
    return json_write(body, JSON_COMPACT | DIGITS, NULL);
}

char *boekuwzending_rate_body(json_t *wish)
{
    json_auto_t *body = body_of(wish);

    return json_write(body, JSON_COMPACT | DIGITS, NULL);
}

/* A link that a browser may be sent to; NULL for anything else. */
static char *read_link(json_t *label)
{
    /* One more than is kept: a link that was cut leads nowhere. */
    char *link = lenient_text(label, "trackAndTraceLink", LINK_LENGTH + 1);
    bool is_web = link != NULL &&
                  (strncasecmp(link, "https://", 8) == 0 || strncasecmp(link, "http://", 7) == 0);

    if (!is_web || strlen(link) > LINK_LENGTH) {
        free(link);
        return NULL;
    }
    return link;
}

static bool has_label(json_t *labels, const char *id)
{
    for (size_t i = 0; i < json_array_size(labels); i++) {
        json_t *other = json_object_get(json_array_get(labels, i), "external_id");

        if (strcmp(json_string_value(other), id) == 0) {
            return true;
        }
    }
    return false;
}

/* Spelt with one l [BKZ-609]; the other spelling means the same. */
static bool is_cancelled(json_t *label)
{
    AUTO(free) char *status = lenient_text(label, "status", STATUS_LENGTH);

    return status != NULL &&
           (strcasecmp(status, "canceled") == 0 || strcasecmp(status, "cancelled") == 0);
}

/* Absent, null, [] and {} all mean: not made yet [BKZ-603]. An entry without id is no label. */
static json_t *read_labels(json_t *shipment)
{
    json_auto_t *list = lenient_list(shipment, "labels");
    json_t *labels = json_array();

    for (size_t i = 0; i < json_array_size(list) && i < BOEKUWZENDING_LABELS; i++) {
        json_t *label = json_array_get(list, i);
        AUTO(free) char *id = boekuwzending_id_of(label);
        AUTO(free) char *waybill = lenient_text(label, "waybill", WAYBILL_LENGTH);
        AUTO(free) char *link = read_link(label);

        if (id != NULL && !has_label(labels, id)) {
            json_array_append_new(labels,
                                  json_pack("{s:s, s:s?, s:s?, s:b}", "external_id", id, "waybill",
                                            waybill, "track_and_trace_link", link, "is_cancelled",
                                            is_cancelled(label) ? 1 : 0));
        }
    }
    return labels;
}

/* Whether nothing that could be a label was left out of what read_labels() gives. */
static bool has_whole_labels(json_t *shipment)
{
    json_t *list = json_object_get(shipment, "labels");

    for (size_t i = 0; i < json_array_size(list); i++) {
        AUTO(free) char *id = boekuwzending_id_of(json_array_get(list, i));

        if (id == NULL) {
            return false;
        }
    }
    return json_is_array(list) && json_array_size(list) <= BOEKUWZENDING_LABELS;
}

bool booked_shipment_read(const char *body, size_t length, struct booked_shipment *ret_shipment,
                          struct error *err)
{
    json_auto_t *json = lenient_parse(body, length, NULL, err);
    AUTO(free) char *id = boekuwzending_id_of(json);

    *ret_shipment = (struct booked_shipment){.id = NULL};
    if (json == NULL) {
        return false;
    }
    if (id == NULL) {
        return error_set(err, ERROR_DATA, "the answer is no shipment with an id");
    }
    *ret_shipment = (struct booked_shipment){
        .id = steal_ptr(&id),

        .sequence = lenient_text(json, "sequence", SEQUENCE_LENGTH),
        .reference = lenient_text(json, "invoiceReference", REFERENCE_LENGTH),
        .labels = read_labels(json),
        .is_whole = has_whole_labels(json),
    };
    return true;
}

void booked_shipment_release(struct booked_shipment *shipment)
{
    free(shipment->id);
    free(shipment->sequence);
    free(shipment->reference);
    json_decref(shipment->labels);
    *shipment = (struct booked_shipment){.id = NULL};
}
