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

#define QUANTITY_MAX 1000000
#define AMOUNT_MAX   1e10

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
    return weight < ORDER_LINES_KILOGRAMS ? (double)(int64_t)(weight * 1000 + 0.5) / 1000
                                          : ORDER_LINES_KILOGRAMS;
}

/* The amount with tax of one TaxPrice. */
static enum lenient_figure price_with_tax(json_t *price, double *ret_amount)
{
    double amount = 0;
    double rate = 0;

    enum lenient_figure with_tax = lenient_figure(price, "amount_including_tax", ret_amount);
    enum lenient_figure without_tax = lenient_figure(price, "amount", &amount);
    enum lenient_figure of_rate = lenient_figure(price, "rate", &rate);

    if (with_tax == LENIENT_READ) {
        return LENIENT_READ;
    }
    if (without_tax == LENIENT_READ && of_rate == LENIENT_READ) {
        *ret_amount = amount * (1 + rate / 100);
        return LENIENT_READ;
    }
    return !json_is_object(price) || with_tax == LENIENT_STRANGE ||
                   without_tax == LENIENT_STRANGE || of_rate == LENIENT_STRANGE
               ? LENIENT_STRANGE
               : LENIENT_ABSENT;
}

/* The sum of a price that may be one TaxPrice or a list of them, one for each rate. */
static enum lenient_figure sum_with_tax(json_t *line, const char *key, double *ret_sum)
{
    json_auto_t *prices = lenient_list(line, key);
    double sum = 0;

    if (prices == NULL) {
        return lenient_is_set(line, key) ? LENIENT_STRANGE : LENIENT_ABSENT;
    }
    for (size_t i = 0; i < json_array_size(prices); i++) {
        double amount = 0;
        enum lenient_figure figure = price_with_tax(json_array_get(prices, i), &amount);

        if (figure != LENIENT_READ) {
            return figure;
        }
        sum += amount;
    }
    *ret_sum = sum;
    return LENIENT_READ;
}

/* The price of one piece including tax, as text, or NULL. */
static char *unit_price(json_t *line, int quantity, struct order_goods *goods)
{
    double amount = 0;
    enum lenient_figure of_line = sum_with_tax(line, "price", &amount);
    enum lenient_figure of_piece = LENIENT_ABSENT;
    char *text = NULL;

    if (of_line == LENIENT_READ) {
        amount /= quantity;
    } else {
        of_piece = sum_with_tax(line, "unit_price", &amount);
    }
    if (of_line == LENIENT_READ || of_piece == LENIENT_READ) {
        text = order_lines_amount(amount, 4);
        goods->is_amount_strange |= text == NULL; /* it is too large */
    }
    goods->is_amount_strange |= of_line == LENIENT_STRANGE || of_piece == LENIENT_STRANGE;
    return text;
}

/* Reads a weight; false when there is none. Less than nothing is no weight, and not understood. */
static bool read_weight(json_t *line, const char *key, double *ret_weight,
                        struct order_goods *goods)
{
    double weight = 0;
    enum lenient_figure figure = lenient_figure(line, key, &weight);

    goods->is_weight_strange |=
        figure == LENIENT_STRANGE || weight < 0 || weight > ORDER_LINES_KILOGRAMS;
    *ret_weight = weight;
    return weight > 0;
}

/* The weight of one piece in kg, or null; that of the line is added up. */
static json_t *unit_weight(json_t *line, int quantity, struct order_goods *goods)
{
    double weight = 0;

    if (read_weight(line, "weight", &weight, goods)) {
        goods->weight_kg += weight;
        weight /= quantity;
    } else if (read_weight(line, "unit_weight", &weight, goods)) {
        goods->weight_kg += weight * quantity;
    } else {
        return json_null();
    }
    weight = order_lines_kilograms(weight);
    return weight > 0 ? json_real(weight) : json_null();
}

/* Types of lines that are no goods, whatever else they have [MWW-801]. */
static bool is_never_goods(const char *kind)
{
    static const char *const kinds[] = {"payment",  "payment_fee", "shipping",  "shipping_fee",
                                        "discount", "gift_card",   "sales_tax", "store_credit",
                                        "digital",  "surcharge"};

    for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++) {
        if (strcasecmp(kind, kinds[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* "article" or "custom", owned; NULL when the line is not goods. What has articles is goods, unless
 * its type is one that never is: a new type must not make an order look empty. */
static char *goods_kind(json_t *line)
{
    AUTO(free) char *kind = lenient_text(line, "type", KIND_LENGTH);

    if (kind != NULL && strcasecmp(kind, "custom") == 0) {
        return xstrdup("custom");
    }
    if (kind != NULL && strcasecmp(kind, "article") == 0) {
        return xstrdup("article");
    }
    return lenient_is_set(line, "articles") && (kind == NULL || !is_never_goods(kind))
               ? xstrdup("article")
               : NULL;
}

/* Pieces, part of one counted as one; 1 when the shop does not say. */
static int read_quantity(json_t *line, struct order_goods *goods)
{
    double quantity = 1;
    enum lenient_figure figure = lenient_figure(line, "quantity", &quantity);

    goods->is_quantity_strange |= figure == LENIENT_STRANGE || quantity > QUANTITY_MAX;
    if (quantity <= 0 || quantity >= QUANTITY_MAX) {
        return quantity <= 0 ? 0 : QUANTITY_MAX;
    }
    return (int)quantity + (quantity > (int)quantity ? 1 : 0);
}

/* The line at place goods->count. */
static json_t *map_line(json_t *line, const char *kind, int quantity, struct order_goods *goods)
{
    json_auto_t *articles = lenient_list(line, "articles");
    AUTO(free) char *line_id = lenient_text(line, "id", LINE_ID_LENGTH);
    AUTO(free) char *description = lenient_text(line, "description", DESCRIPTION_LENGTH);
    AUTO(free) char *sku = lenient_text(json_array_get(articles, 0), "sku", SKU_LENGTH);
    AUTO(free) char *price = unit_price(line, quantity, goods);

    if (description == NULL) {
        description = lenient_text(json_array_get(articles, 0), "description", DESCRIPTION_LENGTH);
    }
    return json_pack("{s:I, s:s?, s:s, s:i, s:s?, s:s?, s:o, s:s?}", "position",
                     (json_int_t)goods->count, "line_id", line_id, "kind", kind, "quantity",
                     quantity, "description", description, "sku", sku, "weight_kg",
                     unit_weight(line, quantity, goods), "unit_price", price);
}

bool order_lines_map(json_t *order, json_t *fields, struct order_goods *ret_goods)
{
    json_auto_t *all = lenient_list(order, "orderlines");
    json_auto_t *lines = json_array();
    struct order_goods goods = {.count = 0};

    for (size_t i = 0; i < json_array_size(all); i++) {
        json_t *line = json_array_get(all, i);
        AUTO(free) char *kind = goods_kind(line);
        int quantity = kind != NULL ? read_quantity(line, &goods) : 0;

        if (quantity > 0) {
            goods.count++;

            json_auto_t *mapped = map_line(line, kind, quantity, &goods);

            if (goods.count <= ORDER_LINES_COUNT) {
                json_array_append(lines, mapped);
            }
        }
    }
    if (goods.count > 0) {
        json_object_set_new(fields, "line_count", json_integer((json_int_t)goods.count));
        json_object_set(fields, "lines", lines);
    }
    *ret_goods = goods;
    return goods.count > 0;
}
