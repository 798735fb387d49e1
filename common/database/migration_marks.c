/* Checksums of migrations, and which programs they serve. */
#include "common/database/migration_marks.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buffer.h"
#include "common/database/database.h"

#define HASH_BYTES  16
#define ARRAY_LIMIT (1 << 20)

static const char serves_line[] = "\n-- serves: programs from ";

/* Arrays in PostgreSQL's notation, an element for each migration. */
struct marks {
    struct buffer versions, checksums, serves;
};

#define MARKS_INIT                                                                                 \
    {                                                                                              \
        .versions = BUFFER_INIT(ARRAY_LIMIT), .checksums = BUFFER_INIT(ARRAY_LIMIT),               \
        .serves = BUFFER_INIT(ARRAY_LIMIT)                                                         \
    }

static void marks_cleanup(struct marks *marks)
{
    buffer_release(&marks->versions);
    buffer_release(&marks->checksums);
    buffer_release(&marks->serves);
}

int migration_version(const struct sql_file *file)
{
    static const char folder[] = "migrations/";
    size_t length = sizeof(folder) - 1;

    return strncmp(file->name, folder, length) == 0 ? (int)strtol(file->name + length, NULL, 10)
                                                    : 0;
}

int migration_newest(void)
{
    int newest = 0;

    for (const struct sql_file *file = sql_files; file->name != NULL; file++) {
        if (migration_version(file) > newest) {
            newest = migration_version(file);
        }
    }
    return newest;
}

static bool append_serves(struct buffer *array, const char *text)
{
    const char *line = strstr(text, serves_line);

    return line != NULL
               ? buffer_printf(array, "%ld,", strtol(line + sizeof(serves_line) - 1, NULL, 10))
               : buffer_append_text(array, "NULL,");
}

static bool append_marks(struct marks *marks, const struct sql_file *file)
{
    unsigned char hash[HASH_BYTES];
    char hex[HASH_BYTES * 2 + 1];

    crypto_generichash(hash, sizeof(hash), (const unsigned char *)file->text, strlen(file->text),
                       NULL, 0);
    sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
    return buffer_printf(&marks->versions, "%d,", migration_version(file)) &&
           buffer_printf(&marks->checksums, "%s,", hex) &&
           append_serves(&marks->serves, file->text);
}

/* "{1,2," becomes "{1,2}". */
static void close_array(struct buffer *array)
{
    array->bytes[array->length - 1] = '}';
}

static bool collect(struct marks *marks, struct error *err)
{
    bool is_whole = buffer_append_text(&marks->versions, "{") &&
                    buffer_append_text(&marks->checksums, "{") &&
                    buffer_append_text(&marks->serves, "{");

    for (const struct sql_file *file = sql_files; file->name != NULL && is_whole; file++) {
        is_whole = migration_version(file) == 0 || append_marks(marks, file);
    }
    if (!is_whole) {
        return error_set(err, ERROR_INTERNAL, "the migrations do not fit into a statement");
    }
    close_array(&marks->versions);
    close_array(&marks->checksums);
    close_array(&marks->serves);
    return true;
}

static bool keeps_marks(PGconn *connection, bool *ret_keeps, struct error *err)
{
    static const char *const columns[] = {"keeps", NULL};
    AUTO(PQclear) PGresult *result = NULL;

    if (!database_run(connection, "migrate_keeps_marks", NULL, &result, err)) {
        return false;
    }
    database_expect(result, columns);
    *ret_keeps = database_boolean(result, 0, 0);
    return true;
}

bool migration_marks_note(PGconn *connection, struct error *err)
{
    AUTO(marks) struct marks marks = MARKS_INIT;
    bool keeps = false;

    if (!keeps_marks(connection, &keeps, err) || !collect(&marks, err)) {
        return false;
    }
    const char *const parameters[] = {marks.versions.bytes, marks.checksums.bytes,
                                      marks.serves.bytes, NULL};
    return !keeps || database_run(connection, "migrate_mark", parameters, NULL, err);
}

bool migration_marks_check(PGconn *connection, struct error *err)
{
    static const char *const columns[] = {"version", "name", NULL};
    AUTO(marks) struct marks marks = MARKS_INIT;
    AUTO(PQclear) PGresult *changed = NULL;
    bool keeps = false;

    if (!keeps_marks(connection, &keeps, err) || !collect(&marks, err)) {
        return false;
    }
    const char *const parameters[] = {marks.versions.bytes, marks.checksums.bytes, NULL};
    if (!keeps) {
        return true;
    }
    if (!database_run(connection, "migrate_changed", parameters, &changed, err)) {
        return false;
    }
    database_expect(changed, columns);
    return PQntuples(changed) == 0 ||
           error_set(err, ERROR_CONFIG,
                     "the migration %04d_%s was applied to this database with another text than "
                     "this program has: put its text back as it was, and the change into a new "
                     "migration",
                     (int)database_integer(changed, 0, 0), database_text(changed, 0, 1));
}

bool migration_marks_serve(PGconn *connection, bool *ret_serves, struct error *err)
{
    static const char *const columns[] = {"serves", NULL};
    AUTO(PQclear) PGresult *result = NULL;
    bool keeps = false;
    char newest[16];

    if (!keeps_marks(connection, &keeps, err)) {
        return false;
    }
    snprintf(newest, sizeof(newest), "%d", migration_newest());
    const char *const parameters[] = {newest, NULL};
    if (keeps) {
        if (!database_run(connection, "migrate_serves", parameters, &result, err)) {
            return false;
        }
        database_expect(result, columns);
    }
    *ret_serves = keeps && database_boolean(result, 0, 0);
    return true;
}
