/*
 * The table of routes: which function of the database and which template are a page, and who may
 * ask for it. A new page is a row here. Pure.
 */
#ifndef PANEL_ROUTES_ROUTE_H
#define PANEL_ROUTES_ROUTE_H

#include <jansson.h>
#include <stdbool.h>

#include "panel/server/request.h"

struct visit;

/* Does what no function of the database alone can do; fills the visit's reply. */
typedef void route_handler(struct visit *visit);

/* Who may, beside what the database grants. */
enum route_who {
    ROUTE_ANYBODY,    /* before signing in, too */
    ROUTE_PERSON,     /* whoever is signed in */
    ROUTE_MERCHANT,   /* people of an account */
    ROUTE_CHANGE,     /* of them, those that may change something */
    ROUTE_OPERATIONS, /* whoever is on call, or looks at what those do */
    ROUTE_MEND,       /* of them, those that may change something */
};

struct route {
    enum request_method method;
    const char *pattern; /* "/orders/{id}": {id} is a number, another name a word */
    enum route_who who;
    const char *function;   /* koppeling.<function>(json); NULL: only the handler */
    const char *template;   /* of the page, and of the form that is shown again; NULL */
    const char *secret;     /* the field that is sealed before it goes anywhere; NULL */
    route_handler *handler; /* NULL: the page or the action as it is */
    const char *patience;   /* see struct caller */
};

extern const struct route routes[];
extern const size_t route_count;

/*
 * The route of a path. *ret_parts, an object of texts by the names in braces, is the caller's to
 * json_decref(). NULL when there is none; then *ret_allow has the methods that there are for that
 * path ("GET, HEAD", a constant), or NULL.
 */
const struct route *route_find(enum request_method method, const char *path, json_t **ret_parts,
                               const char **ret_allow) MUSTCHECK;

#endif
