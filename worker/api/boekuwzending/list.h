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

/* The elements of what was answered as a new array, perhaps empty; NULL when it is no list. */
json_t *boekuwzending_list_elements(json_t *answer) MUSTCHECK;

/* Reads a list into a new array of objects that each have an id; perhaps empty. ERROR_DATA, with
 * words that quote nothing, for anything else. */
bool boekuwzending_list_read(const char *body, size_t length, json_t **ret_list,
                             struct error *err) MUSTCHECK;

/* A page with so many that brings nothing new is no end: the service does not page as it was asked
 * to, so all is asked for at once. */
#define BOEKUWZENDING_PAGE 30

/* Most pages of a search that are looked at, and most elements. */
#define BOEKUWZENDING_PAGES    10
#define BOEKUWZENDING_ELEMENTS 300

/* Instead of a number of pages: all elements in one list. */
#define BOEKUWZENDING_ALL (-1)

/* How far a search over pages came. How many elements a page holds is not promised [BKZ-103], so
 * the end is a page that brings nothing new, or the list of all. A zeroed struct is at the
 * start. */
struct boekuwzending_pages {
    json_t
        *ids; /* of all elements so far, in order, each once; NULL before the first page; owned */
    json_t *known;  /* the same as keys; owned */
    int taken;      /* pages */
    bool may_go_on; /* more may follow: ask for boekuwzending_pages_next() */
    bool wants_all; /* a full page came again: the rest comes with the list of all, if at all */
    bool is_cut;    /* there may be more, but no more is looked at */
};

void boekuwzending_pages_release(struct boekuwzending_pages *pages);

/* After how many pages the next one comes, or BOEKUWZENDING_ALL. */
int boekuwzending_pages_next(const struct boekuwzending_pages *pages) MUSTCHECK;

/* Takes the list that was asked for, as boekuwzending_list_read() reads it. */
void boekuwzending_pages_take(struct boekuwzending_pages *pages, json_t *list);

#endif
