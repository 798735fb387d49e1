/* What a result says: values, and what kind of trouble an error is. */
#include <stdlib.h>
#include <string.h>

#include "common/database/database.h"
#include "common/log.h"

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

/* The end of a session is told as FATAL, whatever the reason; an ERROR of the same class is not
 * one: a trigger that writes to another server, say, did not reach that one. */
static bool ends_session(const PGresult *result)
{
    const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);

    return severity != NULL && (strcmp(severity, "FATAL") == 0 || strcmp(severity, "PANIC") == 0);
}

/* "Feature not supported" has many causes. One is ours: a statement was prepared before a table was
 * changed. (Texts are translated, the name of the function is not.) */
static bool is_stale_plan(const char *sqlstate, const PGresult *result)
{
    const char *function = PQresultErrorField(result, PG_DIAG_SOURCE_FUNCTION);

    return strcmp(sqlstate, "0A000") == 0 && function != NULL &&
           strcmp(function, "RevalidateCachedQuery") == 0;
}

/* A check without a name is a partition's: another one was attached while the row was on its way,
 * and the row belongs there now. */
static bool is_new_partition(const char *sqlstate, const PGresult *result)
{
    return strcmp(sqlstate, "23514") == 0 &&
           PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME) == NULL;
}

enum error_code database_error_code(const PGresult *result)
{
    static const struct {
        const char *prefix;
        enum error_code code;
    } codes[] = {
        {"08P01", ERROR_CONNECTION},  /* protocol violation */
        {"25006", ERROR_CONNECTION},  /* read-only: this server is a standby by now */
        {"57P", ERROR_CONNECTION},    /* shut down, crashed, database dropped */
        {"26000", ERROR_CONNECTION},  /* prepared statement is gone: a pooler stands between */
        {"08", ERROR_UNAVAILABLE},    /* another server, of a foreign table */
        {"40", ERROR_UNAVAILABLE},    /* deadlock, serialization */
        {"53", ERROR_UNAVAILABLE},    /* out of disk, memory, connections */
        {"57014", ERROR_UNAVAILABLE}, /* cancelled, statement_timeout */
        {"55P03", ERROR_LOCKED},      /* lock not available */
        {"42501", ERROR_PERMISSION},  {"28", ERROR_PERMISSION}, {"42P01", ERROR_CONFIG},
        {"3F000", ERROR_CONFIG},      {"42883", ERROR_CONFIG},  {"42703", ERROR_CONFIG},
    };
    const char *sqlstate = result != NULL ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;

    if (sqlstate == NULL || ends_session(result) || is_stale_plan(sqlstate, result)) {
        return ERROR_CONNECTION;
    }
    if (is_new_partition(sqlstate, result)) {
        return ERROR_UNAVAILABLE;
    }
    for (size_t i = 0; i < ARRAY_LENGTH(codes); i++) {
        if (strncmp(sqlstate, codes[i].prefix, strlen(codes[i].prefix)) == 0) {
            return codes[i].code;
        }
    }
    return ERROR_INTERNAL;
}
