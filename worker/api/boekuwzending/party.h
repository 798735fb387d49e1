/*
 * Sender and receiver as Boekuwzending wants them: {contact, address} [BKZ-401, BKZ-403]. A party
 * comes from the database as an object with name, company, email, phone, street, number,
 * number_addition, address_line, postcode, city, country (texts or null) and private_address
 * (bool). All texts are trimmed [BKZ-106]. Pure; any thread.
 */
#ifndef WORKER_API_BOEKUWZENDING_PARTY_H
#define WORKER_API_BOEKUWZENDING_PARTY_H

#include <jansson.h>

#include "common/cleanup.h"

/* For a shipment; the first phone number that can be written in E.164, since there is no place for
 * another one [BKZ-522, R-563]. A new reference. */
json_t *boekuwzending_shipment_party(json_t *party) MUSTCHECK;

/* For an imported order; the phone number as it is (plainPhoneNumber is always safe). A new
 * reference. */
json_t *boekuwzending_order_party(json_t *party) MUSTCHECK;

/* Blanks out, in place, whatever of the party stands in a text that the service composed. `party`
 * may be NULL. */
void boekuwzending_party_mask(json_t *party, char *text);

/* The member as a new JSON text, or JSON null when it has none. A new reference. */
json_t *boekuwzending_text_or_null(json_t *object, const char *key) MUSTCHECK;

#endif
