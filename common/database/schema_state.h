/*
 * What is really in the database, as opposed to the marks that say which migrations and definitions
 * were applied: a restore can keep the marks and lose roles, grants, functions, indexes or rows.
 * For migrate.c alone.
 */
#ifndef COMMON_DATABASE_SCHEMA_STATE_H
#define COMMON_DATABASE_SCHEMA_STATE_H

#include <libpq-fe.h>
#include <stdbool.h>

#include "common/error.h"

/* Room for a hash as hex. */
#define SCHEMA_STATE_SIZE 40

/* A hash over functions, views, triggers, grants and roles as they are. */
bool schema_state_read(PGconn *connection, char ret_state[SCHEMA_STATE_SIZE],
                       struct error *err) MUSTCHECK;

/* ERROR_CONFIG when the database cannot hold every text: its encoding is not UTF8. */
bool schema_state_check_encoding(PGconn *connection, struct error *err) MUSTCHECK;

/* Whether this login can have the roles that the schema needs: they are there, or it may make them.
 * ERROR_PERMISSION with the statements for somebody who may. */
bool schema_state_check_roles(PGconn *connection, struct error *err) MUSTCHECK;

/* Remembers what the migration in this transaction made. */
bool schema_state_remember(PGconn *connection, struct error *err) MUSTCHECK;

/* ERROR_CONFIG when something that a migration made is missing; the log has all of it, with what
 * makes it again. */
bool schema_state_check(PGconn *connection, struct error *err) MUSTCHECK;

#endif
