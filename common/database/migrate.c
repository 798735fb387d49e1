/* Applies the embedded migrations and definitions. */
#include "common/database/migrate.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/database/database.h"
#include "common/database/sql_embedded.h"
#include "common/log.h"

#define HASH_BYTES 16

static bool has_prefix(const struct sql_file *file, const char *prefix)
{
    return strncmp(file->name, prefix, strlen(prefix)) == 0;
}

/* In the order in which they are applied: grants last, on everything that is there by then. */
static const char *const definition_prefixes[] = {"functions/", "views/", "roles"};

static bool is_definition(const struct sql_file *file)
{
    for (size_t i = 0; i < ARRAY_LENGTH(definition_prefixes); i++) {
        if (has_prefix(file, definition_prefixes[i])) {
            return true;
        }
    }
    return false;
}

static int migration_version(const struct sql_file *file)
{
    return has_prefix(file, "migrations/") ? (int)strtol(file->name + 11, NULL, 10) : 0;
}

static int newest_version(void)
{
    int newest = 0;

    for (const struct sql_file *file = sql_files; file->name != NULL; file++) {
        if (migration_version(file) > newest) {
            newest = migration_version(file);
        }
    }
    return newest;
}

/* Hash over the text of all definitions, as hex. */
static void hash_definitions(char ret_hex[HASH_BYTES * 2 + 1])
{
    unsigned char hash[HASH_BYTES];
    crypto_generichash_state state;

    crypto_generichash_init(&state, NULL, 0, sizeof(hash));
    for (const struct sql_file *file = sql_files; file->name != NULL; file++) {
        if (is_definition(file)) {
            crypto_generichash_update(&state, (const unsigned char *)file->text,
                                      strlen(file->text) + 1);
        }
    }
    crypto_generichash_final(&state, hash, sizeof(hash));
    sodium_bin2hex(ret_hex, HASH_BYTES * 2 + 1, hash, sizeof(hash));
}

/* Newest version in the database; 0 for an empty one. */
static bool read_version(PGconn *connection, int *ret_version, struct error *err)
{
    static const char *const exists_columns[] = {"exists", NULL};
    static const char *const version_columns[] = {"version", NULL};
    AUTO(PQclear) PGresult *exists = NULL;

    if (!database_run(connection, "migrate_exists", NULL, &exists, err)) {
        return false;
    }
    int version = 0;
    database_expect(exists, exists_columns);
    if (database_boolean(exists, 0, 0)) {
        AUTO(PQclear) PGresult *newest = NULL;

        if (!database_run(connection, "migrate_version", NULL, &newest, err)) {
            return false;
        }
        database_expect(newest, version_columns);
        version = (int)database_integer(newest, 0, 0);
    }
    if (version > newest_version()) {
        return error_set(err, ERROR_CONFIG,
                         "the database has schema version %d, this program knows %d: install the "
                         "newer program",
                         version, newest_version());
    }
    *ret_version = version;
    return true;
}

static bool definitions_are_current(PGconn *connection, bool *ret_current, struct error *err)
{
    static const char *const columns[] = {"hash", NULL};
    char hash[HASH_BYTES * 2 + 1];
    AUTO(PQclear) PGresult *stored = NULL;

    if (!database_run(connection, "migrate_definitions", NULL, &stored, err)) {
        return false;
    }
    database_expect(stored, columns);
    hash_definitions(hash);
    *ret_current = PQntuples(stored) == 1 && strcmp(PQgetvalue(stored, 0, 0), hash) == 0;
    return true;
}

static bool apply_one(PGconn *connection, const struct sql_file *file, struct error *err)
{
    char version[16];
    const char *name = strchr(file->name, '_') + 1;

    snprintf(version, sizeof(version), "%d", migration_version(file));
    const char *const parameters[] = {version, name, NULL};
    if (!database_run_patiently(connection, file->name, file->text, err) ||
        !database_run(connection, "migrate_record", parameters, NULL, err)) {
        return false;
    }
    LOG_INFO("migration applied", LOG_TEXT("name", file->name));

    return true;
}

/* Another one may be at it, for as long as it takes. */
static bool wait_for_lock(PGconn *connection, struct error *err)
{
    return database_run_patiently(connection, "migrate_lock", database_query("migrate_lock"), err);
}

/* The first migration that the database lacks, with the version read under the lock. */
static bool apply_next(PGconn *connection, bool *ret_applied, struct error *err)
{
    int version = 0;

    *ret_applied = false;
    if (!wait_for_lock(connection, err) || !read_version(connection, &version, err)) {
        return false;
    }
    for (const struct sql_file *file = sql_files; file->name != NULL; file++) {
        if (migration_version(file) > version) {
            *ret_applied = true;
            return apply_one(connection, file, err);
        }
    }
    return true;
}

static bool apply_definitions(PGconn *connection, bool *ret_applied, struct error *err)
{
    bool current = false;

    *ret_applied = false;
    if (!wait_for_lock(connection, err) || !definitions_are_current(connection, &current, err)) {
        return false;
    }
    if (current) {
        return true;
    }
    for (size_t i = 0; i < ARRAY_LENGTH(definition_prefixes); i++) {
        for (const struct sql_file *file = sql_files; file->name != NULL; file++) {
            if (has_prefix(file, definition_prefixes[i]) &&
                !database_run_patiently(connection, file->name, file->text, err)) {
                return false;
            }
        }
    }
    char hash[HASH_BYTES * 2 + 1];
    hash_definitions(hash);
    const char *const parameters[] = {hash, NULL};
    LOG_INFO("functions, views and grants replaced");

    return database_run(connection, "migrate_record_definitions", parameters, NULL, err);
}

typedef bool migration_step(PGconn *connection, bool *ret_applied, struct error *err);

/* Runs a step in its own transaction. */
static bool in_transaction(PGconn *connection, migration_step *step, bool *ret_applied,
                           struct error *err)
{
    if (!database_run_text(connection, "begin", database_query("transaction_begin"), err)) {
        return false;
    }
    if (step(connection, ret_applied, err)) {
        return database_run_text(connection, "commit", database_query("transaction_commit"), err);
    }
    struct error ignored;
    if (!database_run_text(connection, "rollback", database_query("transaction_rollback"),
                           &ignored)) {
        LOG_WARNING("cannot roll back", LOG_TEXT("error", ignored.text));
    }
    return false;
}

bool migrate_apply(PGconn *connection, int *ret_applied, struct error *err)
{
    bool applied = true;
    int count = 0;

    if (!database_run_text(connection, "quiet", database_query("connection_quiet"), err)) {
        return false;
    }
    while (applied) {
        if (!in_transaction(connection, apply_next, &applied, err)) {
            return false;
        }
        count += applied;
    }
    if (!in_transaction(connection, apply_definitions, &applied, err)) {
        return false;
    }
    *ret_applied = count + applied;
    return true;
}

bool migrate_check(PGconn *connection, bool *ret_definitions_current, struct error *err)
{
    int version = 0;

    if (!read_version(connection, &version, err)) {
        return false;
    }
    if (version < newest_version()) {
        return error_set(err, ERROR_CONFIG,
                         "the database has schema version %d, this program needs %d: run "
                         "koppeling-scheduler migrate",
                         version, newest_version());
    }
    return definitions_are_current(connection, ret_definitions_current, err);
}
