/*
 * What a label depends on, in two hashes: whom and where it goes to, and which goods are in the
 * parcel. Kept with what was labelled, they tell whether the merchant changed the order in the shop
 * afterwards. Two readings of an order with the same address have the same hash, whatever
 * else was changed: its status, its comments, the identities of its lines. Pure; any thread.
 */
#ifndef WORKER_API_SHOP_ORDER_FINGERPRINT_H
#define WORKER_API_SHOP_ORDER_FINGERPRINT_H

#include <jansson.h>
#include <stddef.h>

#include "common/cleanup.h"
#include "worker/api/shop/order.h"

#define ORDER_HASH_BYTES 16
#define ORDER_HASH_TEXT  (2 * ORDER_HASH_BYTES + 1)

/* BLAKE2b-128 in hexadecimal. */
void order_hash(const char *text, size_t length, char ret_hash[ORDER_HASH_TEXT]);

struct order_fingerprint {
    char address[ORDER_HASH_TEXT]; /* name, company, address, country, e-mail and phone */
    char goods[ORDER_HASH_TEXT];   /* lines, weight, total and currency */
};

/* The hashes of an order and the fields that it was mapped to (order_row.h). */
void order_fingerprint_take(const struct order *order, json_t *fields,
                            struct order_fingerprint *ret_fingerprint);

#endif
