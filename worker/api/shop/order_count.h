/*
 * How many orders a shop says that a list has: GET /v1/orders/count answers {"count": 12}
 * [MWW-313]. Pure; any thread.
 */
#ifndef WORKER_API_SHOP_ORDER_COUNT_H
#define WORKER_API_SHOP_ORDER_COUNT_H

#include <stdbool.h>
#include <stddef.h>

#include "common/cleanup.h"

/* Reads the answer. False when it tells no count. */
bool order_count_read(const char *body, size_t length, size_t *ret_count) MUSTCHECK;

#endif
