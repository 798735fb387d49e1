/*
 * An imported order at Boekuwzending: the body that creates or replaces it, and finding it in the
 * answer to a search [BKZ-302, BKZ-305, BKZ-306]. Pure; any thread.
 */
#ifndef WORKER_API_BOEKUWZENDING_ORDER_H
#define WORKER_API_BOEKUWZENDING_ORDER_H

#include <jansson.h>
#include <stdbool.h>

#include "common/cleanup.h"

/* The body of POST /orders and PUT /orders/{id}, to be freed. `order` has external_id, reference,
 * created_at_source, to (party.h) and lines [{line_id, quantity, description, sku,
 * weight_kg, unit_price, tariff_number}]. */
char *boekuwzending_order_body(json_t *order) MUSTCHECK;

/* The id of the element with just this externalId, an unarchived one if there is a choice; NULL
 * when there is none. `list` comes from boekuwzending_list_read(). The caller frees it. */
char *boekuwzending_order_find(json_t *list, const char *external_id) MUSTCHECK;

/* Whether the whole order (GET /orders/{id}) names shipments, in whatever form [BKZ-307]. */
bool boekuwzending_order_has_shipments(json_t *order) MUSTCHECK;

#endif
