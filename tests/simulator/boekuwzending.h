/*
 * What the files of the Boekuwzending API share. Handlers run with the simulator's lock held and
 * with call->booking and call->account set (but for open routes).
 */
#ifndef SIMULATOR_BOEKUWZENDING_H
#define SIMULATOR_BOEKUWZENDING_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/cleanup.h"
#include "tests/simulator/route.h"

route_handler boekuwzending_create_order;
route_handler boekuwzending_find_orders;
route_handler boekuwzending_get_order;
route_handler boekuwzending_put_order;
route_handler boekuwzending_delete_order;

route_handler boekuwzending_create_shipment;
route_handler boekuwzending_find_shipments;
route_handler boekuwzending_get_shipment;
route_handler boekuwzending_list_labels;
route_handler boekuwzending_download_labels;
route_handler boekuwzending_download_shipments;
route_handler boekuwzending_get_label;
route_handler boekuwzending_track;
route_handler boekuwzending_rates;
route_handler boekuwzending_matrix;

/* What is wrong with a body: a list of {propertyPath, message}. */
void violation_add(json_t *violations, const char *path, const char *message);

/* Adds a violation unless the member is of the type; returns whether it is. */
bool violation_need(json_t *violations, const json_t *object, const char *name,
                    bool (*is_right)(const json_t *value), const char *message);

bool is_object(const json_t *value);
bool is_array(const json_t *value);
bool is_text(const json_t *value); /* and not empty */

/* Answers 422 with the violations, if there are any; returns whether there are none. */
bool boekuwzending_accept(struct call *call, const json_t *violations) MUSTCHECK;

/* Answers 400 when the body is not a JSON object; returns whether it is one. */
bool boekuwzending_has_object(struct call *call) MUSTCHECK;

/* Answers 422 when the body is no shipment that could be booked, but for its service; returns
 * whether it is one. */
bool boekuwzending_shipment_is_valid(struct call *call) MUSTCHECK;

/* The part of a list that _page and _items_per_page ask for, or _pagination=false: all. */
struct page {
    size_t skip, take;
};
struct page boekuwzending_page(const struct call *call);

/* A text member of an object, or "". */
const char *member_text(const json_t *object, const char *name);

/* Shipment and label as JSON; the shipment with its labels when they exist by now. */
void put_shipment(struct buffer *text, const struct shipment *shipment);

/* Writes the order anew, as it is answered, whole and in lists. */
void pushed_order_render(struct pushed_order *order);

/* Makes the shipment that a valid request asks for. The caller owns it. */
struct shipment *shipment_new(struct call *call, const json_t *request);

/* A valid PDF of one page per label. */
void put_label_pdf(struct buffer *pdf, const struct shipment **shipments, size_t count);

#endif
