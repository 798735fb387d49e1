#include "worker/api/shop/order_row.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/ascii.h"
#include "common/buffer.h"
#include "common/memory.h"
#include "worker/api/shop/order_fingerprint.h"
#include "worker/api/shop/order_lines.h"
#include "worker/api/shop/order_warning.h"
#include "worker/api/shop/ship_to.h"
#include "worker/api/text/json_write.h"
#include "worker/api/text/lenient.h"

#define CURRENCY_LENGTH       3
#define CURRENCY_GIVEN_LENGTH 20
#define BUSINESS_MODEL_LENGTH 10
#define REFERENCE_LENGTH      255
#define COMMENT_LENGTH        2000

/* The weight when neither the order nor the settings say one, and the least that a parcel weighs
 * [R-602]. */
#define DEFAULT_WEIGHT_KG 1.0
#define LEAST_WEIGHT_KG   0.1

/* What the hashes add to a row, about; and more than any row has. */
#define MORE_MEMBERS 300
#define ROW_BYTES    ((size_t)256 << 20)

/* Sorted and compact, so that equal fields give equal bytes; 12 digits write 0.85 as 0.85. */
#define FIELDS_FORMAT (JSON_SORT_KEYS | JSON_COMPACT | JSON_REAL_PRECISION(12))

static void set_text(json_t *fields, const char *key, const char *text)
{
    json_object_set_new(fields, key, text != NULL ? json_string(text) : json_null());
}

static void map_text(json_t *fields, const char *key, json_t *parent, const char *from, size_t most)
{
    AUTO(free) char *text = lenient_text(parent, from, most);

    set_text(fields, key, text);
}

/* The weight of the parcel: the order's, else the sum of its lines', else a default. */
static void map_weight(json_t *order, const struct order_defaults *defaults,
                       const struct order_goods *goods, json_t *fields)
{
    double weight = 0;
    enum lenient_figure figure = lenient_figure(order, "weight", &weight);
    bool is_strange = figure == LENIENT_STRANGE || weight < 0 || weight > ORDER_LINES_KILOGRAMS;

    if (weight <= 0) {
        weight = goods->weight_kg > 0      ? goods->weight_kg
                 : defaults->weight_kg > 0 ? defaults->weight_kg
                                           : DEFAULT_WEIGHT_KG;
    }
    weight = order_lines_kilograms(weight);
    json_object_set_new(fields, "weight_kg",
                        json_real(weight > LEAST_WEIGHT_KG ? weight : LEAST_WEIGHT_KG));
    if (is_strange || goods->is_weight_strange) {
        order_warn(fields, "weight_not_understood");
    }
}

static void map_total(const struct order *order, const struct order_goods *goods, json_t *fields)
{
    json_t *price = lenient_object(order->json, "price");
    double total = 0;
    enum lenient_figure figure = lenient_figure(price, "total", &total);
    AUTO(free) char *text = figure == LENIENT_READ ? order_lines_amount(total, 2) : NULL;

    set_text(fields, "total", text);
    if (goods->is_amount_strange || figure == LENIENT_STRANGE ||
        (figure == LENIENT_READ && text == NULL) ||
        (price == NULL && lenient_is_set(order->json, "price"))) {
        order_warn(fields, "amount_not_understood");
    }
}

/* ISO 4217 in capitals. Anything else is kept as it is: it is no euro. */
static void map_currency(const struct order *order, json_t *fields)
{
    AUTO(free) char *given = lenient_text(order->json, "currency", CURRENCY_GIVEN_LENGTH);
    AUTO(free) char *kept = lenient_text(order->json, "currency", CURRENCY_LENGTH);
    bool is_code = given != NULL && strlen(given) == CURRENCY_LENGTH;

    for (size_t i = 0; is_code && i < CURRENCY_LENGTH; i++) {
        is_code = ascii_is_letter(given[i]);
        kept[i] = ascii_upper(given[i]);
    }
    set_text(fields, "currency", kept);
    if (given != NULL && !is_code) {
        order_warn(fields, "currency_not_understood");
    }
}

