/* Applies the embedded migrations and definitions. */
#include "common/database/migrate.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/clock.h"
#include "common/database/database.h"
#include "common/database/migration_marks.h"
#include "common/database/schema_state.h"
#include "common/database/sql_embedded.h"
#include "common/log.h"

#define HASH_BYTES 16

/* A lock that somebody else holds is waited for a second at a time, for so long in all. */
#define LOCK_PATIENCE_US (600 * INT64_C(1000000))
#define LOCK_TELL_US     (5 * INT64_C(1000000))
#define LOCK_PAUSE_NS    500000000L

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

int migrate_newest_version(void)
{
    return migration_newest();
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

/* Newest version in the database, whatever it is; 0 for an empty one. */
static bool read_any_version(PGconn *connection, int *ret_version, struct error *err)
{
    static const char *const exists_columns[] = {"exists", "has_schema", NULL};
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
    if (version == 0 && database_boolean(exists, 0, 1)) {
        return error_set(err, ERROR_CONFIG,
                         "the schema koppeling is there, but not its data, as after a schema-only "
                         "restore: DROP SCHEMA koppeling CASCADE, then run koppeling-scheduler "
                         "migrate");
    }
    *ret_version = version;
    return true;
}

static bool fail_from_newer(int version, struct error *err)
{
    return error_set(err, ERROR_CONFIG,
                     "the database has schema version %d, this program knows %d: install the "
                     "newer program",
                     version, migration_newest());
}

/* The same; a database that is newer than this program is refused. */
static bool read_version(PGconn *connection, int *ret_version, struct error *err)
{
    int version = 0;

    if (!read_any_version(connection, &version, err)) {
        return false;
    }
    if (version > migration_newest()) {
        return fail_from_newer(version, err);
    }
    *ret_version = version;
    return true;
}

/* Of two programs that know the same migrations one may be the older all the same. */
static bool read_definitions(PGconn *connection, enum migrate_definitions *ret_definitions,
                             struct error *err)
{
    static const char *const columns[] = {"hash", "state", "revision", NULL};
    char hash[HASH_BYTES * 2 + 1];
    char state[SCHEMA_STATE_SIZE];
    AUTO(PQclear) PGresult *stored = NULL;

    if (!database_run(connection, "migrate_definitions", NULL, &stored, err) ||
        !schema_state_read(connection, state, err)) {
        return false;
    }
    database_expect(stored, columns);
    hash_definitions(hash);
    if (PQntuples(stored) == 1 && database_integer(stored, 0, 2) > sql_revision) {
        *ret_definitions = MIGRATE_NEWER;
        return true;
    }
    *ret_definitions = PQntuples(stored) == 1 && strcmp(PQgetvalue(stored, 0, 0), hash) == 0 &&
                               strcmp(PQgetvalue(stored, 0, 1), state) == 0
                           ? MIGRATE_OURS
                           : MIGRATE_OLDER;
    return true;
}

static bool apply_one(PGconn *connection, const struct sql_file *file, struct error *err)
{
    char version[16];
    const char *name = strchr(file->name, '_') + 1;

    snprintf(version, sizeof(version), "%d", migration_version(file));
    const char *const parameters[] = {version, name, NULL};
    if (!database_run_patiently(connection, file->name, file->text, NULL, err) ||
        !database_run(connection, "migrate_record", parameters, NULL, err) ||
        !migration_marks_note(connection, err) || !schema_state_remember(connection, err)) {
        return false;
    }
    LOG_INFO("migration applied", LOG_TEXT("name", file->name));

    return true;
}

/* Whether there is something to build on. */
static bool look_first(PGconn *connection, bool *ret_applied, struct error *err)
{
    int version = 0;

    *ret_applied = false;
    return database_run(connection, "migrate_lock", NULL, NULL, err) &&
           read_version(connection, &version, err) && migration_marks_check(connection, err) &&
           schema_state_check_roles(connection, err) && schema_state_check(connection, err);
}

/* The first migration that the database lacks, with the version read under the lock. */
static bool apply_next(PGconn *connection, bool *ret_applied, struct error *err)
{
    int version = 0;

    *ret_applied = false;
    if (!database_run(connection, "migrate_lock", NULL, NULL, err) ||
        !read_version(connection, &version, err)) {
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

static bool fail_from_newer_definitions(struct error *err)
{
    return error_set(err, ERROR_CONFIG,
                     "the functions and views in the database are those of a newer program, this "
                     "one leaves them alone: install the newer program");
}

static bool apply_definitions(PGconn *connection, bool *ret_applied, struct error *err)
{
    enum migrate_definitions definitions = MIGRATE_OLDER;

    *ret_applied = false;
    if (!database_run(connection, "migrate_lock", NULL, NULL, err) ||
        !read_definitions(connection, &definitions, err)) {
        return false;
    }
    if (definitions == MIGRATE_NEWER) {
        return fail_from_newer_definitions(err);
    }
    if (definitions == MIGRATE_OURS) {
        return true;
    }
    for (size_t i = 0; i < ARRAY_LENGTH(definition_prefixes); i++) {
        for (const struct sql_file *file = sql_files; file->name != NULL; file++) {
            if (has_prefix(file, definition_prefixes[i]) &&
                !database_run_patiently(connection, file->name, file->text, NULL, err)) {
                return false;
            }
        }
    }
    char hash[HASH_BYTES * 2 + 1];
    char state[SCHEMA_STATE_SIZE];
    char revision[16];
    hash_definitions(hash);
    snprintf(revision, sizeof(revision), "%d", sql_revision);
    if (!schema_state_read(connection, state, err)) {
        return false;
    }
    const char *const parameters[] = {hash, state, revision, NULL};
    LOG_INFO("functions, views and grants replaced");

    return database_run(connection, "migrate_record_definitions", parameters, NULL, err);
}

typedef bool migration_step(PGconn *connection, bool *ret_applied, struct error *err);

/* Runs a step in its own transaction. */
static bool in_transaction(PGconn *connection, migration_step *step, bool *ret_applied,
                           struct error *err)
{
    if (database_begin(connection, err) && database_be_patient(connection, err) &&
        step(connection, ret_applied, err) && database_commit(connection, err)) {
        return true;
    }
    database_rollback(connection);
    return false;
}

/*
 * The same, again and again while somebody else holds a lock. Whoever waits for a lock on a table
 * makes everybody wait who comes after him, so each wait is short.
 */
static bool in_free_transaction(PGconn *connection, migration_step *step, bool *ret_applied,
                                struct error *err)
{
    const struct timespec pause = {.tv_nsec = LOCK_PAUSE_NS};
    int64_t end_us = clock_monotonic_us() + LOCK_PATIENCE_US;
    int64_t told_us = 0;

    while (!in_transaction(connection, step, ret_applied, err)) {
        if (err->code != ERROR_LOCKED) {
            return false;
        }
        database_name_holders(connection, err);
        int64_t now = clock_monotonic_us();
        if (now >= end_us) {
            return false;
        }
        if (told_us == 0 || now - told_us >= LOCK_TELL_US) {
            told_us = now;
            LOG_WARNING("somebody else holds a lock: trying again", LOG_TEXT("error", err->text));
        }
        (void)nanosleep(&pause, NULL);
    }
    return true;
}

bool migrate_apply(PGconn *connection, int *ret_applied, struct error *err)
{
    bool applied = true;
    int count = 0;

    if (!schema_state_check_encoding(connection, err) ||
        !in_free_transaction(connection, look_first, &applied, err)) {
        return false;
    }
    applied = true;
    while (applied) {
        if (!in_free_transaction(connection, apply_next, &applied, err)) {
            return false;
        }
        count += applied;
    }
    if (!in_free_transaction(connection, apply_definitions, &applied, err)) {
        return false;
    }
    *ret_applied = count + applied;
    return true;
}

/* What migrate_apply() would do, in a transaction that is rolled back. */
static bool tell(PGconn *connection, FILE *stream, struct error *err)
{
    enum migrate_definitions definitions = MIGRATE_OLDER;
    bool nothing = false;
    int version = 0;

    if (!look_first(connection, &nothing, err) || !read_version(connection, &version, err) ||
        (version == migration_newest() && !read_definitions(connection, &definitions, err))) {
        return false;
    }
    if (definitions == MIGRATE_NEWER) {
        return fail_from_newer_definitions(err);
    }
    for (const struct sql_file *file = sql_files; file->name != NULL; file++) {
        if (migration_version(file) > version) {
            fprintf(stream, "would apply %s\n", file->name);
        }
    }
    fputs(definitions == MIGRATE_OURS ? "nothing to do: the database is up to date\n"
                                      : "would replace functions, views and grants\n",
          stream);
    return true;
}

bool migrate_preview(PGconn *connection, FILE *stream, struct error *err)
{
    bool told = schema_state_check_encoding(connection, err) && database_begin(connection, err) &&
                tell(connection, stream, err);

    database_rollback(connection);
    return told;
}

static void warn_of_definitions(enum migrate_definitions definitions)
{
    switch (definitions) {
    case MIGRATE_OURS:
        break;
    case MIGRATE_OLDER:
        LOG_WARNING("the functions and views in the database are of another version: run "
                    "koppeling-scheduler migrate");
        break;
    case MIGRATE_NEWER:
        LOG_INFO("the functions and views in the database are those of a newer program: install "
                 "it here, too");
        break;
    }
}

/* Whoever made the newer schema said which programs it leaves able to work. */
static bool serves_us(PGconn *connection, int version, struct error *err)
{
    bool serves = false;

    return migration_marks_serve(connection, &serves, err) &&
           (serves || fail_from_newer(version, err));
}

bool migrate_compare(PGconn *connection, enum migrate_definitions *ret_definitions,
                     struct error *err)
{
    int version = 0;

    if (!schema_state_check_encoding(connection, err) ||
        !read_any_version(connection, &version, err)) {
        return false;
    }
    if (version > migration_newest()) {
        if (!serves_us(connection, version, err)) {
            return false;
        }
        *ret_definitions = MIGRATE_NEWER;
        return true;
    }
    if (version < migration_newest()) {
        return error_set(err, ERROR_CONFIG,
                         "the database has schema version %d, this program needs %d: run "
                         "koppeling-scheduler migrate",
                         version, migration_newest());
    }
    return read_definitions(connection, ret_definitions, err);
}

bool migrate_check(PGconn *connection, struct error *err)
{
    enum migrate_definitions definitions = MIGRATE_OURS;

    if (!migrate_compare(connection, &definitions, err)) {
        return false;
    }
    warn_of_definitions(definitions);
    return true;
}
