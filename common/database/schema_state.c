#include "common/database/schema_state.h"

#include <stdio.h>
#include <string.h>

#include "common/database/database.h"
#include "common/log.h"

/* In this order: rows are looked at only where the tables are there. */
static const char *const inventories[] = {"migrate_structure", "migrate_rows"};

/* Names and addresses come in all scripts, and a database that cannot hold them would be found out
 * by the first order that has one. */
bool schema_state_check_encoding(PGconn *connection, struct error *err)
{
    AUTO(PQclear) PGresult *result = NULL;

    if (!database_run(connection, "migrate_encoding", NULL, &result, err)) {
        return false;
    }
    const char *encoding = database_text(result, 0, 1);
    if (encoding != NULL && strcmp(encoding, "UTF8") == 0) {
        return true;
    }
    return error_set(err, ERROR_CONFIG,
                     "the database '%s' has the encoding %s, which cannot hold every name: make it "
                     "anew with ENCODING 'UTF8' TEMPLATE template0",
                     database_text(result, 0, 0), encoding);
}

bool schema_state_read(PGconn *connection, char ret_state[SCHEMA_STATE_SIZE], struct error *err)
{
    static const char *const columns[] = {"state", NULL};
    AUTO(PQclear) PGresult *result = NULL;

    if (!database_run(connection, "migrate_state", NULL, &result, err)) {
        return false;
    }
    database_expect(result, columns);
    const char *state = database_text(result, 0, 0);
    snprintf(ret_state, SCHEMA_STATE_SIZE, "%s", state != NULL ? state : "");
    return true;
}

bool schema_state_check_roles(PGconn *connection, struct error *err)
{
    static const char *const columns[] = {"missing", "may_create", NULL};
    AUTO(PQclear) PGresult *result = NULL;

    if (!database_run(connection, "migrate_roles", NULL, &result, err)) {
        return false;
    }
    database_expect(result, columns);
    const char *missing = database_text(result, 0, 0);
    if (missing == NULL || database_boolean(result, 0, 1)) {
        return true;
    }
    return error_set(
        err, ERROR_PERMISSION,
        "roles are missing and this login has no CREATEROLE: let an administrator run: "
        "%s",
        missing);
}

static bool remembers(PGconn *connection, bool *ret_remembers, struct error *err)
{
    static const char *const columns[] = {"remembers", NULL};
    AUTO(PQclear) PGresult *result = NULL;

    if (!database_run(connection, "migrate_remembers", NULL, &result, err)) {
        return false;
    }
    database_expect(result, columns);
    *ret_remembers = database_boolean(result, 0, 0);
    return true;
}

bool schema_state_remember(PGconn *connection, struct error *err)
{
    static const char *const remember[] = {"t", NULL};
    bool can_remember = false;

    if (!remembers(connection, &can_remember, err)) {
        return false;
    }
    for (size_t i = 0; i < ARRAY_LENGTH(inventories) && can_remember; i++) {
        if (!database_run(connection, inventories[i], remember, NULL, err)) {
            return false;
        }
    }
    return true;
}

/* Says what is missing. */
static bool fail_from_missing(const PGresult *missing, struct error *err)
{
    for (int row = 0; row < PQntuples(missing); row++) {
        LOG_ERROR("missing in the database", LOG_TEXT("kind", database_text(missing, row, 0)),
                  LOG_TEXT("name", database_text(missing, row, 1)),
                  LOG_TEXT("made_by", database_text(missing, row, 2)));
    }
    return error_set(
        err, ERROR_CONFIG,
        "the database lacks %d things that migrations made, such as the %s %s: restore "
        "it whole, or make them again as the log says; what was dropped on purpose "
        "can be deleted from koppeling.schema_object",
        PQntuples(missing), database_text(missing, 0, 0), database_text(missing, 0, 1));
}

bool schema_state_check(PGconn *connection, struct error *err)
{
    static const char *const columns[] = {"kind", "name", "statement", NULL};
    static const char *const compare[] = {"f", NULL};
    bool can_compare = false;

    if (!remembers(connection, &can_compare, err)) {
        return false;
    }
    for (size_t i = 0; i < ARRAY_LENGTH(inventories) && can_compare; i++) {
        AUTO(PQclear) PGresult *missing = NULL;

        if (!database_run(connection, inventories[i], compare, &missing, err)) {
            return false;
        }
        database_expect(missing, columns);
        if (PQntuples(missing) > 0) {
            return fail_from_missing(missing, err);
        }
    }
    return true;
}