static void map_identity(const struct order *order, json_t *fields)
{
    set_text(fields, "order_uuid", order->uuid);
    set_text(fields, "order_number", order->number);
    if (order->date[0] != '\0') {
        AUTO(free) char *moment = xasprintf("%s %s", order->date, order->time);

        set_text(fields, "ordered_at", moment);
    } else {
        set_text(fields, "ordered_at", NULL);
    }
    json_object_set_new(fields, "shop_status", json_integer(order->status));
    json_object_set_new(fields, "paid", json_boolean(order->paid));
}

static void map_credits(const struct order *order, json_t *fields)
{
    json_t *numbers = order_credit_numbers(order);
    bool is_odd = false;

    for (size_t i = 0; i < json_array_size(numbers); i++) {
        is_odd |= order_credit_number_is_odd(json_string_value(json_array_get(numbers, i)));
    }
    json_object_set_new(fields, "credit_order_numbers", numbers);
    if (is_odd) {
        order_warn(fields, "credits_not_understood");
    }
}

enum order_gap order_map(const struct order *order, const struct order_defaults *defaults,
                         json_t **ret_fields)
{
    json_auto_t *fields = json_object();
    json_t *json = order->json;
    struct order_goods goods;

    *ret_fields = NULL;
    if (lenient_is_set(json, "offline_location_id")) {
        return ORDER_OF_POINT_OF_SALE;
    }
    if (!order_lines_map(json, fields, &goods)) {
        return ORDER_NOTHING_TO_SHIP;
    }
    if (!ship_to_map(json, defaults->region_code, fields)) {
        return ORDER_NO_ADDRESS;
    }
    map_identity(order, fields);
    map_credits(order, fields);
    map_weight(json, defaults, &goods, fields);
    map_total(order, &goods, fields);
    map_currency(order, fields);
    if (goods.is_quantity_strange) {
        order_warn(fields, "quantity_not_understood");
    }
    map_text(fields, "business_model", json, "business_model", BUSINESS_MODEL_LENGTH);
    map_text(fields, "reference", json, "reference", REFERENCE_LENGTH);
    map_text(fields, "customer_comment", lenient_object(json, "comments"), "customer",
             COMMENT_LENGTH);
    *ret_fields = steal_ptr(&fields);

    return ORDER_COMPLETE;
}

char *order_payload(const struct order *order, const struct order_slice *slice, size_t *ret_length)
{
    if (order->mended.odd_numbers) {
        char *text = json_write(order->json, JSON_COMPACT, ret_length);

        if (text != NULL) {
            return text;
        }
        *ret_length = strlen("null");
        return xstrdup("null");
    }
    *ret_length = order->mended.length;
    return xstrndup(order->mended.text != NULL ? order->mended.text : slice->text,
                    order->mended.length);
}

char *order_row(const struct order *order, json_t *fields, const struct order_slice *slice,
                size_t *ret_length)
{
    struct order_fingerprint fingerprint;
    char content_hash[ORDER_HASH_TEXT];
    AUTO(buffer) struct buffer row = BUFFER_INIT(ROW_BYTES);
    size_t length = 0;
    AUTO(free) char *text = json_write(fields, FIELDS_FORMAT, &length);

    order_hash(text, length, content_hash);
    order_fingerprint_take(order, fields, &fingerprint);

    /* The closing brace gives way to some more members. */
    bool fits =
        buffer_reserve(&row, length + MORE_MEMBERS) != NULL &&
        buffer_append(&row, text, length - 1) &&
        buffer_printf(&row,
                      ",\"content_hash\":\"%s\",\"address_hash\":\"%s\",\"goods_hash\":"
                      "\"%s\",\"payload_hash\":%" PRId64 ",\"former_hash\":%" PRId64 "}",
                      content_hash, fingerprint.address, fingerprint.goods, (int64_t)slice->hash,
                      (int64_t)order_page_former_hash(slice->text, slice->length));

    if (!fits) {
        abort(); /* a slice and its fields are limited by far less */
    }
    *ret_length = row.length;
    return buffer_steal(&row);
}
