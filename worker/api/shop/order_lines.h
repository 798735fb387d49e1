/*
 * The goods of an order. Order lines of type article and custom are goods, and those of a type that
 * nobody knows when they have articles; payment, shipping and discount lines are not [MWW-801]. A
 * line's weight and price are those of the whole line [MWW-803, MWW-805]. Pure; any thread.
 */
#ifndef WORKER_API_SHOP_ORDER_LINES_H
#define WORKER_API_SHOP_ORDER_LINES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/cleanup.h"

/* Most lines that are kept. */
#define ORDER_LINES_COUNT 500

/* The largest weight that is kept. */
#define ORDER_LINES_KILOGRAMS 99999.999

/* What the lines of an order say together. */
struct order_goods {
    size_t count;             /* lines of goods with a quantity over 0 */
    double weight_kg;         /* of all their pieces, as far as the lines tell; 0: none does */
    bool is_quantity_strange; /* one is not understood: 1 was taken, or the largest */
    bool is_weight_strange;   /* one is not understood: left out, or the largest taken */
    bool is_amount_strange;   /* one is not understood: left out */
};

/* Adds `lines` (of at most ORDER_LINES_COUNT) and `line_count` (of all goods with a quantity over
 * 0) to `fields`. False, with nothing added, when there are none. */
bool order_lines_map(json_t *order, json_t *fields, struct order_goods *ret_goods) MUSTCHECK;

/* A number as decimal text for PostgreSQL's numeric: at most `decimals` of them, at least two. NULL
 * when it is too large to be an amount. The caller frees it. */
char *order_lines_amount(double amount, int decimals) MUSTCHECK;

/* A positive weight with three decimals, as numeric(10,3) holds it, and at most
 * ORDER_LINES_KILOGRAMS. */
double order_lines_kilograms(double weight) MUSTCHECK;

#endif
