/*
 * What is in a parcel that crosses a customs border, as Boekuwzending wants it declared
 * [BKZ-514, BKZ-519, R-609]. Pure; any thread.
 */
#ifndef WORKER_API_BOEKUWZENDING_CONTENTS_H
#define WORKER_API_BOEKUWZENDING_CONTENTS_H

#include <jansson.h>

#include "common/cleanup.h"

/* The lines `contents` of a wish (shipment.h) as items[].contents: weight and value are those of
 * one piece. Pieces that nobody weighed share what is left of the weight of the whole. A new
 * reference; NULL when the wish has none, since it crosses no border. */
json_t *boekuwzending_contents(json_t *wish) MUSTCHECK;

#endif
