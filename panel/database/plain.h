/*
 * Single statements of sql/queries for what comes before there is a session. Any thread.
 */
#ifndef PANEL_DATABASE_PLAIN_H
#define PANEL_DATABASE_PLAIN_H

#include <libpq-fe.h>
#include <stdbool.h>

#include "common/error.h"
#include "panel/database/batch.h"
#include "panel/database/pool.h"

/* Runs it in a transaction of its own, in one round trip. The caller PQclear()s *ret_result.
 * Errors as batch_run(). */
bool plain_run(struct pool *pool, const struct batch_statement *statement, PGresult **ret_result,
               struct error *err) MUSTCHECK;

#endif
