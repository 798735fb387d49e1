/* Blocking use of a PostgreSQL connection. */
#include "common/database/database.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/database/sql_embedded.h"
#include "common/log.h"
#include "common/memory.h"

/* A server that is frozen keeps its connections, and neither keep-alives nor any setting of libpq
 * notice. */
#define ANSWER_TIMEOUT_US (30 * INT64_C(1000000))
#define PATIENCE_US       (3600 * INT64_C(1000000))

void database_parameters_fill(struct database_parameters *parameters, const char *url,
                              const char *application_name)
{
    /* A dead peer is noticed within half a minute; a standby is not a place to work. */
    const char *const pairs[][2] = {
        {"fallback_application_name", application_name},
        {"connect_timeout", "5"},
        {"keepalives_idle", "10"},
        {"keepalives_interval", "5"},
        {"keepalives_count", "3"},
        {"tcp_user_timeout", "20000"},
        {"target_session_attrs", "read-write"},
        {"client_encoding", "UTF8"},
        {"dbname", url},
    };
    size_t count = 0;

    for (size_t i = 0; i < ARRAY_LENGTH(pairs); i++) {
        if (pairs[i][1] == NULL) {
            continue;
        }
        parameters->keywords[count] = pairs[i][0];
        parameters->values[count] = pairs[i][1];
        count++;
    }
    parameters->keywords[count] = NULL;
    parameters->values[count] = NULL;
}

const char *database_query(const char *name)
{
    static const char prefix[] = "queries/";

    for (const struct sql_file *file = sql_files; file->name != NULL; file++) {
        if (strncmp(file->name, prefix, sizeof(prefix) - 1) == 0 &&
            strcmp(file->name + sizeof(prefix) - 1, name) == 0) {
            return file->text;
        }
    }
    LOG_ERROR("there is no such statement in sql/queries", LOG_TEXT("name", name));

    abort();
}

const char *database_message(const PGconn *connection)
{
    static _Thread_local char line[400];
    const char *message = connection != NULL ? PQerrorMessage(connection) : "";
    size_t length = 0;

    for (; *message != '\0' && length < sizeof(line) - 1; message++) {
        char c = *message == '\n' || *message == '\t' ? ' ' : *message;

        if (c != ' ' || (length > 0 && line[length - 1] != ' ')) {
            line[length++] = c;
        }
    }
    while (length > 0 && line[length - 1] == ' ') {
        length--;
    }
    line[length] = '\0';
    return line[0] != '\0' ? line : "the connection was lost";
}

void database_take_notice(void *ignored, const PGresult *notice)
{
    const char *message = PQresultErrorField(notice, PG_DIAG_MESSAGE_PRIMARY);

    (void)ignored;
    LOG_INFO("the database remarks", LOG_TEXT("message", message != NULL ? message : ""));
}

bool database_open(const char *url, const char *application_name, PGconn **ret_connection,
                   struct error *err)
{
    struct database_parameters parameters;

    database_parameters_fill(&parameters, url, application_name);
    AUTO(PQfinish)
    PGconn *connection = PQconnectdbParams(parameters.keywords, parameters.values, 1);
    if (connection == NULL) {
        memory_exhausted();
    }
    if (PQstatus(connection) != CONNECTION_OK) {
        return error_set(err, ERROR_UNAVAILABLE, "cannot connect to the database: %s",
                         database_message(connection));
    }
    (void)PQsetNoticeReceiver(connection, database_take_notice, NULL);
    *ret_connection = steal_ptr(&connection);

    return true;
}

const char *database_text(const PGresult *result, int row, int column)
{
    return row < PQntuples(result) && column < PQnfields(result) &&
                   !PQgetisnull(result, row, column)
               ? PQgetvalue(result, row, column)
               : NULL;
}

int64_t database_integer(const PGresult *result, int row, int column)
{
    const char *text = database_text(result, row, column);

    return text != NULL ? strtoll(text, NULL, 10) : 0;
}

bool database_boolean(const PGresult *result, int row, int column)
{
    const char *text = database_text(result, row, column);

    return text != NULL && text[0] == 't';
}

void database_expect(const PGresult *result, const char *const *columns)
{
    for (int i = 0; columns[i] != NULL; i++) {
        const char *found = i < PQnfields(result) ? PQfname(result, i) : "nothing";

        if (strcmp(found, columns[i]) != 0) {
            LOG_ERROR("a statement in sql/queries gives other columns than are read",
                      LOG_INT("column", i), LOG_TEXT("wanted", columns[i]),
                      LOG_TEXT("found", found));

            abort();
        }
    }
}

int64_t database_changed_rows(PGresult *result)
{
    return strtoll(PQcmdTuples(result), NULL, 10);
}

