/*
 * A non-blocking, pipelined PostgreSQL connection.
 *
 * DESIGN. A state machine over libpq: each state waits for the socket and is advanced by one
 * function.
 *
 *   WAITING ──time──> CONNECTING ──> PROBING ──> TUNING ──> PREPARING ──> READY <──> FLYING
 *      ^                  |             |           |            |          |          |
 *      └──────────────────┴─────────────┴── any failure ─────────┴──────────┴──────────┘
 *
 * pipeline_connect.c leads from WAITING to READY. pipeline_lose() is the only way out of a broken
 * connection and pipeline_set_state() the only way between states. A host that does not take us, or
 * does not answer, is followed by the next one of the list at once; only after the last one comes a
 * wait.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "common/database/database.h"
#include "common/log.h"
#include "common/memory.h"
#include "worker/queue/pipeline_internal.h"

/* The longest wait between tries; it is added to every failover. */
#define RETRY_MAX_US INT64_C(1000000)

static const char *const state_names[] = {
    [STATE_WAITING] = "waiting", [STATE_CONNECTING] = "connecting", [STATE_PROBING] = "probing",
    [STATE_TUNING] = "tuning",   [STATE_PREPARING] = "preparing",   [STATE_READY] = "ready",
    [STATE_FLYING] = "flying",
};

struct pipeline *pipeline_new(const char *url, const char *application_name,
                              enum config_prepare prepare, const char *const *prepared)
{
    struct pipeline *pipeline = xcalloc(1, sizeof(*pipeline));

    pipeline->hosts = database_hosts_new(url);
    pipeline->application_name = application_name;
    pipeline->prepare = prepare;
    pipeline->prepared = prepared;
    pipeline->retry_us = PIPELINE_RETRY_MIN_US;
    return pipeline;
}

void pipeline_free(struct pipeline *pipeline)
{
    if (pipeline == NULL) {
        return;
    }
    PQfinish(pipeline->connection);
    database_hosts_free(pipeline->hosts);
    free(pipeline);
}

void pipeline_set_state(struct pipeline *pipeline, enum pipeline_state state, int64_t deadline_us)
{
    LOG_DEBUG("database connection", LOG_TEXT("from", state_names[pipeline->state]),
              LOG_TEXT("to", state_names[state]));
    pipeline->state = state;
    pipeline->deadline_us = deadline_us;
}

/* How long to wait before the next try: not at all while there are other hosts to ask. */
static int64_t next_wait_us(struct pipeline *pipeline, int64_t now_us)
{
    bool served_us = pipeline->state == STATE_READY || pipeline->state == STATE_FLYING;
    bool is_silent = now_us >= pipeline->deadline_us;

    if ((!served_us || is_silent) && database_hosts_next(pipeline->hosts)) {
        return 0;
    }
    int64_t wait_us = pipeline->retry_us;
    pipeline->retry_us = wait_us * 2 > RETRY_MAX_US ? RETRY_MAX_US : wait_us * 2;
    /* Not all at the same moment. */
    return wait_us / 2 + (int64_t)randombytes_uniform((uint32_t)wait_us / 2);
}

enum pipeline_event pipeline_lose(struct pipeline *pipeline, const char *why, int64_t now_us)
{
    struct flight *flight = pipeline->flight;
    int64_t wait_us = next_wait_us(pipeline, now_us);

    if (wait_us == 0 && flight == NULL) {
        LOG_DEBUG("database host does not serve", LOG_TEXT("reason", why));
    } else {
        LOG_WARNING("database connection lost", LOG_TEXT("state", state_names[pipeline->state]),
                    LOG_TEXT("reason", why), LOG_SECONDS("retry_in", wait_us));
    }
    if (flight != NULL) {
        flight->status = FLIGHT_UNKNOWN;
        snprintf(flight->error, sizeof(flight->error), "%s", why);
    }
    pipeline->flight = NULL;
    PQfinish(pipeline->connection);
    pipeline->connection = NULL;
    pipeline->wants_write = false;
    pipeline->generation++;
    pipeline_set_state(pipeline, STATE_WAITING, now_us + wait_us);
    return flight != NULL ? PIPELINE_LANDED : PIPELINE_LOST;
}

enum pipeline_event pipeline_lose_by_message(struct pipeline *pipeline, int64_t now_us)
{
    char why[400];

    snprintf(why, sizeof(why), "%s", database_message(pipeline->connection));
    return pipeline_lose(pipeline, why, now_us);
}

bool pipeline_flush(struct pipeline *pipeline)
{
    int rest = PQflush(pipeline->connection);

    pipeline->wants_write = rest > 0;
    return rest >= 0;
}

static enum pipeline_event land(struct pipeline *pipeline, int64_t now_us)
{
    struct flight *flight = pipeline->flight;

    if (flight->status == FLIGHT_REFUSED && flight->code == ERROR_CONNECTION) {
        /* The server told why before it hung up, or can no longer write: nothing was committed. */
        char why[sizeof(flight->error)];

        memcpy(why, flight->error, sizeof(why));
        return pipeline_lose(pipeline, why, now_us);
    }
    if (pipeline->is_unreplicated) {
        return pipeline_lose(pipeline, "the commit was not replicated", now_us);
    }
    pipeline->flight = NULL;
    pipeline_set_state(pipeline, STATE_READY, INT64_MAX);
    return PIPELINE_LANDED;
}

static bool is_success(const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);

    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

