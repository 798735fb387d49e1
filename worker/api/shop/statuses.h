/*
 * The order statuses of Mijnwebwinkel: GET /v1/orderstatuses answers an array of {status,
 * description, credit_order}; the list is the same for all shops, and descriptions come in the
 * language asked for [MWW-501, MWW-105]. Id 2 is "Verzonden" [MWW-504]. Pure; any thread.
 */
#ifndef WORKER_API_SHOP_STATUSES_H
#define WORKER_API_SHOP_STATUSES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"

/* Most statuses that are kept. */
#define STATUSES_COUNT 200

/* Reads an answer into a new array of {"status": n, "description": text or null, "credit_order":
 * bool}, entries without a readable id left out. ERROR_DATA when the answer is not a list. */
bool statuses_read(const char *body, size_t length, json_t **ret_statuses,
                   struct error *err) MUSTCHECK;

/* The entry with this id, borrowed, or NULL. */
json_t *statuses_find(json_t *statuses, int32_t status) MUSTCHECK;

/* The first entry that is described as "Verzonden", in any case, that is not a status of credit
 * orders and has another id than `status`; borrowed, or NULL. */
json_t *statuses_find_other_shipped(json_t *statuses, int32_t status) MUSTCHECK;

/* The id of an entry. */
int32_t statuses_id(json_t *entry) MUSTCHECK;

/* Its description; "" when there is none, or no entry. */
const char *statuses_description(json_t *entry) MUSTCHECK;

/* Whether it is for credit orders only. */
bool statuses_is_credit(json_t *entry) MUSTCHECK;

/* Whether the description contains "verzonden", in any case. */
bool statuses_says_shipped(json_t *entry) MUSTCHECK;

#endif
