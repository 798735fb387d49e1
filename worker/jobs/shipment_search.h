/*
 * The search for a shipment that may or may not have been booked. The list that the service gives
 * does not hold our reference and may hold shipments of others, so each hit is read and compared.
 * All are read, not just up to the first that is ours, since a second one was paid for too. Pure;
 * owned by one job.
 */
#ifndef WORKER_JOBS_SHIPMENT_SEARCH_H
#define WORKER_JOBS_SHIPMENT_SEARCH_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"
#include "worker/api/boekuwzending/list.h"
#include "worker/api/boekuwzending/shipment.h"

struct shipment_search {
    struct boekuwzending_pages pages; /* of hits */
    size_t next;                      /* how many of the hits were read */
    bool is_doubtful;                 /* ours may be among what could not be looked at */
    struct booked_shipment found;     /* the first that is ours; id NULL: none yet */
    size_t duplicates;                /* further ones that are ours */
};

void shipment_search_release(struct shipment_search *search);

/* Takes a page of hits. ERROR_DATA when the answer is no list. */
bool shipment_search_take_list(struct shipment_search *search, const char *body, size_t length,
                               struct error *err) MUSTCHECK;

/* The id of the hit that is to be read now; NULL when all were. */
const char *shipment_search_id(const struct shipment_search *search) MUSTCHECK;

/* Goes on to the next hit; this one was `shipment`, empty when it could not be found. What it holds
 * is taken over when it is the first with this reference. */
void shipment_search_take(struct shipment_search *search, struct booked_shipment *shipment,
                          const char *reference);

#endif
