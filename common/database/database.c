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
/* Whoever holds a lock for longer than this may do so for hours: what can come back later does.
 * What stands alone, as at start, would have to end. */
#define LOCK_TIMEOUT       "1s"
#define LOCK_TIMEOUT_ALONE "10s"

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

/* What depends on an object that cannot be dropped or changed is said in the detail of the error.
 * That of others may hold what stands in a row, so it is not shown. */
static const char *detail_of(const char *sqlstate, const PGresult *result)
{
    const char *detail = sqlstate != NULL && strcmp(sqlstate, "2BP01") == 0
                             ? PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL)
                             : NULL;

    return detail != NULL ? detail : "";
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
    const char *detail = detail_of(sqlstate, result);

    return error_set(err, code, "cannot run %s: %s%s%s%s%s%s%s", what,
                     primary != NULL ? primary : database_message(connection),
                     detail[0] != '\0' ? ": " : "", detail, sqlstate != NULL ? " (SQLSTATE " : "",
                     sqlstate != NULL ? sqlstate : "", sqlstate != NULL ? ")" : "", hint);
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

static bool run_statement(PGconn *connection, const char *name, const char *const *parameters,
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

static bool set_connection(PGconn *connection, bool for_transaction, const char *lock_timeout,
                           struct error *err)
{
    const char *const parameters[] = {for_transaction ? "t" : "f", lock_timeout, NULL};

    return run_statement(connection, "connection_settings", parameters, NULL, err);
}

bool database_is_direct(PGconn *connection, bool *ret_direct, struct error *err)
{
    AUTO(PQclear) PGresult *result = NULL;

    if (!run_statement(connection, "connection_backend", NULL, &result, err)) {
        return false;
    }
    *ret_direct = database_integer(result, 0, 0) == PQbackendPID(connection);
    return true;
}

bool database_set_session(PGconn *connection, struct error *err)
{
    bool is_direct = false;

    return database_is_direct(connection, &is_direct, err) &&
           (!is_direct || set_connection(connection, false, LOCK_TIMEOUT_ALONE, err));
}

static bool begin(PGconn *connection, const char *lock_timeout, struct error *err)
{
    return database_run_text(connection, "begin", database_query("transaction_begin"), err) &&
           set_connection(connection, true, lock_timeout, err);
}

bool database_begin(PGconn *connection, struct error *err)
{
    return begin(connection, LOCK_TIMEOUT, err);
}

bool database_commit(PGconn *connection, struct error *err)
{
    return database_run_text(connection, "commit", database_query("transaction_commit"), err);
}

void database_rollback(PGconn *connection)
{
    PGTransactionStatusType status = PQtransactionStatus(connection);
    struct error err = ERROR_INIT;

    if ((status == PQTRANS_INTRANS || status == PQTRANS_INERROR) &&
        !database_run_text(connection, "rollback", database_query("transaction_rollback"), &err)) {
        LOG_DEBUG("cannot roll back", LOG_TEXT("error", err.text));
    }
}

bool database_run(PGconn *connection, const char *name, const char *const *parameters,
                  PGresult **ret_result, struct error *err)
{
    AUTO(PQclear) PGresult *result = NULL;

    if (PQtransactionStatus(connection) != PQTRANS_IDLE) {
        return run_statement(connection, name, parameters, ret_result, err);
    }
    if (!begin(connection, LOCK_TIMEOUT_ALONE, err) ||
        !run_statement(connection, name, parameters, &result, err)) {
        database_rollback(connection);
        return false;
    }
    if (!database_commit(connection, err)) {
        return false;
    }
    if (ret_result != NULL) {
        *ret_result = steal_ptr(&result);
    }
    return true;
}

bool database_run_text(PGconn *connection, const char *what, const char *sql, struct error *err)
{
    if (!PQsendQuery(connection, sql)) {
        return fail_from_result(connection, NULL, what, err);
    }
    return take_answer(connection, what, false, NULL, err);
}

bool database_be_patient(PGconn *connection, struct error *err)
{
    return database_run_text(connection, "patience", database_query("transaction_patience"), err);
}

bool database_run_patiently(PGconn *connection, const char *what, const char *sql,
                            PGresult **ret_result, struct error *err)
{
    if (!PQsendQuery(connection, sql)) {
        return fail_from_result(connection, NULL, what, err);
    }
    return take_answer(connection, what, true, ret_result, err);
}
