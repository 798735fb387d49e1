#include "worker/queue/flight.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/database/database.h"
#include "common/log.h"
#include "common/memory.h"

struct flight_part *flight_add(struct flight *flight, const char *query)
{
    if (flight->part_count == FLIGHT_PARTS) {
        LOG_ERROR("a flight has too many statements", LOG_TEXT("query", query));
        abort();
    }
    struct flight_part *part = &flight->parts[flight->part_count++];
    *part = (struct flight_part){.query = query};
    return part;
}

void flight_parameter_take(struct flight_part *part, char *text)
{
    if (part->parameter_count == FLIGHT_PARAMETERS) {
        LOG_ERROR("a statement has too many parameters", LOG_TEXT("query", part->query));
        abort();
    }
    part->parameters[part->parameter_count++] = text;
}

void flight_parameter_text(struct flight_part *part, const char *text)
{
    flight_parameter_take(part, xstrdup(text));
}

void flight_parameter_integer(struct flight_part *part, int64_t value)
{
    flight_parameter_take(part, xasprintf("%" PRId64, value));
}

void flight_parameter_boolean(struct flight_part *part, bool value)
{
    flight_parameter_take(part, xstrdup(value ? "t" : "f"));
}

static const struct flight_part *find(const struct flight *flight, const char *query)
{
    for (int i = 0; i < flight->part_count; i++) {
        if (strcmp(flight->parts[i].query, query) == 0) {
            return &flight->parts[i];
        }
    }
    return NULL;
}

const PGresult *flight_result(const struct flight *flight, const char *query)
{
    const struct flight_part *part = find(flight, query);

    return part != NULL ? part->result : NULL;
}

bool flight_has(const struct flight *flight, const char *query)
{
    return find(flight, query) != NULL;
}

void flight_clear(struct flight *flight)
{
    for (int i = 0; i < flight->part_count; i++) {
        struct flight_part *part = &flight->parts[i];

        for (int j = 0; j < part->parameter_count; j++) {
            free(part->parameters[j]);
        }
        PQclear(part->result);
    }
    flight->part_count = 0;
    flight->status = FLIGHT_NOT_SENT;
    flight->failed_part = -1;
    flight->sqlstate[0] = '\0';
    flight->error[0] = '\0';
}

static void note_refusal(struct flight *flight, int part, const PGresult *result)
{
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

    flight->status = FLIGHT_REFUSED;
    flight->code = database_error_code(result);
    flight->failed_part = part >= 0 && part < flight->part_count ? part : -1;
    snprintf(flight->sqlstate, sizeof(flight->sqlstate), "%s", sqlstate != NULL ? sqlstate : "");
    snprintf(flight->error, sizeof(flight->error), "%s", message != NULL ? message : "unknown");
}

bool flight_take_result(struct flight *flight, int part, PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);

    if (status == PGRES_PIPELINE_SYNC) {
        PQclear(result);
        if (flight->status == FLIGHT_NOT_SENT) {
            flight->status = FLIGHT_COMMITTED;
        }
        return true;
    }
    if ((status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) && part < flight->part_count) {
        PQclear(flight->parts[part].result);
        flight->parts[part].result = result;
        return false;
    }
    if (status != PGRES_PIPELINE_ABORTED && flight->status == FLIGHT_NOT_SENT) {
        note_refusal(flight, part, result);
    }
    PQclear(result);
    return false;
}
