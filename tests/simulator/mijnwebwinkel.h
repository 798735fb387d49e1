/*
 * What the files of the Mijnwebwinkel API share. Handlers run with the simulator's lock held and
 * with call->shop set (but for open routes).
 */
#ifndef SIMULATOR_MIJNWEBWINKEL_H
#define SIMULATOR_MIJNWEBWINKEL_H

#include <stdbool.h>

#include "common/cleanup.h"
#include "tests/simulator/route.h"

route_handler mijnwebwinkel_list_orders;
route_handler mijnwebwinkel_count_orders;
route_handler mijnwebwinkel_get_order;
route_handler mijnwebwinkel_patch_order;
route_handler mijnwebwinkel_list_payments;

/* Whether there is an order status with this id. */
bool order_status_exists(long long status) MUSTCHECK;

/* The order that the path names, or NULL after answering 404. */
struct order *mijnwebwinkel_order(struct call *call) MUSTCHECK;

#endif
