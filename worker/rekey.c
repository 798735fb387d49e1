/*
 * DESIGN. One keyset walk for each place that holds sealed values. A page that somebody changed
 * while it was being sealed is read again: the values that are new there count as current.
 */
#include "worker/rekey.h"

#include <inttypes.h>
#include <libpq-fe.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/database/database.h"
#include "common/database/migrate.h"
#include "common/memory.h"
#include "worker/queue/pg_array.h"

/* Values per transaction: some 100 kB each way, and locks that are held for milliseconds. */
enum { PAGE = 200 };
/* A deadlock or a value that changes under our hands, so often in a row, is no coincidence. */
#define TRIES 10

struct rekey {
    PGconn *connection;
    const struct sealing_key *key;
    bool is_dry_run;
    int64_t resealed;
    int64_t current;
    int64_t not_opened;
    int64_t contested; /* changed by somebody else each time */
};

/* Where sealed values are, as koppeling.reseal() calls it. */
static const char *const places[] = {
    "integration.sealed_token",
    "account.sealed_client_secret",
    "account.staging_sealed_client_secret",
};

/* What is to be replaced in one page. */
struct page {
    const char *place;
    struct pg_array ids, was, sealed;
    int64_t count;
    char last_id[24]; /* where the next page starts */
    bool is_last;
};

static void page_release(struct page *page)
{
    pg_array_release(&page->ids);
    pg_array_release(&page->was);
    pg_array_release(&page->sealed);
}

static void page_clear(struct page *page)
{
    page_release(page);
    pg_array_init(&page->ids);
    pg_array_init(&page->was);
    pg_array_init(&page->sealed);
    page->count = 0;
}

/* Ciphertext, as PostgreSQL reads bytea. */
static void add_bytes(struct pg_array *array, const unsigned char *bytes, size_t length)
{
    size_t size = 2 + length * 2 + 1;
    AUTO(free) char *text = xcalloc(size, 1);

    text[0] = '\\';
    text[1] = 'x';
    sodium_bin2hex(text + 2, size - 2, bytes, length);
    pg_array_text(array, text);
}

enum { READ_ID, READ_SEALED };

static void look_at(struct rekey *rekey, struct page *page, const PGresult *rows, int row,
                    bool is_first_look)
{
    int64_t id = database_integer(rows, row, READ_ID);
    size_t length = 0;
    unsigned char *was =
        PQunescapeBytea((const unsigned char *)PQgetvalue(rows, row, READ_SEALED), &length);

    if (was == NULL) {
        abort(); /* out of memory */
    }

    AUTO(free) unsigned char *sealed = xcalloc(length + 1, 1);

    switch (sealing_reseal(rekey->key, (struct sealing_bytes){was, length}, sealed)) {
    case SEALING_IS_CURRENT:
        rekey->current += is_first_look ? 1 : 0;
        break;
    case SEALING_CANNOT_OPEN:
        rekey->not_opened += is_first_look ? 1 : 0;
        if (is_first_look) {
            printf("cannot open: %s of id %" PRId64 "\n", page->place, id);
        }
        break;
    case SEALING_RESEALED:
        pg_array_integer(&page->ids, id);
        add_bytes(&page->was, was, length);
        add_bytes(&page->sealed, sealed, length);
        page->count++;
        break;
    }
    PQfreemem(was);
}

/* Reads the page that starts behind `after`, and seals what is to be replaced. */
static bool read_page(struct rekey *rekey, struct page *page, const char *after, bool is_first_look,
                      struct error *err)
{
    static const char *const columns[] = {[READ_ID] = "id", [READ_SEALED] = "sealed", NULL};
    char limit[12];
    const char *const parameters[] = {page->place, after, limit, NULL};
    AUTO(PQclear) PGresult *rows = NULL;

    page_clear(page);
    snprintf(limit, sizeof(limit), "%d", PAGE);
    if (!database_run(rekey->connection, "rekey_read", parameters, &rows, err)) {
        return false;
    }

