/*
 * The requests that we send to Boekuwzending: book a shipment, find and read shipments, ask for
 * services and prices; create, find and change imported orders. Paths carry no version [BKZ-101].
 * The address of the environment, Accept and the bearer token are added by the HTTP client. There
 * is no key that makes a repeated POST harmless [BKZ-107]: whoever is not sure whether one was done
 * must look it up first. `request` must be empty; bodies become the request's. Pure; any thread.
 */
#ifndef WORKER_API_BOEKUWZENDING_REQUEST_H
#define WORKER_API_BOEKUWZENDING_REQUEST_H

#include <jansson.h>
#include <stdbool.h>

#include "common/cleanup.h"
#include "worker/api/http_message.h"

/* Longest reference or external id that can be searched for, in bytes. */
#define BOEKUWZENDING_SEARCH_LENGTH 100

/* Most shipments whose labels are fetched with one request; their ids fit into its query. */
#define BOEKUWZENDING_LABELS_AT_ONCE 25

/* Longest id that they give out, in bytes; a uuid has 36. */
#define BOEKUWZENDING_ID_LENGTH 60

/* True for 1 to BOEKUWZENDING_ID_LENGTH letters, digits, '-' and '_'. */
bool boekuwzending_is_id(const char *text) MUSTCHECK;

/* The member "id" when it is one; NULL otherwise. The caller frees it. */
char *boekuwzending_id_of(json_t *object) MUSTCHECK;

/* POST /shipments: books a shipment and makes its labels [BKZ-501]. Costs money: all writes so
 * far are saved before, and a lost answer is an unknown outcome. */
void boekuwzending_request_book(struct http_request *request, enum environment environment,
                                char *body);

/* GET /shipments?invoiceReference=: short objects without that reference [BKZ-606]; the page after
 * `pages` others, or the list of BOEKUWZENDING_ALL [BKZ-103]. */
void boekuwzending_request_find_shipments(struct http_request *request,
                                          enum environment environment, const char *reference,
                                          int pages);

/* GET /shipments/{id}: the whole shipment with its labels [BKZ-605]. */
void boekuwzending_request_shipment(struct http_request *request, enum environment environment,
                                    const char *id);

/* POST /rate-request: the services for a shipment and their prices [BKZ-701, BKZ-702]. It makes
 * nothing, so it may be repeated. */
void boekuwzending_request_rates(struct http_request *request, enum environment environment,
                                 char *body);

/* POST /shipments/matrix: the same another way, with the limits of each service [BKZ-703]. */
void boekuwzending_request_matrix(struct http_request *request, enum environment environment,
                                  char *body);

/* POST /orders. Duplicates are not refused [BKZ-308], so a lost answer is an unknown outcome. */
void boekuwzending_request_create_order(struct http_request *request, enum environment environment,
                                        char *body);

/* GET /orders?externalId=, archived ones too [BKZ-306]; the page after `pages` others, or the
 * list of BOEKUWZENDING_ALL. */
void boekuwzending_request_find_orders(struct http_request *request, enum environment environment,
                                       const char *external_id, int pages);

/* GET /orders/{id}: the whole order with the paths of its shipments [BKZ-307]. */
void boekuwzending_request_order(struct http_request *request, enum environment environment,
                                 const char *id);

/* PUT /orders/{id}: replaces the order as a whole, so it may be repeated [BKZ-307]. */
void boekuwzending_request_change_order(struct http_request *request, enum environment environment,
                                        const char *id, char *body);

/* GET /shipments/{id}/labels/download, or /labels/download-shipments for several: one PDF with all
 * labels [BKZ-607]. `shipments`: an array of 1 to BOEKUWZENDING_LABELS_AT_ONCE texts, each of them
 * boekuwzending_is_id(); borrowed. */
void boekuwzending_request_labels(struct http_request *request, enum environment environment,
                                  const json_t *shipments);

/* GET /track-and-trace/{label}: where a parcel is [BKZ-608]. `label`: boekuwzending_is_id(). */
void boekuwzending_request_tracking(struct http_request *request, enum environment environment,
                                    const char *label);

/* GET /me: whose credentials they are [BKZ-207]. */
void boekuwzending_request_me(struct http_request *request, enum environment environment);

/* DELETE /orders/{id}: takes an order out of the list, so it may be repeated [BKZ-307]. */
void boekuwzending_request_delete_order(struct http_request *request, enum environment environment,
                                        const char *id);

#endif
