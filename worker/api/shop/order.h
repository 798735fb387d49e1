/*
 * One order of a shop at Mijnwebwinkel: the facts that decide what to do with it. The Order object
 * and its oddities: docs/reference/mijnwebwinkel.md#the-order-object. Mapping it for import:
 * order_row.h.
 *
 * Pure; any thread.
 */
#ifndef WORKER_API_SHOP_ORDER_H
#define WORKER_API_SHOP_ORDER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "worker/api/text/json_mend.h"

/* Longest order number that is kept, in characters. */
#define ORDER_NUMBER_LENGTH 40

/* Status "Betaald" [MWW-505]. */
#define ORDER_STATUS_PAID 3

struct order {
    json_t *json;         /* the object as read; owned */
    struct mended mended; /* how the bytes had to be changed before they could be read; owned */
    char *number;         /* text: live it is a string, in the schema an integer; NULL if absent,
                             or longer than is kept: it must not be cut to that of another order */
    bool is_number_unfit; /* it is there, and longer than that, or no whole number, or just dots */
    char *uuid;           /* lower case; NULL if absent or not of that form */
    int32_t status;       /* valid when has_status */
    bool has_status;
    bool archived;
    bool credit;            /* credited_order_number is set: this IS a credit order [MWW-608] */
    bool paid;              /* status 3, payment.status.id 1, or payment_status captured */
    char date[11];          /* "2026-11-20"; "" when it is no date of the calendar */
    char time[9];           /* "19:42:07"; "00:00:00" when absent or invalid */
    bool is_credit_unclear; /* credited_order_number came as an object, {"value": 0}: whether it
                               credits another is not settled */
};

/* Reads one order from `length` bytes. ERROR_DATA when they are no JSON object; *ret_order is then
 * empty. An order without number or uuid is read: the caller decides. */
bool order_read(const char *text, size_t length, struct order *ret_order,
                struct error *err) MUSTCHECK;
void order_release(struct order *order);

static inline void order_cleanup(struct order *order)
{
    order_release(order);
}

/* True when it has a status and that is one of these, an array of integers. */
bool order_is_among(const struct order *order, json_t *statuses) MUSTCHECK;

/* True for a number with the mark "T-" at its start or "-T" or "T-" at its end, in either case,
 * with any dash: test orders are never imported and never changed, and where the mark stands is not
 * known [MWW-906, R-421]. A prefix of the shop's own, as in "W-1805", is no mark [MWW-907]. */
bool order_number_is_test(const char *number) MUSTCHECK;

/* The numbers of the credit orders made for this one, as a new array of texts (perhaps empty; at
 * most 50). Not empty: it was credited, at least in part [MWW-609]. What came instead of a number,
 * {"value": 9}, is kept as its JSON, cut to the length of a number. */
json_t *order_credit_numbers(const struct order *order) MUSTCHECK;

/* Whether that text is none of a number. */
bool order_credit_number_is_odd(const char *number) MUSTCHECK;

#endif
