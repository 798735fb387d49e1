#include "worker/api/boekuwzending/order.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "worker/api/boekuwzending/party.h"
#include "worker/api/boekuwzending/request.h"
#include "worker/api/shop/order_lines.h"
#include "worker/api/text/json_write.h"
#include "worker/api/text/lenient.h"

/* Weight of a piece that nobody weighed, in kg [BKZ-305], and the least that is sent. */
#define DEFAULT_WEIGHT 1.0
#define LEAST_WEIGHT   0.001

#define LINE_ID_LENGTH 64

/* More digits than this are noise of binary fractions. */
#define DIGITS JSON_REAL_PRECISION(15)

static double piece_weight(json_t *line)
{
    double weight = 0;

    if (!lenient_number(line, "weight_kg", &weight) || weight <= 0) {
        return DEFAULT_WEIGHT;
    }
    weight = order_lines_kilograms(weight);
    return weight > LEAST_WEIGHT ? weight : LEAST_WEIGHT;
}

/* A line without an identity in the shop is known by its place. */
static json_t *line_id(json_t *line, size_t index)
{
    char place[24];
    AUTO(free) char *id = lenient_text(line, "line_id", LINE_ID_LENGTH);

    snprintf(place, sizeof(place), "%zu", index + 1);
    return json_string(id != NULL ? id : place);
}

static json_t *line_of(json_t *line, size_t index)
{
    int32_t quantity = 0;
    double price = 0;
    AUTO(free) char *description = lenient_text(line, "description", 500);

    if (!lenient_integer(line, "quantity", &quantity) || quantity < 1) {
        quantity = 1;
    }
    if (!lenient_number(line, "unit_price", &price)) {
        price = 0; /* their value is a number, never null [BKZ-305] */
    }
    return json_pack("{s:o, s:i, s:n, s:f, s:s, s:f, s:o, s:o, s:n}", "externalId",
                     line_id(line, index), "quantity", (int)quantity, "dimensions", "weight",
                     piece_weight(line), "description", description != NULL ? description : "",
                     "value", price, "tariffNumber",
                     boekuwzending_text_or_null(line, "tariff_number"), "skuNumber",
                     boekuwzending_text_or_null(line, "sku"), "eanNumber");
}

char *boekuwzending_order_body(json_t *order)
{
    json_t *lines = json_object_get(order, "lines");
    json_t *sent_lines = json_array();

    for (size_t i = 0; i < json_array_size(lines); i++) {
        json_array_append_new(sent_lines, line_of(json_array_get(lines, i), i));
    }

    json_auto_t *body = json_pack(
        "{s:o, s:o, s:o, s:o, s:o}", "externalId", boekuwzending_text_or_null(order, "external_id"),
        "reference", boekuwzending_text_or_null(order, "reference"), "createdAtSource",
        boekuwzending_text_or_null(order, "created_at_source"), "orderLines", sent_lines, "shipTo",
        boekuwzending_order_party(json_object_get(order, "to")));

    return json_write(body, JSON_COMPACT | DIGITS, NULL);
}

char *boekuwzending_order_find(json_t *list, const char *external_id)
{
    json_t *found = NULL;

    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *order = json_array_get(list, i);
        AUTO(free)
        char *other = lenient_text(order, "externalId", BOEKUWZENDING_SEARCH_LENGTH + 1);
        bool is_better =
            found == NULL || (lenient_true(found, "archived") && !lenient_true(order, "archived"));

        if (other != NULL && strcmp(other, external_id) == 0 && is_better) {
            found = order;
        }
    }
    return boekuwzending_id_of(found);
}

bool boekuwzending_order_has_shipments(json_t *order)
{
    return lenient_is_set(order, "shipments");
}
