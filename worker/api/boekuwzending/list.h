/*
 * A list that Boekuwzending answers: a bare array or, as its framework can also write it, an object
 * with "hydra:member", an object with "0", "1", ... as keys, or the one element alone [BKZ-103].
 * Whether an element is in the list decides whether money is spent again, so what is not clearly a
 * list is an error and not an empty list. Pure; any thread.
 */
#ifndef WORKER_API_BOEKUWZENDING_LIST_H
#define WORKER_API_BOEKUWZENDING_LIST_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"

/* A search that gives this many may have more on the next page [API Platform's default page]. */
#define BOEKUWZENDING_PAGE 30

/* Reads a list into a new array of objects that each have an id; perhaps empty. ERROR_DATA, with
 * words that quote nothing, for anything else. */
bool boekuwzending_list_read(const char *body, size_t length, json_t **ret_list,
                             struct error *err) MUSTCHECK;

#endif
