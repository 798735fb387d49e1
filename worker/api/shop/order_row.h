/*
 * An order mapped to the row that is imported: docs/reference/rules.md#addressee-and-address and
 * the sections behind it. The members are those of koppeling.imported_order and order_line as
 * write_orders.sql reads them:
 *
 *   order_uuid, order_number, ordered_at ("YYYY-MM-DD HH:MM:SS", Dutch local time, or null),
 *   shop_status, name, company, email, phone, street, number, number_addition, address_line,
 *   postcode, city, country, private_address, weight_kg, total, currency, business_model,
 *   reference, customer_comment, paid, credit_order_numbers, line_count, lines [{position, line_id,
 *   kind, quantity, description, sku, weight_kg, unit_price}], content_hash, address_hash,
 *   goods_hash, payload_hash, former_hash; warnings (codes of koppeling.order_warning) where there
 *   is something to warn of, and country_given where it is the country (ship_to.h)
 *
 * Texts are clean and capped (characters): name, company, street 200; address_line 250; email 254;
 * phone 50; number 10; number_addition 250 (what splitting left); postcode 20; city, country_given
 * 100; currency 3; business_model 10; reference 255; customer_comment 2000; line description 500;
 * sku 100; line_id 64; 500 lines. Pure; any thread.
 */
#ifndef WORKER_API_SHOP_ORDER_ROW_H
#define WORKER_API_SHOP_ORDER_ROW_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "worker/api/shop/order.h"
#include "worker/api/shop/order_page.h"

/* What the shop's connection says for orders that do not say it. */
struct order_defaults {
    const char *region_code; /* country of the store, or NULL */
    double weight_kg;        /* 0: none */
};

enum order_gap {
    ORDER_COMPLETE,
    ORDER_OF_POINT_OF_SALE, /* offline_location_id names one: sold or picked up there, whatever
                               country and address stand in it [MWW-614, MWW-909] */
    ORDER_NOTHING_TO_SHIP,  /* no line of goods with a quantity */
    ORDER_NO_ADDRESS,       /* neither the delivery nor the invoice address can be shipped to */
};

/* Maps an order that has a number and a uuid. *ret_fields is a new object, or NULL when there is a
 * gap. */
enum order_gap order_map(const struct order *order, const struct order_defaults *defaults,
                         json_t **ret_fields);

/*
 * The whole row as JSON text, to be freed: the fields, their hash (content_hash: BLAKE2b-128 in
 * hexadecimal over their sorted, compact JSON, lines and all), those of the parts that a label
 * depends on (order_fingerprint.h), and the hashes of the slice (order_page.h).
 */
char *order_row(const struct order *order, json_t *fields, const struct order_slice *slice,
                size_t *ret_length) MUSTCHECK;

/*
 * The document that goes with the row, to be freed: the slice as it came; as mended when it had to
 * be, and written anew when a number in it is one that jsonb may refuse.
 */
char *order_payload(const struct order *order, const struct order_slice *slice,
                    size_t *ret_length) MUSTCHECK;

#endif
