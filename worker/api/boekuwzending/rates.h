/*
 * Services and prices for a shipment, as Boekuwzending tells them in two ways: a list of rates
 * [BKZ-702], and a matrix, which also has limits [BKZ-703]. Both become a list of
 * {service, description, carrier, price, tax, max_weight_kg, max_length_cm, max_width_cm,
 * max_height_cm, pickup_point}: service is a text, what is not told or makes no sense is null
 * . An element without a service key is no offer. Pure; any thread.
 */
#ifndef WORKER_API_BOEKUWZENDING_RATES_H
#define WORKER_API_BOEKUWZENDING_RATES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"

/* Most services that are read. */
#define BOEKUWZENDING_SERVICES 500

/* Longest service key, in characters; theirs have 30 [BKZ-703]. */
#define BOEKUWZENDING_SERVICE_LENGTH 100

/* Reads the answer to POST /rate-request into a new array; empty when it says that there is no
 * service: nothing at all, null or an empty list. ERROR_DATA, with words that quote nothing, for
 * anything else that holds no service, such as a shipment. */
bool boekuwzending_rates_read(const char *body, size_t length, json_t **ret_services,
                              struct error *err) MUSTCHECK;

/* The same for POST /shipments/matrix. */
bool boekuwzending_matrix_read(const char *body, size_t length, json_t **ret_services,
                               struct error *err) MUSTCHECK;

#endif
