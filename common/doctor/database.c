/* What `doctor` of either program asks of the database. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/database/database.h"
#include "common/database/migrate.h"
#include "common/database/sql_embedded.h"
#include "common/doctor/doctor.h"
#include "common/memory.h"

/* Leases are by the clock of the server, so a little does no harm; times of Retry-After and of the
 * log are by that of the host. */
#define CLOCK_WARNING_US (2 * INT64_C(1000000))
#define CLOCK_PROBLEM_US (60 * INT64_C(1000000))

static void look_at_clock(struct doctor *doctor, PGconn *connection)
{
    static const char *const columns[] = {"now_us", NULL};
    struct error err = ERROR_INIT;
    AUTO(PQclear) PGresult *result = NULL;
    int64_t before = clock_wall_us();

    if (!database_run(connection, "doctor_clock", NULL, &result, &err)) {
        doctor_say(doctor, DOCTOR_WARNING, "clock", NULL, err.text);
        return;
    }
    int64_t after = clock_wall_us();

    database_expect(result, columns);
    int64_t server = database_integer(result, 0, 0);
    /* What lies between asking and hearing is no difference. */
    int64_t apart = server < before ? before - server : server > after ? server - after : 0;
    AUTO(free)
    char *finding = xasprintf("the clocks of this host and of the server are %" PRId64 ".%03" PRId64
                              " seconds apart",
                              apart / 1000000, apart / 1000 % 1000);

    doctor_say(doctor,
               apart >= CLOCK_PROBLEM_US   ? DOCTOR_PROBLEM
               : apart >= CLOCK_WARNING_US ? DOCTOR_WARNING
                                           : DOCTOR_OK,
               "clock", "Let both ask the same time servers (chrony, systemd-timesyncd).", finding);
}

/* True when its tables can be asked. */
static bool look_at_schema(struct doctor *doctor, PGconn *connection)
{
    static const char migrate[] = "Run koppeling-scheduler migrate as the owner of the database.";
    enum migrate_definitions definitions = MIGRATE_OURS;
    struct error err = ERROR_INIT;

    if (!migrate_compare(connection, &definitions, &err)) {
        doctor_say(doctor, DOCTOR_PROBLEM, "schema", migrate, err.text);
        return false;
    }
    AUTO(free)
    char *finding = xasprintf("version %d and its functions, views and grants (revision %d) are "
                              "those of this program",
                              migrate_newest_version(), sql_revision);

    switch (definitions) {
    case MIGRATE_OURS:
        doctor_say(doctor, DOCTOR_OK, "schema", NULL, finding);
        break;
    case MIGRATE_OLDER:
        doctor_say(doctor, DOCTOR_WARNING, "schema", migrate,
                   "functions, views, triggers or grants are not as this program has them: of an "
                   "older one, lost by a restore, or changed by hand");
        break;
    case MIGRATE_NEWER:
        doctor_say(doctor, DOCTOR_WARNING, "schema", "Install the newer program here, too.",
                   "functions, views and grants are those of a newer program");
        break;
    }
    return true;
}

void doctor_look_at_database(struct doctor *doctor, const struct config *config, const char *role,
                             PGconn **ret_connection, bool *ret_has_schema)
{
    const char *const parameters[] = {role, NULL};
    const char *const version[] = {KOPPELING_VERSION, NULL};
    struct error err = ERROR_INIT;

    *ret_connection = NULL;
    *ret_has_schema = false;
    if (!database_open(config->database_url, "koppeling doctor", ret_connection, &err)) {
        doctor_say(doctor, DOCTOR_PROBLEM, "database",
                   "See KOPPELING_DATABASE_URL (the command config says where it comes from), "
                   "pg_hba.conf and the log of the server.",
                   err.text);
        return;
    }
    doctor_ask(doctor, *ret_connection, "doctor_server", NULL);
    look_at_clock(doctor, *ret_connection);
    *ret_has_schema = look_at_schema(doctor, *ret_connection);
    doctor_ask(doctor, *ret_connection, "doctor_login", parameters);
    if (*ret_has_schema) {
        doctor_ask(doctor, *ret_connection, "doctor_programs", version);
    }
}
