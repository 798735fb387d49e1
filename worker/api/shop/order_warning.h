/* What an order is warned of: codes of koppeling.order_warning, which has the words. Pure. */
#ifndef WORKER_API_SHOP_ORDER_WARNING_H
#define WORKER_API_SHOP_ORDER_WARNING_H

#include <jansson.h>

/* Adds a code to the list `warnings` of an order's fields, behind those that are there. */
void order_warn(json_t *fields, const char *code);

#endif
