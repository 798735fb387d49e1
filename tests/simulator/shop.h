/*
 * The webshops and their orders. Guarded by the simulator's lock: no pointer into this outlives it.
 */
#ifndef SIMULATOR_SHOP_H
#define SIMULATOR_SHOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/cleanup.h"
#include "tests/simulator/map.h"
#include "tests/simulator/order.h"
#include "tests/simulator/order_generator.h"

#define SHOP_NAME_SIZE 64 /* with the terminating zero */

struct shop {
    char *name; /* its host is {name}.myonline.store */
    char *token;
    bool token_is_active;
    char *primary_domain;
    char *store_id;
    char *region;
    char *store_text; /* what GET /v1/store answers */

    struct order **orders; /* by number, ascending; those without a numeric number last, which is
                              where they are in each list */
    size_t order_count;
    size_t order_capacity;
    uint64_t generated; /* how many were invented so far */
    int64_t next_number;
    int64_t next_test_number;

    int64_t page_cap;      /* most orders on a page, whatever the limit asks for; 0: as asked */
    bool ignores_ordering; /* lists by ascending number, whatever is asked for */

    double flow_per_second;
    double flow_credit;    /* orders that are due, with the fraction */
    int64_t flow_since_us; /* up to when flow_credit counts */

    unsigned requests;
    unsigned in_flight;
    unsigned max_in_flight;
};

struct shops {
    struct map by_name;
    struct map by_token;
    struct shop **items; /* oldest first */
    size_t count;
    size_t capacity;
};

/* What to set; NULL leaves it as it is, or takes the default for a new shop. */
struct shop_settings {
    const char *name;
    const char *token;
    const char *primary_domain;
    const char *store_id;
    const char *region;
    int token_is_active;  /* or -1 */
    int64_t page_cap;     /* or -1 */
    int ignores_ordering; /* or -1 */
};

/* What a list of orders is asked for. */
struct order_filter {
    int status;   /* or ORDER_UNKNOWN for any */
    int archived; /* or ORDER_UNKNOWN for any */
    bool with_test;
    bool descending;
    const char *start_date, *end_date; /* or NULL; both ends belong to the window */
    const char *changed_start, *changed_end;
    size_t limit;
    size_t offset;
};

struct shop *shops_find(const struct shops *shops, const char *name);
struct shop *shops_find_by_token(const struct shops *shops, const char *token);

/* Creates the shop or changes its settings. NULL when another shop has that token. */
struct shop *shops_put(struct shops *shops, const struct shop_settings *settings,
                       uint64_t seed) MUSTCHECK;
void shops_remove(struct shops *shops, struct shop *shop);
void shops_release(struct shops *shops);

/* Takes the order over. */
void shop_add(struct shop *shop, struct order *order);

/* Puts the order where its number, which has just changed, belongs. */
void shop_reposition(struct shop *shop, struct order *order);

/* The order, or NULL; a deleted one is not found. */
struct order *shop_find_order(const struct shop *shop, const char *number);

/* Invents one order and adds it; only kind, status and bytes of the recipe are looked at. */
struct order *shop_generate(struct shop *shop, const struct order_recipe *recipe, uint64_t seed);

/* Fills ret_page (room for filter->limit) and returns how many, without those that are hidden,
 * which have their positions all the same; or counts all matches. */
size_t shop_list(const struct shop *shop, const struct order_filter *filter,
                 const struct order **ret_page);
size_t shop_count(const struct shop *shop, const struct order_filter *filter);

#endif