    database_expect(rows, columns);
    int count = PQntuples(rows);

    for (int row = 0; row < count; row++) {
        look_at(rekey, page, rows, row, is_first_look);
    }
    page->is_last = count < PAGE;
    if (count > 0) {
        snprintf(page->last_id, sizeof(page->last_id), "%s", PQgetvalue(rows, count - 1, READ_ID));
    }
    return true;
}

static bool save_page(struct rekey *rekey, struct page *page, struct error *err)
{
    static const char *const columns[] = {"reseal", NULL};
    AUTO(free) char *ids = pg_array_steal(&page->ids);
    AUTO(free) char *was = pg_array_steal(&page->was);
    AUTO(free) char *sealed = pg_array_steal(&page->sealed);
    const char *const parameters[] = {page->place, ids, was, sealed, NULL};
    const struct timespec pause = {.tv_nsec = 50000000};
    AUTO(PQclear) PGresult *result = NULL;

    for (int i = 1; !database_run(rekey->connection, "rekey_save", parameters, &result, err); i++) {
        if (err->code != ERROR_UNAVAILABLE || i == TRIES) {
            return false;
        }
        nanosleep(&pause, NULL);
    }

    database_expect(result, columns);
    int64_t saved = database_integer(result, 0, 0);

    rekey->resealed += saved;
    page->count -= saved;
    return true;
}

static bool walk_page(struct rekey *rekey, struct page *page, struct error *err)
{
    char after[sizeof(page->last_id)];

    memcpy(after, page->last_id, sizeof(after));
    if (!read_page(rekey, page, after, true, err)) {
        return false;
    }
    if (rekey->is_dry_run) {
        rekey->resealed += page->count;
        return true;
    }
    for (int i = 1; page->count > 0; i++) {
        if (!save_page(rekey, page, err)) {
            return false;
        }
        if (page->count == 0 || i == TRIES) {
            break;
        }
        if (!read_page(rekey, page, after, false, err)) {
            return false;
        }
    }
    rekey->contested += page->count;
    return true;
}

static bool walk_place(struct rekey *rekey, const char *place, struct error *err)
{
    struct page page = {.place = place, .last_id = "-9223372036854775808"};
    bool done = true;

    while (done && !page.is_last) {
        done = walk_page(rekey, &page, err);
    }
    page_release(&page);
    return done;
}

static bool walk(struct rekey *rekey, const struct config *config, struct error *err)
{
    AUTO(PQfinish) PGconn *connection = NULL;

    if (!database_open(config->database_url, "koppeling-worker rekey", &connection, err) ||
        !migrate_check(connection, err)) {
        return false;
    }
    rekey->connection = connection;
    for (size_t i = 0; i < ARRAY_LENGTH(places); i++) {
        if (!walk_place(rekey, places[i], err)) {
            return false;
        }
    }
    return true;
}

bool rekey_run(const struct config *config, const struct sealing_key *key, bool is_dry_run,
               struct error *err)
{
    struct rekey rekey = {.key = key, .is_dry_run = is_dry_run};
    bool done = walk(&rekey, config, err);

    /* Also after a failure: what was done is done. */
    printf("%s: %lld\nalready current: %lld\ncannot be opened: %lld\n",
           is_dry_run ? "to be re-sealed" : "re-sealed", (long long)rekey.resealed,
           (long long)rekey.current, (long long)rekey.not_opened);
    if (!done) {
        return false;
    }
    if (rekey.contested > 0) {
        return error_set(err, ERROR_UNAVAILABLE,
                         "%lld values were changed by others while they were sealed: run it again",
                         (long long)rekey.contested);
    }
    if (rekey.not_opened > 0) {
        return error_set(err, ERROR_DATA,
                         "%lld sealed values cannot be opened with the keys that were given",
                         (long long)rekey.not_opened);
    }
    return true;
}