enum error_code database_error_code(const PGresult *result)
{
    static const struct {
        const char *prefix;
        enum error_code code;
    } codes[] = {
        {"08", ERROR_CONNECTION},     /* connection exception */
        {"57P", ERROR_CONNECTION},    /* shut down, crashed, database dropped */
        {"25006", ERROR_CONNECTION},  /* read-only: this server is a standby by now */
        {"0A000", ERROR_CONNECTION},  /* a cached plan that no longer fits: reconnect and prepare */
        {"26000", ERROR_CONNECTION},  /* prepared statement is gone: a pooler stands between */
        {"40", ERROR_UNAVAILABLE},    /* deadlock, serialization */
        {"53", ERROR_UNAVAILABLE},    /* out of disk, memory, connections */
        {"55P03", ERROR_LOCKED},      /* lock not available */
        {"57014", ERROR_UNAVAILABLE}, /* cancelled, statement_timeout */
        {"42501", ERROR_PERMISSION},  {"28", ERROR_PERMISSION}, {"42P01", ERROR_CONFIG},
        {"3F000", ERROR_CONFIG},      {"42883", ERROR_CONFIG},  {"42703", ERROR_CONFIG},
    };
    const char *sqlstate = result != NULL ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;

    if (sqlstate == NULL) {
        return ERROR_CONNECTION;
    }
    /* A check without a name is a partition's: another one was attached while the row was on its
     * way, and the row belongs there now. */
    if (strcmp(sqlstate, "23514") == 0 &&
        PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME) == NULL) {
        return ERROR_UNAVAILABLE;
    }
    for (size_t i = 0; i < ARRAY_LENGTH(codes); i++) {
        if (strncmp(sqlstate, codes[i].prefix, strlen(codes[i].prefix)) == 0) {
            return codes[i].code;
        }
    }
    return ERROR_INTERNAL;
}

/* Turns a failed result into an error. `what` names the statement. */
static bool fail_from_result(PGconn *connection, const PGresult *result, const char *what,
                             struct error *err)
{
    const char *sqlstate = result != NULL ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    enum error_code code =
        PQstatus(connection) == CONNECTION_OK ? database_error_code(result) : ERROR_CONNECTION;
    const char *primary =
        result != NULL ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;
    const char *hint = code == ERROR_CONFIG ? " (run: koppeling-scheduler migrate)" : "";

    return error_set(err, code, "cannot run %s: %s%s%s%s%s", what,
                     primary != NULL ? primary : database_message(connection),
                     sqlstate != NULL ? " (SQLSTATE " : "", sqlstate != NULL ? sqlstate : "",
                     sqlstate != NULL ? ")" : "", hint);
}

static bool is_success(const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);

    return status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
}

/* Waits for input; false when the time is over. */
static bool wait_for_input(PGconn *connection, int64_t deadline_us)
{
    int64_t wait_us = deadline_us - clock_monotonic_us();
    struct pollfd descriptor = {.fd = PQsocket(connection), .events = POLLIN};

    if (wait_us <= 0) {
        return false;
    }
    /* What poll() has to say shows when libpq reads. */
    (void)poll(&descriptor, 1, (int)((wait_us + 999) / 1000));
    return true;
}

/* Whether the server still says a word to others. */
static bool is_alive(const PGconn *connection)
{
    const char *const keywords[] = {"host", "port", "connect_timeout", NULL};
    const char *const values[] = {PQhost(connection), PQport(connection), "5", NULL};

    return PQpingParams(keywords, values, 0) != PQPING_NO_RESPONSE;
}

/* Takes the last result of what was sent. A patient caller waits on while the server is alive. */
static bool take_answer(PGconn *connection, const char *what, bool is_patient,
                        PGresult **ret_result, struct error *err)
{
    int64_t deadline_us = clock_monotonic_us() + ANSWER_TIMEOUT_US;
    int64_t end_us = is_patient ? clock_monotonic_us() + PATIENCE_US : deadline_us;
    AUTO(PQclear) PGresult *result = NULL;

    for (;;) {
        while (PQisBusy(connection)) {
            if (wait_for_input(connection, deadline_us)) {
                if (!PQconsumeInput(connection)) {
                    break;
                }
            } else if (deadline_us < end_us && is_alive(connection)) {
                deadline_us += ANSWER_TIMEOUT_US;
            } else {
                return error_set(err, ERROR_CONNECTION,
                                 "cannot run %s: the database did not answer in time", what);
            }
        }
        PGresult *next = PQgetResult(connection);
        if (next == NULL) {
            break;
        }
        PQclear(result);
        result = next;
    }
    if (!is_success(result)) {
        return fail_from_result(connection, result, what, err);
    }
    if (ret_result != NULL) {
        *ret_result = steal_ptr(&result);
    }
    return true;
}

bool database_run(PGconn *connection, const char *name, const char *const *parameters,
                  PGresult **ret_result, struct error *err)
{
    int count = 0;

    while (parameters != NULL && parameters[count] != NULL) {
        count++;
    }
    if (!PQsendQueryParams(connection, database_query(name), count, NULL, parameters, NULL, NULL,
                           0)) {
        return fail_from_result(connection, NULL, name, err);
    }
    return take_answer(connection, name, false, ret_result, err);
}

bool database_run_text(PGconn *connection, const char *what, const char *sql, struct error *err)
{
    if (!PQsendQuery(connection, sql)) {
        return fail_from_result(connection, NULL, what, err);
    }
    return take_answer(connection, what, false, NULL, err);
}

bool database_run_patiently(PGconn *connection, const char *what, const char *sql,
                            struct error *err)
{
    if (!PQsendQuery(connection, sql)) {
        return fail_from_result(connection, NULL, what, err);
    }
    return take_answer(connection, what, true, NULL, err);
}
