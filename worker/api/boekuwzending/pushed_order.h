/*
 * An imported order as Boekuwzending has it: which shipments were made of it in the panel
 * [BKZ-307, BKZ-310]. What is not understood is an error and never "none", since nobody would be
 * told of a label then. Pure; any thread.
 */
#ifndef WORKER_API_BOEKUWZENDING_PUSHED_ORDER_H
#define WORKER_API_BOEKUWZENDING_PUSHED_ORDER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"

struct pushed_order {
    char *id;          /* owned */
    json_t *shipments; /* an array of ids, each once; perhaps empty; owned */
    bool is_archived;  /* what that means is not published, so it is only told [BKZ-309] */
};

/* Reads the answer to GET /orders/{id}. ERROR_DATA, with words that quote nothing, when it is no
 * JSON object with an id, or when its shipments cannot all be read; *ret_order is then empty. */
bool pushed_order_read(const char *body, size_t length, struct pushed_order *ret_order,
                       struct error *err) MUSTCHECK;
void pushed_order_release(struct pushed_order *order);

static inline void pushed_order_cleanup(struct pushed_order *order)
{
    pushed_order_release(order);
}

/* Adds an id to an array of ids unless it is there, in whichever case. */
void pushed_order_add_shipment(json_t *shipments, const char *id);

#endif
