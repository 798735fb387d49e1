/*
 * Connections to the database: as many as there are threads, opened when they are needed and kept.
 *
 * When the database is away, one thread at a time tries to connect, once a second, and all others
 * are told at once, so that pages can say so instead of hanging. Any thread; a connection belongs
 * to the thread that took it.
 */
#ifndef PANEL_DATABASE_POOL_H
#define PANEL_DATABASE_POOL_H

#include <libpq-fe.h>
#include <stdbool.h>

#include "common/error.h"

struct pool_connection {
    PGconn *pg;
    bool is_direct; /* no pooler between: the settings of the session hold */
    struct pool_connection *next;
};

struct pool;

/* `url` (NULL: libpq's PG* variables) is borrowed for the life of the pool. */
struct pool *pool_new(const char *url);

/* No connection may be with a thread. Accepts NULL. */
void pool_free(struct pool *pool);
DEFINE_CLEANUP(pool, struct pool *, pool_free);

/* One that is free, or a new one. ERROR_UNAVAILABLE when there is none to be had now. */
bool pool_take(struct pool *pool, struct pool_connection **ret_connection,
               struct error *err) MUSTCHECK;

/* Gives it back; one that is broken, or in the middle of something, is closed. */
void pool_give(struct pool *pool, struct pool_connection *connection);

/* Closes those that nobody uses, after one was found broken: the others may be as well. */
void pool_forget(struct pool *pool);

#endif
