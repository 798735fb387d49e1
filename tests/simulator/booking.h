/*
 * What one environment (production or staging) of Boekuwzending holds: accounts, bearer tokens,
 * imported orders, shipments and labels. Guarded by the simulator's lock: no pointer into this
 * outlives it.
 */
#ifndef SIMULATOR_BOOKING_H
#define SIMULATOR_BOOKING_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/cleanup.h"
#include "tests/simulator/dice.h"
#include "tests/simulator/map.h"

#define BEARER_SIZE  65
#define WAYBILL_SIZE 24

struct account {
    char *client_id;
    char *client_secret;
    char id[UUID_SIZE];
    unsigned tokens_issued;
};

struct bearer {
    char token[BEARER_SIZE];
    struct account *account;
    int64_t expires_us; /* monotonic */
};

/* An order of a shop as it was imported here. */
struct pushed_order {
    char id[UUID_SIZE];
    char *external_id;
    char *text;     /* what GET /orders/{id} answers */
    char *overview; /* its entry in a list */
    const struct account *account;
    json_t *sent;      /* what it was made of */
    json_t *shipments; /* paths of those that were made of it in the panel */
    unsigned put_count;
    bool is_archived;
    bool is_deleted;
};

struct label {
    char id[UUID_SIZE];
    char waybill[WAYBILL_SIZE];
    const struct shipment *shipment;
    char *status;         /* where its parcel is; NULL: as the shipment says */
    char *description;    /* in the words of the carrier, or NULL */
    int64_t status_at_us; /* wall time */
};

struct shipment {
    char id[UUID_SIZE];
    char *sequence;
    char *reference; /* invoiceReference, or "" */
    char *service;   /* or "" */
    char *head;      /* the shipment as JSON without its labels and without the closing brace */
    char *overview;  /* its entry in a list */
    char *labels;    /* all of its labels as JSON */
    char *request;   /* the body that made it */
    char *postcode;
    const struct account *account;
    bool is_cancelled;   /* somebody cancelled its labels in their panel */
    struct label *label; /* label_count of them */
    size_t label_count;
    int64_t labels_at_us;                  /* wall time from which on the labels exist */
    int64_t created_us;                    /* wall time */
    int64_t there_at_us;                   /* wall time from which on it can be found; 0: at once */
    size_t nth_of_reference;               /* 1 for the first with its reference */
    const struct shipment *same_reference; /* an older one with the same reference, or NULL */
};

struct booking {
    const char *name;                  /* "production" or "staging" */
    struct map accounts;               /* by client id */
    struct map bearers;                /* by token */
    struct map orders;                 /* by id */
    struct map shipments;              /* by id */
    struct map labels;                 /* by id */
    struct map references;             /* by invoiceReference: the newest shipment that has it */
    struct pushed_order **order_items; /* oldest first */
    size_t order_count, order_capacity;
    struct shipment **shipment_items; /* oldest first */
    size_t shipment_count, shipment_capacity;
    struct account **account_items;
    size_t account_count, account_capacity;
    uint64_t sequence;
    uint64_t waybills;
};

/* Creates the account or changes its secret. */
void booking_put_account(struct booking *booking, const char *client_id, const char *client_secret,
                         struct dice *dice);

/* A new bearer token for the account. */
const struct bearer *booking_issue(struct booking *booking, struct account *account,
                                   int64_t lifetime_us, struct dice *dice);

/* Who the token belongs to; NULL when it is unknown or has expired. */
const struct account *booking_authenticate(const struct booking *booking, const char *token);

/* Each takes the thing over. */
void booking_add_order(struct booking *booking, struct pushed_order *order);
void booking_add_shipment(struct booking *booking, struct shipment *shipment);

/* Finds what belongs to the account; NULL when there is none, or when it is not there (any more, or
 * for a label: yet). */
struct pushed_order *booking_find_order(const struct booking *booking,
                                        const struct account *account, const char *id);
const struct shipment *booking_find_shipment(const struct booking *booking,
                                             const struct account *account, const char *id);
const struct label *booking_find_label(const struct booking *booking, const struct account *account,
                                       const char *id);

/* Whether the shipment can be found by now. */
bool shipment_is_there(const struct shipment *shipment);

/* Whether the labels of the shipment exist by now. */
bool shipment_has_labels(const struct shipment *shipment);

/* Where its parcel is; before anybody said so "created", or "canceled" as the service spells it. */
const char *label_status(const struct label *label);

/* The label with this id, whoever's it is; NULL when there is none. */
struct label *booking_label(const struct booking *booking, const char *id);

/* Writes its labels anew, as they are answered. */
void shipment_render_labels(const struct booking *booking, struct shipment *shipment);

void booking_release(struct booking *booking);

#endif