static enum pipeline_event read_flight(struct pipeline *pipeline, int64_t now_us)
{
    while (!PQisBusy(pipeline->connection)) {
        PGresult *result = PQgetResult(pipeline->connection);

        if (PQstatus(pipeline->connection) == CONNECTION_BAD) {
            PQclear(result);
            return pipeline_lose_by_message(pipeline, now_us);
        }
        if (result == NULL) {
            /* The results of one statement end with NULL. */
            if (pipeline->part_has_result) {
                pipeline->next_part++;
            }
            pipeline->part_has_result = false;
            continue;
        }
        pipeline->part_has_result = true;
        if (pipeline->next_part < 0 && is_success(result)) {
            PQclear(result);
            continue;
        }
        if (flight_take_result(pipeline->flight, pipeline->next_part, result)) {
            return land(pipeline, now_us);
        }
    }
    return PIPELINE_NOTHING;
}

/* READY with input: the server says something that nobody asked for, as a rule good-bye. */
static enum pipeline_event read_unasked(struct pipeline *pipeline, int64_t now_us)
{
    PGnotify *notify;

    while ((notify = PQnotifies(pipeline->connection)) != NULL) {
        PQfreemem(notify);
    }
    if (PQstatus(pipeline->connection) == CONNECTION_BAD) {
        return pipeline_lose_by_message(pipeline, now_us);
    }
    return PIPELINE_NOTHING;
}

static enum pipeline_event read_input(struct pipeline *pipeline, int64_t now_us)
{
    if (pipeline->wants_write && !pipeline_flush(pipeline)) {
        return pipeline_lose_by_message(pipeline, now_us);
    }
    if (!PQconsumeInput(pipeline->connection)) {
        return pipeline_lose_by_message(pipeline, now_us);
    }
    switch (pipeline->state) {
    case STATE_PROBING:
        return pipeline_read_probe(pipeline, now_us);
    case STATE_TUNING:
        return pipeline_read_tuning(pipeline, now_us);
    case STATE_PREPARING:
        return pipeline_read_preparing(pipeline, now_us);
    case STATE_FLYING:
        return read_flight(pipeline, now_us);
    case STATE_READY:
        return read_unasked(pipeline, now_us);
    case STATE_WAITING:
    case STATE_CONNECTING:
        break;
    }
    return PIPELINE_NOTHING;
}

enum pipeline_event pipeline_advance(struct pipeline *pipeline, int64_t now_us)
{
    if (pipeline->landed) {
        pipeline->landed = false;
        return PIPELINE_LANDED;
    }
    if (pipeline->state == STATE_WAITING) {
        return now_us >= pipeline->deadline_us ? pipeline_start_connecting(pipeline, now_us)
                                               : PIPELINE_NOTHING;
    }
    if (now_us >= pipeline->deadline_us) {
        return pipeline_lose(pipeline, "the database did not answer in time", now_us);
    }
    if (pipeline->state == STATE_CONNECTING) {
        return pipeline_go_on_connecting(pipeline, now_us);
    }
    return read_input(pipeline, now_us);
}

static bool is_prepared(const struct pipeline *pipeline, const char *query)
{
    for (const char *const *name = pipeline->prepared; *name != NULL; name++) {
        if (strcmp(*name, query) == 0) {
            return pipeline->is_prepared;
        }
    }
    return false;
}

static bool send_part(struct pipeline *pipeline, const struct flight_part *part)
{
    const char *const *values = (const char *const *)part->parameters;

    if (is_prepared(pipeline, part->query)) {
        return PQsendQueryPrepared(pipeline->connection, part->query, part->parameter_count, values,
                                   NULL, NULL, 0);
    }
    return PQsendQueryParams(pipeline->connection, database_query(part->query),
                             part->parameter_count, NULL, values, NULL, NULL, 0);
}

/* Where the session keeps no settings, each flight brings them along. */
static bool send_header(struct pipeline *pipeline)
{
    pipeline->next_part = pipeline->is_prepared ? 0 : -2; /* as many as are sent here */
    return pipeline->is_prepared ||
           (PQsendQueryParams(pipeline->connection, database_query("flight_begin"), 0, NULL, NULL,
                              NULL, NULL, 0) &&
            pipeline_send_settings(pipeline, true));
}

void pipeline_send(struct pipeline *pipeline, struct flight *flight, int64_t now_us)
{
    bool sent = send_header(pipeline);

    flight->status = FLIGHT_NOT_SENT;
    flight->failed_part = -1;
    pipeline->is_unreplicated = false;
    pipeline->flight = flight;
    pipeline->part_has_result = false;
    pipeline_set_state(pipeline, STATE_FLYING, now_us + PIPELINE_ANSWER_US);
    for (int i = 0; i < flight->part_count && sent; i++) {
        sent = send_part(pipeline, &flight->parts[i]);
    }
    if (!sent || !PQpipelineSync(pipeline->connection) || !pipeline_flush(pipeline)) {
        (void)pipeline_lose_by_message(pipeline, now_us);
        pipeline->landed = true;
    }
}

bool pipeline_is_ready(const struct pipeline *pipeline)
{
    return pipeline->state == STATE_READY;
}

int pipeline_socket(const struct pipeline *pipeline)
{
    return pipeline->connection != NULL ? PQsocket(pipeline->connection) : -1;
}

uint64_t pipeline_generation(const struct pipeline *pipeline)
{
    return pipeline->generation;
}

uint32_t pipeline_events(const struct pipeline *pipeline)
{
    if (pipeline->state == STATE_CONNECTING) {
        return pipeline->polling == PGRES_POLLING_READING ? EPOLLIN : EPOLLOUT;
    }
    return EPOLLIN | (pipeline->wants_write ? (uint32_t)EPOLLOUT : 0);
}

int64_t pipeline_deadline_us(const struct pipeline *pipeline)
{
    return pipeline->landed ? 0 : pipeline->deadline_us;
}
