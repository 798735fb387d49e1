#include "panel/database/plain.h"

#include "common/database/database.h"

static bool run_on(struct pool_connection *connection, const struct batch_statement *statement,
                   PGresult **ret_result, struct error *err)
{
    struct batch_statement statements[BATCH_LIMIT];
    AUTO(batch_results) struct batch_results results = {.results = {NULL}};
    size_t count = 0;

    statements[count++] = (struct batch_statement){.name = "transaction_begin"};
    if (!connection->is_direct) {
        statements[count++] = (struct batch_statement){
            .name = "connection_settings", .parameter_count = 2, .parameters = {"t", "1s"}};
    }
    statements[count++] = *statement;
    statements[count] = (struct batch_statement){.name = "transaction_commit"};
    if (!batch_run(connection->pg, statements, count + 1, &results, err)) {
        batch_end(connection->pg);
        return false;
    }
    *ret_result = steal_ptr(&results.results[count - 1]);

    return true;
}

bool plain_run(struct pool *pool, const struct batch_statement *statement, PGresult **ret_result,
               struct error *err)
{
    for (int tries = 0;; tries++) {
        struct pool_connection *connection = NULL;

        if (!pool_take(pool, &connection, err)) {
            return false;
        }

        bool done = run_on(connection, statement, ret_result, err);

        pool_give(pool, connection);
        if (done || err->code != ERROR_CONNECTION || tries > 0) {
            return done;
        }
        pool_forget(pool);
    }
}
