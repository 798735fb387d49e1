/*
 * A few statements that are sent together and form one transaction, with their parameters and, when
 * it is over, their results. It ends in one of the three ways a COMMIT can end:
 *   FLIGHT_COMMITTED  all statements succeeded and the transaction is durable
 *   FLIGHT_REFUSED    a statement failed: nothing happened; `failed_part`, `sqlstate` and `error`
 *                     say why
 *   FLIGHT_UNKNOWN    the connection broke after sending: it may or may not have happened
 *
 * Belongs to one thread, which owns what is in it until flight_clear().
 */
#ifndef WORKER_QUEUE_FLIGHT_H
#define WORKER_QUEUE_FLIGHT_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"

enum { FLIGHT_PARTS = 40, FLIGHT_PARAMETERS = 9 };

struct flight_part {
    const char *query; /* file name in sql/queries/, a constant */
    int parameter_count;
    char *parameters[FLIGHT_PARAMETERS]; /* text, NULL for SQL NULL; owned */
    PGresult *result;                    /* owned; set when the flight is committed */
};

enum flight_status { FLIGHT_NOT_SENT, FLIGHT_COMMITTED, FLIGHT_REFUSED, FLIGHT_UNKNOWN };

struct flight {
    struct flight_part parts[FLIGHT_PARTS];
    int part_count;
    enum flight_status status;
    int failed_part;      /* REFUSED: index of the statement that failed, or -1 (at commit) */
    char sqlstate[6];     /* REFUSED: "" when the server gave none */
    enum error_code code; /* REFUSED: see database_run() */
    char error[300];      /* REFUSED or UNKNOWN: in words */
};

/* Adds a statement and returns its part; the flight must have room (FLIGHT_PARTS). */
struct flight_part *flight_add(struct flight *flight, const char *query);

/* Appends a parameter. _take owns `text` (NULL: SQL NULL); the others copy. */
void flight_parameter_take(struct flight_part *part, char *text);
void flight_parameter_text(struct flight_part *part, const char *text);
void flight_parameter_integer(struct flight_part *part, int64_t value);
void flight_parameter_boolean(struct flight_part *part, bool value);

/* What the statement of that name said: valid and owned by the flight until it is cleared. NULL
 * when the flight has no such statement, or it did not succeed; the first one's when it has
 * several. */
const PGresult *flight_result(const struct flight *flight, const char *query);

/* Whether it has a statement of that name, whatever came of it. */
bool flight_has(const struct flight *flight, const char *query);

/* Frees parameters and results; leaves an empty flight. A zeroed struct is an empty flight too. */
void flight_clear(struct flight *flight);

/* Takes (and owns) the next result of a flight that is out, of the part of that index. True when it
 * was the last one: then the status says how the flight ended. */
bool flight_take_result(struct flight *flight, int part, PGresult *result);

#endif
