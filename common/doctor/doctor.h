/*
 * What `doctor` of both programs finds, as a list: each finding in words, with how bad it is and
 * what to do. Printed for a person as it is found, or as one JSON object at the end.
 *
 * A check that cannot be made is a finding, too, and stops no other. Nothing is changed. One
 * thread.
 */
#ifndef COMMON_DOCTOR_DOCTOR_H
#define COMMON_DOCTOR_DOCTOR_H

#include <libpq-fe.h>
#include <stdbool.h>

#include "common/cleanup.h"
#include "common/config/config.h"
#include "common/error.h"

/* In the order of the exit codes 0, 1 and 2. */
enum doctor_level {
    DOCTOR_OK,
    DOCTOR_WARNING, /* it works, but somebody should look */
    DOCTOR_PROBLEM, /* something does not work, or may lose data */
};

struct doctor;

/* `program` is a constant. With `is_json` nothing is printed before doctor_end(). */
struct doctor *doctor_new(const char *program, bool is_json) MUSTCHECK;
void doctor_free(struct doctor *doctor);
DEFINE_CLEANUP(doctor, struct doctor *, doctor_free);

/* Adds a finding. `topic` is one word; `advice` what to do (NULL: nothing; ignored when all is
 * well). */
void doctor_say(struct doctor *doctor, enum doctor_level level, const char *topic,
                const char *advice, const char *finding);

/* Adds what a statement of sql/queries found: rows of level, topic, finding and advice. */
void doctor_ask(struct doctor *doctor, PGconn *connection, const char *statement,
                const char *const *parameters);

/* Connects, and looks at the server, the schema, the login (which needs `role`), the clock and the
 * versions of what runs. *ret_connection is the caller's to finish: NULL when there is none;
 * *ret_has_schema tells whether the tables can be asked. */
void doctor_look_at_database(struct doctor *doctor, const struct config *config, const char *role,
                             PGconn **ret_connection, bool *ret_has_schema);

/* Prints what is left to be printed, and returns the exit code: 0, 1 or 2 by the worst finding;
 * that of an error of output when it cannot be printed. */
int doctor_end(struct doctor *doctor) MUSTCHECK;

#endif
