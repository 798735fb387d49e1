/*
 * The requests that we send to a shop at Mijnwebwinkel: GET store, order statuses, orders, their
 * number, one order; PATCH an order. Paths are those of version 1 of the "Connect" API [MWW-103];
 * format=json is sent explicitly [MWW-104]. The store token and the partner token are added by the
 * HTTP client [MWW-201]. `request` must be empty. Pure; any thread.
 */
#ifndef WORKER_API_SHOP_REQUEST_H
#define WORKER_API_SHOP_REQUEST_H

#include <stddef.h>
#include <stdint.h>

#include "worker/api/http_message.h"

/* Most orders on a page [MWW-302]. */
#define SHOP_PAGE_SIZE 100

/* GET /v1/store: who is behind the token [MWW-220]. */
void shop_request_store(struct http_request *request);

/* GET /v1/orderstatuses in Dutch; takes the partner token only [MWW-202]. */
void shop_request_statuses(struct http_request *request);

/* Longest date to begin at: "2026-10-24". */
#define SHOP_DATE_LENGTH 10

/* GET /v1/orders: a page of the orders with one status, from `offset`, by descending number,
 * archived and test orders left out [MWW-303 to MWW-307, MWW-107]; those before `since`, a date as
 * "2026-10-24", too, unless it is NULL [MWW-309]. */
void shop_request_orders(struct http_request *request, int32_t status, const char *since,
                         size_t offset);

/* GET /v1/orders/count: how many such orders there are [MWW-313]. */
void shop_request_count(struct http_request *request, int32_t status, const char *since);

/* GET /v1/orders/{number} [MWW-401]. The number is percent-encoded. */
void shop_request_order(struct http_request *request, const char *number);

/* PATCH /v1/orders/{number} with a JSON body, which the request takes over [MWW-403]. The
 * values are absolute, so it may be repeated. */
void shop_request_change_order(struct http_request *request, const char *number, char *body);

#endif
