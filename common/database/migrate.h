/*
 * Brings the database to the schema that this binary was built with.
 *
 * sql/migrations/NNNN_what.sql are applied in order, each once, in one transaction each, under an
 * advisory lock. Functions, views and grants (sql/functions, sql/views, sql/roles.sql) are not
 * numbered: they are applied again in the last transaction whenever their text has changed, or what
 * the database has is not what it had then, as after a restore without roles and grants. Lost
 * tables, indexes or rows are named. Repeating is safe, also from several hosts at once. A database
 * that is newer than the binary, by its migrations or by the number of its functions
 * (sql/revision), in which a migration had another text, or that cannot hold every text, is
 * refused. Locks that others hold
 * are tried for again and again, each time for a second only; the log and the error say who is in
 * the way.
 */
#ifndef COMMON_DATABASE_MIGRATE_H
#define COMMON_DATABASE_MIGRATE_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdio.h>

#include "common/error.h"

/* Applies what is missing; *ret_applied counts the migrations. ERROR_CONFIG when the database is
 * newer than the binary; otherwise the error names the file. A migration that failed left nothing
 * behind. */
bool migrate_apply(PGconn *connection, int *ret_applied, struct error *err) MUSTCHECK;

/* Prints what migrate_apply() would do, a line each, and changes nothing; refuses what that
 * refuses. */
bool migrate_preview(PGconn *connection, FILE *stream, struct error *err) MUSTCHECK;

/* The functions, views and grants in the database, compared with those of this binary. */
enum migrate_definitions {
    MIGRATE_OURS,
    MIGRATE_OLDER, /* or changed since by hand, or by a restore */
    MIGRATE_NEWER, /* of a newer binary */
};

/* As migrate_check(), but tells instead of logging. */
bool migrate_compare(PGconn *connection, enum migrate_definitions *ret_definitions,
                     struct error *err) MUSTCHECK;

/* For the start of a daemon: true when the database has the migrations of this binary, or more that
 * say that they serve it (migration_marks.h); ERROR_CONFIG says what to run otherwise. During a
 * rolling upgrade functions and views may be a little older or newer than the binary: the log
 * tells. */
bool migrate_check(PGconn *connection, struct error *err) MUSTCHECK;

/* The version of the schema that this binary knows, and so makes. Thread-safe. */
int migrate_newest_version(void) MUSTCHECK;

#endif
