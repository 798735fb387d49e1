/*
 * One order of a shop, kept as the JSON text that the shop sends, plus the few facts that the
 * list's filters need. The text is rendered when the order changes, never per request.
 *
 * An order may be any text, also one that is not JSON: then most facts are unknown, and an unknown
 * fact passes every filter. Guarded by the simulator's lock.
 */
#ifndef SIMULATOR_ORDER_H
#define SIMULATOR_ORDER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buffer.h"
#include "tests/simulator/calendar.h"

#define ORDER_UNKNOWN     (-1)
#define ORDER_NOTES_LIMIT 65536 /* bytes of PATCH bodies remembered per order */

struct order {
    char *text;
    size_t length;
    char *number;                        /* "20411", "T-57"; "" when it has none */
    int64_t key;                         /* the number as a number; INT64_MAX when it is not one */
    char *uuid;                          /* "" when it has none */
    int status;                          /* or ORDER_UNKNOWN */
    int archived;                        /* 0, 1 or ORDER_UNKNOWN */
    char date[DATE_SIZE];                /* "" when unknown */
    char changed[DATE_SIZE + TIME_SIZE]; /* "yyyy-mm-dd hh:mm:ss"; "" when unknown */
    bool is_test;
    bool is_deleted;       /* vanished from the shop, still told by /_simulator/effects */
    bool is_hidden;        /* in no list, though it is counted and has its place on a page */
    unsigned get_count;    /* reads of this order alone */
    unsigned patch_count;  /* PATCHes that took effect */
    struct buffer patches; /* their bodies, JSON with commas between, oldest first */
};

/* Where an order number sorts: its value, or INT64_MAX when it is not a plain number. */
int64_t order_number_key(const char *number);

/* An order from JSON of any shape; it is not kept. */
struct order *order_new(const json_t *json);

/* What the filters look at, for a text that need not be parsed. */
struct order_facts {
    const char *number;
    const char *uuid;
    int status;   /* or ORDER_UNKNOWN */
    int archived; /* 0, 1 or ORDER_UNKNOWN */
    const char *date;
    const char *changed_date, *changed_time;
};

/* An order that is this text, about which all is known. Copies it. */
struct order *order_new_known(const char *text, size_t length, const struct order_facts *facts);

/* An order that is this text, JSON or not. Takes the text over. */
struct order *order_new_raw(char *text);

/* Frees the order; NULL is allowed. */
void order_free(struct order *order);

/* The order as a JSON object to change, or NULL when it is none. The caller releases it. */
json_t *order_parse(const struct order *order);

/* Renders the changed JSON and reads the facts anew. */
void order_replace(struct order *order, const json_t *json);

/* What an order may be changed to; a member that is not set changes nothing. */
struct order_change {
    int status;   /* or ORDER_UNKNOWN */
    int archived; /* or ORDER_UNKNOWN */
    const char *internal_comment;
    const char *reference;
    const char *offline_location_id;
};

/* Sets these members in the order's JSON; false when the order is not an object. A status that was
 * text stays text, and a real change of it moves status_changed_date and _time to now. */
bool order_change(struct order *order, const struct order_change *change);

/* Remembers the body of a PATCH that took effect, whether it changed anything or not. */
void order_note_patch(struct order *order, const json_t *body);

#endif
