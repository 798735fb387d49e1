/*
 * A generated order in the making: what its parts share. Private to the generator's files.
 */
#ifndef SIMULATOR_ORDER_DRAFT_H
#define SIMULATOR_ORDER_DRAFT_H

#include <stdbool.h>

#include "tests/simulator/dice.h"
#include "tests/simulator/json_text.h"
#include "tests/simulator/order_generator.h"
#include "tests/simulator/people.h"

struct draft {
    const struct order_recipe *recipe;
    struct dice dice;
    struct buffer text;
    char number[24]; /* these five: what the shop's filters want to know */
    char uuid[UUID_SIZE];
    char date[DATE_SIZE];
    char time[TIME_SIZE];
    int status;
    const struct person *person;
    const struct country *country; /* where it is sent */
    bool is_business;
    bool is_small; /* the wished size leaves room for the essentials only */
    int cents;     /* total with tax; known once the lines are written */
    int grams;
};

/* One of several literal pieces of JSON, by chance. */
#define draft_pick(draft, ...)                                                                     \
    draft_pick_from((draft), (const char *const[]){__VA_ARGS__},                                   \
                    ARRAY_LENGTH(((const char *const[]){__VA_ARGS__})))
const char *draft_pick_from(struct draft *draft, const char *const *choices, size_t count);

/* "debtor": with its addresses, and "shipping": with the country. Sets draft->country. */
void draft_debtor(struct draft *draft);
void draft_shipping(struct draft *draft);

/* "orderlines", "price" and "weight". Sets draft->cents and ->grams. */
void draft_lines(struct draft *draft);
void draft_price(struct draft *draft);
void draft_weight(struct draft *draft);

#endif
