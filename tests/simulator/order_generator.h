/*
 * Invents orders in all the shapes that the live API is known to send. The same seed, shop and
 * index give the same order, but for its date, which is counted back from today.
 */
#ifndef SIMULATOR_ORDER_GENERATOR_H
#define SIMULATOR_ORDER_GENERATOR_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/simulator/order.h"

enum order_kind {
    ORDER_NORMAL,
    ORDER_TEST,            /* number T-57 */
    ORDER_CREDIT,          /* status 10, credited_order_number, negative quantities */
    ORDER_PICKUP,          /* offline_location_id, no delivery block, no country */
    ORDER_VIRTUAL,         /* no line of goods */
    ORDER_NO_ADDRESS,      /* no usable address */
    ORDER_OLD,             /* 45 to 400 days old */
    ORDER_PARTLY_CREDITED, /* credit_order_numbers is not empty */
};

struct order_recipe {
    enum order_kind kind;
    int status;   /* or ORDER_UNKNOWN: as fits the kind */
    size_t bytes; /* wished size of the JSON text, reached by padding; 0: as it comes */
    uint64_t seed;
    const char *shop;
    const char *region; /* ISO code of the shop's country */
    uint64_t index;     /* counts the shop's generated orders */
    int64_t number;     /* for a test order the part after T- */
};

/* The kind with this name ("normal", "partly_credited"); false when there is none. */
bool order_kind_find(const char *name, enum order_kind *ret_kind);

/* The caller owns the order. */
struct order *order_generate(const struct order_recipe *recipe);

#endif
