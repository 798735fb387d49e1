#include "panel/database/batch.h"

#include <poll.h>
#include <string.h>

#include "common/clock.h"

/* The server gives up before us: a page after 2 s, anything after 25. */
#define ANSWER_TIMEOUT_US (28 * INT64_C(1000000))

void batch_results_release(struct batch_results *results)
{
    for (size_t i = 0; i < BATCH_LIMIT; i++) {
        PQclear(results->results[i]);
        results->results[i] = NULL;
    }
}

static bool lost(const PGconn *connection, const char *name, struct error *err)
{
    return error_set(err, ERROR_CONNECTION, "cannot run %s: %s", name,
                     database_message(connection));
}

/* Waits for what can be read without waiting; false when the connection is gone or the time over.
 */
static bool wait_for_result(PGconn *connection, int64_t until_us)
{
    while (PQisBusy(connection)) {
        int64_t left_us = until_us - clock_monotonic_us();
        struct pollfd descriptor = {.fd = PQsocket(connection), .events = POLLIN};

        if (left_us <= 0 || poll(&descriptor, 1, (int)(left_us / 1000) + 1) < 0 ||
            !PQconsumeInput(connection)) {
            return false;
        }
    }
    return true;
}

static bool send_all(PGconn *connection, const struct batch_statement *statements, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct batch_statement *each = &statements[i];
        const char *text = each->text != NULL ? each->text : database_query(each->name);

        if (!PQsendQueryParams(connection, text, each->parameter_count, NULL, each->parameters,
                               NULL, NULL, 0)) {
            return false;
        }
    }
    return PQpipelineSync(connection) == 1;
}

/* The code and the words for a statement that failed; the detail may hold what stands in a row. */
static bool fail(const PGconn *connection, const PGresult *result, const char *name,
                 struct error *err)
{
    const char *primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);

    return error_set(err, database_error_code(result), "cannot run %s: %s (SQLSTATE %s)", name,
                     primary != NULL ? primary : database_message(connection),
                     sqlstate != NULL ? sqlstate : "none");
}

/* Takes the results up to the end of the pipeline; the first that failed makes the error. */
static bool take_all(PGconn *connection, const struct batch_statement *statements, size_t count,
                     struct batch_results *results, struct error *err)
{
    int64_t until_us = clock_monotonic_us() + ANSWER_TIMEOUT_US;
    bool done = true;

    for (size_t i = 0; i <= count;) {
        if (!wait_for_result(connection, until_us)) {
            return lost(connection, statements[i < count ? i : count - 1].name, err);
        }

        PGresult *result = PQgetResult(connection);

        if (result == NULL) { /* the end of one statement */
            if (PQstatus(connection) != CONNECTION_OK) {
                return lost(connection, statements[i < count ? i : count - 1].name, err);
            }
            i++;
            continue;
        }

        ExecStatusType status = PQresultStatus(result);

        if (status == PGRES_PIPELINE_SYNC) {
            PQclear(result);
            break;
        }
        if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) {
            results->results[i] = result;
            continue;
        }
        if (status != PGRES_PIPELINE_ABORTED && done) {
            done = fail(connection, result, statements[i].name, err);
        }
        PQclear(result);
    }
    return done;
}

bool batch_run(PGconn *connection, const struct batch_statement *statements, size_t count,
               struct batch_results *ret_results, struct error *err)
{
    *ret_results = (struct batch_results){.results = {NULL}};
    if (!PQenterPipelineMode(connection) || !send_all(connection, statements, count)) {
        return lost(connection, statements[0].name, err);
    }

    bool done = take_all(connection, statements, count, ret_results, err);

    (void)PQexitPipelineMode(connection);
    return done;
}

void batch_end(PGconn *connection)
{
    database_rollback(connection);
}
