/*
 * Calls of the functions that are the pages: who it is and what he asks go in, JSON comes out. A
 * page is one transaction in one round trip. Functions are named in the table of routes, and are
 * checked for when the program starts.
 */
#ifndef PANEL_DATABASE_CALL_H
#define PANEL_DATABASE_CALL_H

#include <jansson.h>
#include <stdbool.h>

#include "common/error.h"
#include "panel/database/pool.h"
#include "panel/session/token.h"

DEFINE_CLEANUP(json_decref, json_t *, json_decref);

/* Who asks: a browser by its session, or a program by its token. */
struct caller {
    bool is_program;
    struct token_hash hash;
    const char *patience; /* how long a statement may take, as an interval; NULL: as a page does */
};

/* A transaction in which the caller's rights hold. */
struct call {
    struct pool *pool;
    struct pool_connection *connection;
    json_t *person; /* what is known of him, as text: person, role, account_id, ...; owned */
};

enum call_end { CALL_COMMIT, CALL_ROLLBACK };

/* Begins it. *ret_is_known false: there is no such session, or no longer; then nothing is open.
 * The caller ends what was begun with call_end(). ERROR_UNAVAILABLE, ERROR_LOCKED and
 * ERROR_CONNECTION may pass. */
bool call_begin(struct pool *pool, const struct caller *caller, struct call *ret_call,
                bool *ret_is_known, struct error *err) MUSTCHECK;

/* Runs a function within it; *ret_answer is an object that the caller json_decref()s. */
bool call_function(struct call *call, const char *function, const json_t *request,
                   json_t **ret_answer, struct error *err) MUSTCHECK;

bool call_end(struct call *call, enum call_end end, struct error *err) MUSTCHECK;

/* Undoes what is still open, and gives the connection back. */
void call_release(struct call *call);

static inline void call_cleanup(struct call *call)
{
    call_release(call);
}

/* A page that changes nothing. */
struct call_page {
    const struct caller *caller;
    const char *function;
    const json_t *request; /* borrowed */
    json_t *person;        /* what came of it, each the caller's to json_decref(); NULL when the */
    json_t *answer;        /* session is not known */
};

/* The three in one round trip. Errors as call_begin(); the person may be known all the same. */
bool call_page(struct pool *pool, struct call_page *page, struct error *err) MUSTCHECK;

#endif
