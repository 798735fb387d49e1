/*
 * Connections to PostgreSQL, and the blocking way to use one: for start-up, migrations, the
 * scheduler and the listener. The worker's event loop uses worker/queue/pipeline.h instead.
 *
 * Statements live in sql/queries/ and are called by file name. A connection belongs to one thread.
 */
#ifndef COMMON_DATABASE_DATABASE_H
#define COMMON_DATABASE_DATABASE_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/cleanup.h"
#include "common/error.h"

DEFINE_CLEANUP(PQclear, PGresult *, PQclear);
DEFINE_CLEANUP(PQfinish, PGconn *, PQfinish);

/* Connection parameters for PQconnectStartParams() and PQconnectdbParams(), ended by NULL. */
struct database_parameters {
    const char *keywords[16];
    const char *values[16];
};

/*
 * Fills the parameters: our defaults first (application name, keep-alives, a read-write server),
 * then `url` (NULL: libpq's PG* variables), which overrides them. The strings are borrowed. Expand
 * dbname.
 */
void database_parameters_fill(struct database_parameters *parameters, const char *url,
                              const char *application_name);

/* Text of sql/queries/<name>.sql; a name that does not exist is a defect and ends the process. */
const char *database_query(const char *name) MUSTCHECK;

/* What libpq says about a connection, as one line without password; valid until the next call on
 * this thread. */
const char *database_message(const PGconn *connection);

/* For PQsetNoticeReceiver(): a remark of the server becomes a line of our log. */
void database_take_notice(void *ignored, const PGresult *notice);

/* Connects and waits. ERROR_UNAVAILABLE with libpq's reason when that fails. The caller
 * PQfinish()es. */
bool database_open(const char *url, const char *application_name, PGconn **ret_connection,
                   struct error *err) MUSTCHECK;

/* Whether the server process at the other end is ours: a pooler gives its clients another one. */
bool database_is_direct(PGconn *connection, bool *ret_direct, struct error *err) MUSTCHECK;

/*
 * Sets what our statements depend on (sql/queries/connection_settings.sql) for the whole session,
 * for what happens outside transactions: how long it may be idle, what LISTEN reports. Behind a
 * pooler, which keeps no settings, it does nothing.
 */
bool database_set_session(PGconn *connection, struct error *err) MUSTCHECK;

/*
 * A transaction with these settings, whatever a DBA set for the role or the database, also behind a
 * pooler. After a failure between the two comes database_rollback(), which is harmless when there
 * is no transaction and says nothing when the connection is gone. Errors as database_run().
 */
bool database_begin(PGconn *connection, struct error *err) MUSTCHECK;
bool database_commit(PGconn *connection, struct error *err) MUSTCHECK;
void database_rollback(PGconn *connection);

/*
 * Runs sql/queries/<name>.sql and waits, half a minute at most: as part of the transaction that
 * database_begin() started, else as one of its own. Its parameters are texts, ended by NULL; NULL
 * for a statement without any. The caller PQclear()s *ret_result (which may be NULL when it is not
 * wanted). ERROR_CONNECTION when the connection is gone, the server cannot write or does not
 * answer; then the connection is of no more use. ERROR_LOCKED when somebody else holds a lock for
 * longer than a second, or ten when it stands alone; ERROR_UNAVAILABLE for what else may pass
 * (deadlock, timeout, resources), ERROR_PERMISSION, ERROR_CONFIG for a missing table (not
 * migrated), else ERROR_INTERNAL.
 */
bool database_run(PGconn *connection, const char *name, const char *const *parameters,
                  PGresult **ret_result, struct error *err) MUSTCHECK;

/* Runs SQL text without parameters, several statements if need be, as it is; errors as
 * database_run(). */
bool database_run_text(PGconn *connection, const char *what, const char *sql,
                       struct error *err) MUSTCHECK;

/* Lets the statements of this transaction take long: 55 minutes at most. Locks are still not waited
 * for. */
bool database_be_patient(PGconn *connection, struct error *err) MUSTCHECK;

/* Runs SQL text after that: waits an hour at most, and while the server is alive. The result is
 * that of the last statement; it may be NULL when it is not wanted. */
bool database_run_patiently(PGconn *connection, const char *what, const char *sql,
                            PGresult **ret_result, struct error *err) MUSTCHECK;

/* After ERROR_LOCKED, and outside a transaction: adds to the text of the error who holds locks on
 * what is ours: process, login, since when. */
void database_name_holders(PGconn *connection, struct error *err);

/* A value in a result, rows and columns counted from 0. For SQL NULL, and where there is none: 0,
 * false, NULL. The text belongs to the result. */
int64_t database_integer(const PGresult *result, int row, int column) MUSTCHECK;
bool database_boolean(const PGresult *result, int row, int column) MUSTCHECK;
const char *database_text(const PGresult *result, int row, int column) MUSTCHECK;

/* Ends the process, with words in the log, unless the first columns of a result have these names
 * (NULL ends them). Whatever is read by position is checked with it, once a result, against the
 * names beside its reader: a statement that was changed on its own is a defect, and shows in every
 * test that runs it. */
void database_expect(const PGresult *result, const char *const *columns);

/* How many rows the statement inserted, updated or deleted. */
int64_t database_changed_rows(PGresult *result) MUSTCHECK;

/* The code for a result that tells of an error, as listed above; one without SQLSTATE, and NULL,
 * tell of a lost connection. */
enum error_code database_error_code(const PGresult *result) MUSTCHECK;

#endif
