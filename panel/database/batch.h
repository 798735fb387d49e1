/*
 * Several statements in one round trip. A connection belongs to one thread.
 */
#ifndef PANEL_DATABASE_BATCH_H
#define PANEL_DATABASE_BATCH_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/database/database.h"
#include "common/error.h"

#define BATCH_LIMIT      8
#define BATCH_PARAMETERS 6

struct batch_statement {
    const char *name; /* of sql/queries, and in errors */
    const char *text; /* instead of that of the file; NULL */
    int parameter_count;
    const char *parameters[BATCH_PARAMETERS]; /* texts; NULL is SQL's */
};

struct batch_results {
    PGresult *results[BATCH_LIMIT]; /* NULL where it did not get to */
};

void batch_results_release(struct batch_results *results);

static inline void batch_results_cleanup(struct batch_results *results)
{
    batch_results_release(results);
}

/*
 * Sends them and waits for all, seconds at most. False when one failed, with its error as
 * database_run() has them: those behind it were not run, and what came before is in *ret_results.
 * A transaction that they began may still be open then: batch_end(). The caller releases
 * *ret_results whatever is returned.
 */
bool batch_run(PGconn *connection, const struct batch_statement *statements, size_t count,
               struct batch_results *ret_results, struct error *err) MUSTCHECK;

/* Undoes what is open, so that the connection can be used again, or is seen to be broken. */
void batch_end(PGconn *connection);

#endif
