#include "panel/database/call.h"

#include <string.h>

#include "common/database/database.h"
#include "common/memory.h"
#include "panel/database/batch.h"

/* What stands in panel_call.sql where the name of the function comes. */
static const char marker[] = "panel_function";

/* A lock that somebody holds is waited for no longer than a person would. */
static const char lock_timeout[] = "1s";

/* The statement of panel_call.sql for this function, to be freed. */
static char *statement_for(const char *function)
{
    const char *text = database_query("panel_call");
    const char *at = strstr(text, "koppeling.panel_function");

    at = at != NULL ? at + strlen("koppeling.") : text + strlen(text);
    return xasprintf("%.*s%s%s", (int)(at - text), text, function, at + strlen(marker));
}

/* Adds what comes first in each transaction; returns how many statements. */
static size_t begin_statements(const struct pool_connection *connection,
                               const struct caller *caller, struct batch_statement *ret_statements)
{
    size_t count = 0;

    ret_statements[count++] = (struct batch_statement){.name = "transaction_begin"};
    if (!connection->is_direct) {
        ret_statements[count++] = (struct batch_statement){
            .name = "connection_settings", .parameter_count = 2, .parameters = {"t", lock_timeout}};
    }
    ret_statements[count++] =
        (struct batch_statement){.name = caller->is_program ? "panel_token_enter" : "panel_enter",
                                 .parameter_count = 2,
                                 .parameters = {caller->hash.text, caller->patience}};
    return count;
}

/* The row about a person as an object of texts; NULL when there is no row. */
static json_t *person_of(const PGresult *result)
{
    if (result == NULL || PQntuples(result) != 1) {
        return NULL;
    }

    json_t *person = json_object();

    for (int i = 0; i < PQnfields(result); i++) {
        const char *value = database_text(result, 0, i);

        (void)json_object_set_new(person, PQfname(result, i),
                                  value != NULL ? json_string(value) : json_null());
    }
    return person;
}

static bool answer_of(const PGresult *result, const char *function, json_t **ret_answer,
                      struct error *err)
{
    const char *text = database_text(result, 0, 0);
    json_t *answer = text != NULL ? json_loads(text, JSON_ALLOW_NUL, NULL) : NULL;

    if (!json_is_object(answer)) {
        json_decref(answer);
        return error_set(err, ERROR_INTERNAL, "%s gave no object", function);
    }
    *ret_answer = answer;
    return true;
}

void call_release(struct call *call)
{
    if (call->connection != NULL) {
        batch_end(call->connection->pg);
        pool_give(call->pool, call->connection);
    }
    json_decref(call->person);
    *call = (struct call){.pool = NULL};
}

static bool begin_once(struct pool *pool, const struct caller *caller, struct call *call,
                       struct error *err)
{
    struct batch_statement statements[BATCH_LIMIT];
    AUTO(batch_results) struct batch_results results = {.results = {NULL}};

    if (!pool_take(pool, &call->connection, err)) {
        return false;
    }
    call->pool = pool;

    size_t count = begin_statements(call->connection, caller, statements);

    if (!batch_run(call->connection->pg, statements, count, &results, err)) {
        return false;
    }
    call->person = person_of(results.results[count - 1]);
    return true;
}

/* A connection that was lost while nobody used it is no reason to bother anybody. */
static bool may_try_again(struct pool *pool, int *tries, const struct error *err)
{
    if (err->code != ERROR_CONNECTION || ++*tries > 1) {
        return false;
    }
    pool_forget(pool);
    return true;
}

bool call_begin(struct pool *pool, const struct caller *caller, struct call *ret_call,
                bool *ret_is_known, struct error *err)
{
    int tries = 0;

    *ret_call = (struct call){.pool = NULL};
    while (!begin_once(pool, caller, ret_call, err)) {
        call_release(ret_call);
        if (!may_try_again(pool, &tries, err)) {
            return false;
        }
    }
    *ret_is_known = ret_call->person != NULL;
    if (!*ret_is_known) {
        call_release(ret_call);
    }
    return true;
}

bool call_function(struct call *call, const char *function, const json_t *request,
                   json_t **ret_answer, struct error *err)
{
    AUTO(free) char *text = statement_for(function);
    AUTO(free_secret) char *asked = json_dumps(request, JSON_COMPACT);
    AUTO(batch_results) struct batch_results results = {.results = {NULL}};
    const struct batch_statement statement = {
        .name = function, .text = text, .parameter_count = 1, .parameters = {asked}};

    return batch_run(call->connection->pg, &statement, 1, &results, err) &&
           answer_of(results.results[0], function, ret_answer, err);
}

bool call_end(struct call *call, enum call_end end, struct error *err)
{
    bool done = end == CALL_ROLLBACK || database_commit(call->connection->pg, err);

    batch_end(call->connection->pg);
    pool_give(call->pool, call->connection);
    call->connection = NULL;
    return done;
}

static bool page_once(struct pool *pool, const char *text, const char *asked,
                      struct call_page *page, struct error *err)
{
    AUTO(call) struct call call = {.pool = pool};
    AUTO(batch_results) struct batch_results results = {.results = {NULL}};
    struct batch_statement statements[BATCH_LIMIT];

    if (!pool_take(pool, &call.connection, err)) {
        return false;
    }

    size_t entered = begin_statements(call.connection, page->caller, statements);
    size_t count = entered;

    statements[count++] = (struct batch_statement){
        .name = page->function, .text = text, .parameter_count = 1, .parameters = {asked}};
    statements[count++] = (struct batch_statement){.name = "transaction_commit"};

    bool done = batch_run(call.connection->pg, statements, count, &results, err);

    page->person = person_of(results.results[entered - 1]);
    if (results.results[entered - 1] != NULL && page->person == NULL) {
        return true; /* whoever is not known may not call the function, either */
    }
    return done && answer_of(results.results[entered], page->function, &page->answer, err);
}

bool call_page(struct pool *pool, struct call_page *page, struct error *err)
{
    AUTO(free) char *text = statement_for(page->function);
    AUTO(free_secret) char *asked = json_dumps(page->request, JSON_COMPACT);
    int tries = 0;

    page->person = NULL;
    page->answer = NULL;
    while (!page_once(pool, text, asked, page, err)) {
        if (!may_try_again(pool, &tries, err)) {
            return false;
        }
        json_decref(page->person);
        page->person = NULL;
    }
    return true;
}
