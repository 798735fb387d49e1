/*
 * Whom and where to ship an order to: delivery address, else invoice address, with the
 * fallback chains for name, country and phone. What a shop gives and is not
 * understood is not taken for what it does not give: it is kept, with a warning.
 * Pure.
 */
#ifndef WORKER_API_SHOP_SHIP_TO_H
#define WORKER_API_SHOP_SHIP_TO_H

#include <jansson.h>
#include <stdbool.h>

#include "common/cleanup.h"

/*
 * Adds name, company, email, phone, street, number, number_addition, address_line, postcode, city,
 * country and private_address of `order` to `fields`; country_given when there is a country that is
 * not understood (country is null then), and warnings, a list of codes of koppeling.order_warning,
 * when there is something to warn of.
 *
 * The delivery address counts when it has a street, a number or a postcode, and somebody's name:
 * one with gaps is not replaced by another address. The invoice address counts when it has a street
 * or number, a postcode or city, and somebody's name. False, with nothing added, when neither does.
 */
bool ship_to_map(json_t *order, const char *region_code, json_t *fields) MUSTCHECK;

#endif
