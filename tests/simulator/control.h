/*
 * What the files of the control API share. Handlers run with the simulator's lock held.
 */
#ifndef SIMULATOR_CONTROL_H
#define SIMULATOR_CONTROL_H

#include "common/cleanup.h"
#include "tests/simulator/route.h"

route_handler control_put_shop;
route_handler control_list_shops;
route_handler control_get_shop;
route_handler control_delete_shop;
route_handler control_set_flow;

route_handler control_add_orders;
route_handler control_patch_order;
route_handler control_delete_order;

route_handler control_effects;
route_handler control_shipments;
route_handler control_cancel_labels;
route_handler control_move_parcel;
route_handler control_pushed_orders;
route_handler control_make_label;
route_handler control_change_pushed_order;
route_handler control_remove_pushed_order;

/* The shop that the path names, or NULL after answering 404. */
struct shop *control_shop(struct call *call) MUSTCHECK;

/* Invents orders and adds them, letting others have a turn in between. The numbers are written to
 * the answer as a JSON list, unless `is_silent`. Returns false when the shop vanished meanwhile. */
bool control_generate(struct call *call, const char *shop, const struct order_recipe *recipe,
                      int64_t count, bool is_silent) MUSTCHECK;

/* A shop's settings and numbers as a JSON object. */
void put_shop(struct buffer *text, const struct shop *shop);

#endif
