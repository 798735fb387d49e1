/*
 * A shipment at Boekuwzending: what is sent to book one, and what is read of one
 * (docs/reference/boekuwzending.md#booking-a-shipment). Of an answer only the id, the number, our
 * reference and the labels matter; where sources disagree about the shape of other members
 * (transportType, items[].type, phoneNumber), those are not looked at. Pure; any thread.
 */
#ifndef WORKER_API_BOEKUWZENDING_SHIPMENT_H
#define WORKER_API_BOEKUWZENDING_SHIPMENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"

/* Most labels that are read of a shipment. */
#define BOEKUWZENDING_LABELS 1000

struct booked_shipment {
    char *id;        /* owned */
    char *sequence;  /* human shipment number; owned, or NULL */
    char *reference; /* invoiceReference; owned, or NULL: lists leave it out */
    json_t *labels;  /* an array of {external_id, waybill, track_and_trace_link, is_cancelled}, the
                        second and third text or null; each label once; perhaps empty, for they may
                        come later; owned */
    bool is_whole;   /* the labels were a list in which each was understood: there are no others */
};

/* The body of POST /shipments, to be freed. `wish` has service, reference, order_number,
 * dispatch_date, related_external_id (or null), from and to (party.h) and items [{quantity, type,
 * description, length, width, height, weight_kg, value}], at least one, value perhaps null; where a
 * customs border is crossed also inco_terms, the weight_kg of the whole, and contents
 * [{description, quantity, weight_kg, value, tariff_number, country_of_origin}], the last four of
 * which may be null. Weight and value of an item are sent as they are [BKZ-511]. */
char *boekuwzending_shipment_body(json_t *wish) MUSTCHECK;

/* The body of a question for services and prices: a shipment without service and reference
 * [BKZ-701]; to be freed. `wish` as above. */
char *boekuwzending_rate_body(json_t *wish) MUSTCHECK;

/* Reads a shipment. ERROR_DATA, with words that quote nothing, when it is no JSON object with an
 * id; *ret_shipment is then empty. */
bool booked_shipment_read(const char *body, size_t length, struct booked_shipment *ret_shipment,
                          struct error *err) MUSTCHECK;
void booked_shipment_release(struct booked_shipment *shipment);

static inline void booked_shipment_cleanup(struct booked_shipment *shipment)
{
    booked_shipment_release(shipment);
}

#endif
