/*
 * The requests that we send to a shop at Mijnwebwinkel: GET store, order statuses, orders, one
 * order; PATCH an order. Paths are those of version 1 of the "Connect" API [spec,
 * reference/mijnwebwinkel.md sections 1 and 3]; format=json is sent explicitly. The store token and
 * the partner token are added by the HTTP client. `request` must be empty. Pure; any thread.
 */
#ifndef WORKER_API_SHOP_REQUEST_H
#define WORKER_API_SHOP_REQUEST_H

#include <stddef.h>
#include <stdint.h>

#include "worker/api/http_message.h"

/* Most orders on a page [spec 3.2: limit, max 100]. */
#define SHOP_PAGE_SIZE 100

/* GET /v1/store: who is behind the token [spec 3.1]. */
void shop_request_store(struct http_request *request);

/* GET /v1/orderstatuses in Dutch; takes the partner token only [spec 3.6]. */
void shop_request_statuses(struct http_request *request);

/* GET /v1/orders: a page of the orders with one status, from `offset`, by ascending number,
 * archived and test orders left out [spec 3.2: status_id takes one value; booleans as true/false].
 */
void shop_request_orders(struct http_request *request, int32_t status, size_t offset);

/* GET /v1/orders/{number} [spec 3.4]. The number is percent-encoded. */
void shop_request_order(struct http_request *request, const char *number);

/* PATCH /v1/orders/{number} with a JSON body, which the request takes over [spec 3.5]. The values
 * are absolute, so it may be repeated. */
void shop_request_change_order(struct http_request *request, const char *number, char *body);

#endif
