#include "common/doctor/doctor.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/database/database.h"
#include "common/memory.h"
#include "common/program.h"

struct doctor {
    const char *program;
    json_t *findings; /* NULL: they are printed at once */
    enum doctor_level worst;
    int counts[DOCTOR_PROBLEM + 1];
    bool in_colour;
};

static const char *const level_names[] = {
    [DOCTOR_OK] = "ok", [DOCTOR_WARNING] = "warning", [DOCTOR_PROBLEM] = "problem"};
static const char *const colours[] = {
    [DOCTOR_OK] = "\x1b[32m", [DOCTOR_WARNING] = "\x1b[33m", [DOCTOR_PROBLEM] = "\x1b[31m"};

struct doctor *doctor_new(const char *program, bool is_json)
{
    struct doctor *doctor = xcalloc(1, sizeof(*doctor));
    const char *no_colour = getenv("NO_COLOR"); /* NOLINT(concurrency-mt-unsafe) */

    doctor->program = program;
    doctor->findings = is_json ? json_array() : NULL;
    doctor->in_colour = isatty(STDOUT_FILENO) != 0 && (no_colour == NULL || no_colour[0] == '\0');
    return doctor;
}

void doctor_free(struct doctor *doctor)
{
    if (doctor != NULL) {
        json_decref(doctor->findings);
        free(doctor);
    }
}

void doctor_say(struct doctor *doctor, enum doctor_level level, const char *topic,
                const char *advice, const char *finding)
{
    const char *todo = level != DOCTOR_OK ? advice : NULL;

    doctor->counts[level]++;
    doctor->worst = level > doctor->worst ? level : doctor->worst;
    if (doctor->findings != NULL) {
        json_array_append_new(doctor->findings,
                              json_pack("{s:s, s:s, s:s, s:s?}", "level", level_names[level],
                                        "topic", topic, "finding", finding, "advice", todo));
        return;
    }
    printf("%s%-8s%s%-13s %s\n", doctor->in_colour ? colours[level] : "", level_names[level],
           doctor->in_colour ? "\x1b[0m" : "", topic, finding);
    if (todo != NULL) {
        printf("%22s%s\n", "", todo);
    }
}

static enum doctor_level level_of(const char *name)
{
    for (size_t i = 0; i < ARRAY_LENGTH(level_names); i++) {
        if (strcmp(level_names[i], name) == 0) {
            return (enum doctor_level)i;
        }
    }
    return DOCTOR_PROBLEM;
}

void doctor_ask(struct doctor *doctor, PGconn *connection, const char *statement,
                const char *const *parameters)
{
    static const char *const columns[] = {"level", "topic", "finding", "advice", NULL};
    struct error err = ERROR_INIT;
    AUTO(PQclear) PGresult *result = NULL;

    if (!database_begin(connection, &err) ||
        !database_run(connection, statement, parameters, &result, &err)) {
        AUTO(free) char *words = xasprintf("cannot be looked at: %s", err.text);

        database_rollback(connection);
        doctor_say(doctor, DOCTOR_PROBLEM, statement + strlen("doctor_"),
                   "Mend that first; a login of koppeling_ops may look at all of it, too.", words);
        return;
    }
    database_expect(result, columns);
    for (int row = 0; row < PQntuples(result); row++) {
        doctor_say(doctor, level_of(database_text(result, row, 0)), database_text(result, row, 1),
                   database_text(result, row, 3), database_text(result, row, 2));
    }
    database_rollback(connection);
}

static bool print_json(const struct doctor *doctor)
{
    json_t *all =
        json_pack("{s:s, s:s, s:s, s:O}", "program", doctor->program, "version", KOPPELING_VERSION,
                  "worst", level_names[doctor->worst], "findings", doctor->findings);
    bool is_printed = json_dumpf(all, stdout, JSON_INDENT(1)) == 0 && putchar('\n') != EOF;

    json_decref(all);
    return is_printed;
}

int doctor_end(struct doctor *doctor)
{
    if (doctor->findings == NULL) {
        printf("%d ok, %d warnings, %d problems\n", doctor->counts[DOCTOR_OK],
               doctor->counts[DOCTOR_WARNING], doctor->counts[DOCTOR_PROBLEM]);
    } else {
        (void)print_json(doctor); /* its failure is seen when the output is flushed */
    }
    int code = program_finish_output(doctor->program);

    return code != EXIT_SUCCESS ? code : (int)doctor->worst;
}
