#include "worker/api/shop/order_lines.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/memory.h"
#include "worker/api/text/lenient.h"

#define KIND_LENGTH        20
#define LINE_ID_LENGTH     64
#define DESCRIPTION_LENGTH 500
#define SKU_LENGTH         100

#define QUANTITY_MAX  1000000
#define AMOUNT_MAX    1e10
#define KILOGRAMS_MAX 99999.999

char *order_lines_amount(double amount, int decimals)
{
    if (!(fabs(amount) < AMOUNT_MAX)) {
        return NULL;
    }

    char *text = xasprintf("%.*f", decimals, amount);
    size_t length = strlen(text);

    for (int surplus = decimals - 2; surplus > 0 && text[length - 1] == '0'; surplus--) {
        text[--length] = '\0';
    }
    return text;
}

double order_lines_kilograms(double weight)
{
    return weight < KILOGRAMS_MAX ? (double)(int64_t)(weight * 1000 + 0.5) / 1000 : KILOGRAMS_MAX;
}

/* The amount with tax of one TaxPrice; false when it cannot be told. */
static bool price_with_tax(json_t *price, double *ret_amount)
{
    double amount = 0;
    double rate = 0;

    if (lenient_number(price, "amount_including_tax", ret_amount)) {
        return true;
    }
    if (!lenient_number(price, "amount", &amount) || !lenient_number(price, "rate", &rate)) {
        return false;
    }
    *ret_amount = amount * (1 + rate / 100);
    return true;
}

/* The sum of a price that may be one TaxPrice or a list of them, one for each rate. */
static bool sum_with_tax(json_t *line, const char *key, double *ret_sum)
{
    json_auto_t *prices = lenient_list(line, key);
    double sum = 0;

    for (size_t i = 0; i < json_array_size(prices); i++) {
        double amount = 0;

        if (!price_with_tax(json_array_get(prices, i), &amount)) {
            return false;
        }
        sum += amount;
    }
    *ret_sum = sum;
    return prices != NULL;
}

/* The price of one piece including tax, as text, or NULL. */
static char *unit_price(json_t *line, int quantity)
{
    double amount = 0;

    if (sum_with_tax(line, "price", &amount)) {
        return order_lines_amount(amount / quantity, 4);
    }
    return sum_with_tax(line, "unit_price", &amount) ? order_lines_amount(amount, 4) : NULL;
}

/* The weight of one piece in kg, or null. */
static json_t *unit_weight(json_t *line, int quantity)
{
    double weight = 0;

    if (lenient_number(line, "weight", &weight) && weight > 0) {
        weight /= quantity;
    } else if (!lenient_number(line, "unit_weight", &weight) || weight <= 0) {
        return json_null();
    }
    weight = order_lines_kilograms(weight);
    return weight > 0 ? json_real(weight) : json_null();
}

/* "article" or "custom", owned; NULL when the line is not goods. */
static char *goods_kind(json_t *line)
{
    AUTO(free) char *kind = lenient_text(line, "type", KIND_LENGTH);

    if (kind == NULL) {
        return lenient_is_set(line, "articles") ? xstrdup("article") : NULL;
    }
    if (strcasecmp(kind, "article") == 0) {
        return xstrdup("article");
    }
    return strcasecmp(kind, "custom") == 0 ? xstrdup("custom") : NULL;
}

/* Pieces, part of one counted as one; 1 when the shop does not say. */
static int read_quantity(json_t *line)
{
    double quantity = 1;

    if (!lenient_number(line, "quantity", &quantity)) {
        return 1;
    }
    if (quantity <= 0 || quantity >= QUANTITY_MAX) {
        return quantity <= 0 ? 0 : QUANTITY_MAX;
    }
    return (int)quantity + (quantity > (int)quantity ? 1 : 0);
}

static json_t *map_line(json_t *line, const char *kind, int quantity, size_t position)
{
    json_auto_t *articles = lenient_list(line, "articles");
    AUTO(free) char *line_id = lenient_text(line, "id", LINE_ID_LENGTH);
    AUTO(free) char *description = lenient_text(line, "description", DESCRIPTION_LENGTH);
    AUTO(free) char *sku = lenient_text(json_array_get(articles, 0), "sku", SKU_LENGTH);
    AUTO(free) char *price = unit_price(line, quantity);

    if (description == NULL) {
        description = lenient_text(json_array_get(articles, 0), "description", DESCRIPTION_LENGTH);
    }
    return json_pack("{s:I, s:s?, s:s, s:i, s:s?, s:s?, s:o, s:s?}", "position",
                     (json_int_t)position, "line_id", line_id, "kind", kind, "quantity", quantity,
                     "description", description, "sku", sku, "weight_kg",
                     unit_weight(line, quantity), "unit_price", price);
}

size_t order_lines_map(json_t *order, json_t *fields)
{
    json_auto_t *all = lenient_list(order, "orderlines");
    json_auto_t *goods = json_array();
    size_t count = 0;

    for (size_t i = 0; i < json_array_size(all); i++) {
        json_t *line = json_array_get(all, i);
        AUTO(free) char *kind = goods_kind(line);
        int quantity = kind != NULL ? read_quantity(line) : 0;

        if (quantity > 0 && ++count <= ORDER_LINES_COUNT) {
            json_array_append_new(goods, map_line(line, kind, quantity, count));
        }
    }
    if (count > 0) {
        json_object_set_new(fields, "line_count", json_integer((json_int_t)count));
        json_object_set(fields, "lines", goods);
    }
    return count;
}
