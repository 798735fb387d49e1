/*
 * One request on its way through a route: who asks, what for, and the reply that is being made. A
 * visit belongs to the thread that serves it.
 */
#ifndef PANEL_ROUTES_VISIT_H
#define PANEL_ROUTES_VISIT_H

#include <jansson.h>
#include <stdbool.h>

#include "common/error.h"
#include "panel/database/call.h"
#include "panel/panel.h"
#include "panel/routes/route.h"
#include "panel/session/token.h"

/* The cookies, without "__Host-". */
#define COOKIE_SESSION "koppeling"
#define COOKIE_VISITOR "koppeling_visitor" /* before signing in: what forms are tied to */
#define COOKIE_NOTICE  "koppeling_notice"  /* what to say on the next page */

struct visit {
    const struct panel *panel;
    const struct request *request;
    struct reply *reply;
    const struct route *route;
    json_t *parts;                  /* of the path, by name */
    json_t *query;                  /* its fields */
    json_t *form;                   /* those of the body; never NULL */
    json_t *person;                 /* who it is, once that is known; else NULL */
    char session[TOKEN_LENGTH + 1]; /* the cookie that forms are tied to; "" when there is none */
    struct caller caller;
    bool is_known; /* there is a session cookie or a token of a program */
    bool wants_json;
    int language;
};

/* Reads who asks and in which way; nothing is checked with the database yet. */
void visit_begin(struct visit *visit);
void visit_release(struct visit *visit);

/* {"path": ..., "query": ..., "form": ...} for a function of the database; the caller
 * json_decref()s it. */
json_t *visit_request(const struct visit *visit);

/* Whether the form was made by a page of this very session; else the reply says so. */
bool visit_check_form(struct visit *visit) MUSTCHECK;

/* Sets what is known of the person, and with it the language. The object is taken over. */
void visit_know(struct visit *visit, json_t *person);

/* Whether this person may use the route; else the reply says so. */
bool visit_check_right(struct visit *visit) MUSTCHECK;

/* The first page is one of shops: somebody of operations, who has none, is sent to the queue. True
 * with a reply made. */
bool visit_goes_to_operations(struct visit *visit) MUSTCHECK;

/* A page: the template with what the database answered (borrowed), or the answer itself for a
 * program. */
void visit_show(struct visit *visit, unsigned status, const char *template, const json_t *answer);

/* Something is wrong: a page, or application/problem+json, whose words are the texts
 * "problem_<status>" and "problem_<status>_help". */
void visit_problem(struct visit *visit, unsigned status);

/* The same with what a function of the database says: for a program its words are "detail", and
 * what is wrong by field is "errors". */
void visit_refuse(struct visit *visit, unsigned status, const json_t *answer);

/* The same for what went wrong inside; the log has the words. */
void visit_fail(struct visit *visit, const struct error *err);

/* To the page where people sign in, and from there to this one; 401 for a program. */
void visit_sign_in(struct visit *visit);

/* Whether it is an address on this site: "/orders?shop=3". */
bool visit_is_local(const char *address) MUSTCHECK;

#endif
