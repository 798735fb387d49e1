/* Who is in the way. */
#include "common/database/database.h"
#include "common/log.h"

void database_name_holders(PGconn *connection, struct error *err)
{
    AUTO(PQclear) PGresult *result = NULL;
    struct error ignored = ERROR_INIT;

    if (!database_run(connection, "lock_holders", NULL, &result, &ignored)) {
        LOG_DEBUG("cannot see who holds locks", LOG_TEXT("error", ignored.text));
    } else if (database_text(result, 0, 0) != NULL) {
        (void)error_set(err, err->code, "%s; in the way: %s", err->text,
                        database_text(result, 0, 0));
    }
}
