/*
 * What the database remembers of each migration: a hash of its text, so that one that was changed
 * after it had been applied is noticed, and which older programs it leaves able to work. The latter
 * stands in the migration itself, as a line "-- serves: programs from NNNN"; one without it serves
 * only programs that know it. For migrate.c alone.
 */
#ifndef COMMON_DATABASE_MIGRATION_MARKS_H
#define COMMON_DATABASE_MIGRATION_MARKS_H

#include <libpq-fe.h>
#include <stdbool.h>

#include "common/database/sql_embedded.h"
#include "common/error.h"

/* The number of a migration; 0 for another file. */
int migration_version(const struct sql_file *file);

/* The newest migration that this program has. */
int migration_newest(void);

/* Notes, as part of the caller's transaction, what was applied and not noted yet; nothing in a
 * database that is too old to keep it. */
bool migration_marks_note(PGconn *connection, struct error *err) MUSTCHECK;

/* ERROR_CONFIG names a migration that was applied with another text than this program has. */
bool migration_marks_check(PGconn *connection, struct error *err) MUSTCHECK;

/* Whether this program may work with a database that has migrations which it does not know. */
bool migration_marks_serve(PGconn *connection, bool *ret_serves, struct error *err) MUSTCHECK;

#endif
