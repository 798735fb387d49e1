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
 * PROBING asks the backend for its pid: a pooler in between tells its clients another one, and then
 * neither session settings nor prepared statements would survive, so TUNING and PREPARING are left
 * out. lose() is the only way out of a broken connection and set_state() the only way between
 * states. A host that does not take us, or does not answer, is followed by the next one of the
 * list at once; only after the last one comes a wait.
 */
#include "worker/queue/pipeline.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "common/clock.h"
#include "common/database/database.h"
#include "common/database/hosts.h"
#include "common/log.h"
#include "common/memory.h"

/* A node that does not answer (frozen, partitioned) is given up after this long. */
#define ANSWER_TIMEOUT_US (30 * INT64_C(1000000))
/* The longest wait is added to every failover. */
#define RETRY_MIN_US INT64_C(100000)
#define RETRY_MAX_US INT64_C(1000000)

enum state { WAITING, CONNECTING, PROBING, TUNING, PREPARING, READY, FLYING };

static const char *const state_names[] = {
    [WAITING] = "waiting", [CONNECTING] = "connecting", [PROBING] = "probing",
    [TUNING] = "tuning",   [PREPARING] = "preparing",   [READY] = "ready",
    [FLYING] = "flying",
};

struct pipeline {
    struct database_hosts *hosts;
    const char *application_name;
    enum config_prepare prepare;
    const char *const *prepared;
    PGconn *connection;
    enum state state;
    bool is_prepared;                  /* the statements are prepared on this connection */
    bool wants_write;                  /* libpq could not send everything yet */
    PostgresPollingStatusType polling; /* CONNECTING: what libpq waits for */
    int64_t deadline_us;               /* of the state */
    int64_t retry_us;                  /* the next wait after a failure */
    uint64_t generation;
    struct flight *flight; /* FLYING */
    int next_part;         /* FLYING: whose result comes next; PREPARING: counts down */
    bool part_has_result;
    bool is_unreplicated; /* the server gave up waiting for the standby that must have the commit */
    bool landed;          /* the flight was lost outside advance() and must still be reported */
};

struct pipeline *pipeline_new(const char *url, const char *application_name,
                              enum config_prepare prepare, const char *const *prepared)
{
    struct pipeline *pipeline = xcalloc(1, sizeof(*pipeline));

    pipeline->hosts = database_hosts_new(url);
    pipeline->application_name = application_name;
    pipeline->prepare = prepare;
    pipeline->prepared = prepared;
    pipeline->retry_us = RETRY_MIN_US;
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

static void set_state(struct pipeline *pipeline, enum state state, int64_t deadline_us)
{
    LOG_DEBUG("database connection", LOG_TEXT("from", state_names[pipeline->state]),
              LOG_TEXT("to", state_names[state]));

    pipeline->state = state;
    pipeline->deadline_us = deadline_us;
}

/* How long to wait before the next try: not at all while there are other hosts to ask. */
static int64_t next_wait_us(struct pipeline *pipeline, int64_t now_us)
{
    bool served_us = pipeline->state == READY || pipeline->state == FLYING;
    bool is_silent = now_us >= pipeline->deadline_us;

    if ((!served_us || is_silent) && database_hosts_next(pipeline->hosts)) {
        return 0;
    }
    int64_t wait_us = pipeline->retry_us;
    pipeline->retry_us = wait_us * 2 > RETRY_MAX_US ? RETRY_MAX_US : wait_us * 2;
    /* Not all at the same moment. */
    return wait_us / 2 + (int64_t)randombytes_uniform((uint32_t)wait_us / 2);
}

/* Ends the connection; the next try comes later. */
static enum pipeline_event lose(struct pipeline *pipeline, const char *why, int64_t now_us)
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
    set_state(pipeline, WAITING, now_us + wait_us);
    return flight != NULL ? PIPELINE_LANDED : PIPELINE_LOST;
}

static enum pipeline_event lose_by_message(struct pipeline *pipeline, int64_t now_us)
{
    char why[400];

    snprintf(why, sizeof(why), "%s", database_message(pipeline->connection));
    return lose(pipeline, why, now_us);
}

static bool flush(struct pipeline *pipeline)
{
    int rest = PQflush(pipeline->connection);

    pipeline->wants_write = rest > 0;
    return rest >= 0;
}

/* When a wait for a synchronous standby is cancelled, PostgreSQL says so in a warning and then
 * calls the commit a success. The next primary may know nothing of it. (Texts are translated, the
 * name of the function is not.) */
static void take_notice(void *context, const PGresult *notice)
{
    struct pipeline *pipeline = context;
    const char *function = PQresultErrorField(notice, PG_DIAG_SOURCE_FUNCTION);

    if (function != NULL && strcmp(function, "SyncRepWaitForLSN") == 0) {
        pipeline->is_unreplicated = true;
    }
    database_take_notice(NULL, notice);
}

static enum pipeline_event start_connecting(struct pipeline *pipeline, int64_t now_us)
{
    struct database_parameters parameters;

    database_hosts_fill(pipeline->hosts, pipeline->application_name, &parameters);
    pipeline->connection = PQconnectStartParams(parameters.keywords, parameters.values, 1);
    if (pipeline->connection == NULL) {
        memory_exhausted();
    }
    pipeline->generation++;
    set_state(pipeline, CONNECTING, now_us + database_hosts_timeout_us(pipeline->hosts));
    if (PQstatus(pipeline->connection) == CONNECTION_BAD) {
        return lose_by_message(pipeline, now_us);
    }
    (void)PQsetNoticeReceiver(pipeline->connection, take_notice, pipeline);
    pipeline->polling = PGRES_POLLING_WRITING;
    return PIPELINE_NOTHING;
}

static enum pipeline_event go_on_connecting(struct pipeline *pipeline, int64_t now_us)
{
    pipeline->polling = PQconnectPoll(pipeline->connection);
    /* The next address of a list, and the fall-back from encryption, come with a new socket. */
    pipeline->generation++;
    if (pipeline->polling == PGRES_POLLING_FAILED) {
        return lose_by_message(pipeline, now_us);
    }
    if (pipeline->polling != PGRES_POLLING_OK) {
        return PIPELINE_NOTHING;
    }
    set_state(pipeline, PROBING, now_us + ANSWER_TIMEOUT_US);
    if (PQsetnonblocking(pipeline->connection, 1) != 0 ||
        !PQsendQuery(pipeline->connection, database_query("connection_backend")) ||
        !flush(pipeline)) {
        return lose_by_message(pipeline, now_us);
    }
    return PIPELINE_NOTHING;
}

static enum pipeline_event become_ready(struct pipeline *pipeline, int64_t now_us)
{
    (void)now_us;
    pipeline->retry_us = RETRY_MIN_US;
    database_hosts_keep(pipeline->hosts);
    set_state(pipeline, READY, INT64_MAX);
    return PIPELINE_CONNECTED;
}

static enum pipeline_event start_preparing(struct pipeline *pipeline, int64_t now_us)
{
    if (!PQenterPipelineMode(pipeline->connection)) {
        return lose_by_message(pipeline, now_us);
    }
    if (!pipeline->is_prepared) {
        return become_ready(pipeline, now_us);
    }
    pipeline->next_part = 0;
    for (const char *const *name = pipeline->prepared; *name != NULL; name++) {
        if (!PQsendPrepare(pipeline->connection, *name, database_query(*name), 0, NULL)) {
            return lose_by_message(pipeline, now_us);
        }
        pipeline->next_part++;
    }
    if (!PQpipelineSync(pipeline->connection) || !flush(pipeline)) {
        return lose_by_message(pipeline, now_us);
    }
    set_state(pipeline, PREPARING, now_us + ANSWER_TIMEOUT_US);
    return PIPELINE_NOTHING;
}

/* Whether the backend's own pid differs from the one that the connection was told. */
static bool is_pooled(PGconn *connection, const PGresult *result)
{
    return PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1 &&
           strtol(PQgetvalue(result, 0, 0), NULL, 10) != PQbackendPID(connection);
}

static enum pipeline_event read_probe(struct pipeline *pipeline, int64_t now_us)
{
    while (!PQisBusy(pipeline->connection)) {
        AUTO(PQclear) PGresult *result = PQgetResult(pipeline->connection);

        if (result == NULL) {
            break;
        }
        if (PQresultStatus(result) != PGRES_TUPLES_OK) {
            return lose_by_message(pipeline, now_us);
        }
        pipeline->is_prepared =
            pipeline->prepare == CONFIG_PREPARE_ON ||
            (pipeline->prepare == CONFIG_PREPARE_AUTO && !is_pooled(pipeline->connection, result));
    }
    if (PQisBusy(pipeline->connection)) {
        return PIPELINE_NOTHING;
    }
    if (!pipeline->is_prepared) {
        LOG_INFO("a pooler stands before the database: statements are not prepared");

        return start_preparing(pipeline, now_us);
    }
    set_state(pipeline, TUNING, now_us + ANSWER_TIMEOUT_US);
    if (!PQsendQuery(pipeline->connection, database_query("connection_tune")) || !flush(pipeline)) {
        return lose_by_message(pipeline, now_us);
    }
    return PIPELINE_NOTHING;
}

static enum pipeline_event read_tuning(struct pipeline *pipeline, int64_t now_us)
{
    while (!PQisBusy(pipeline->connection)) {
        AUTO(PQclear) PGresult *result = PQgetResult(pipeline->connection);

        if (result == NULL) {
            return start_preparing(pipeline, now_us);
        }
        if (PQresultStatus(result) == PGRES_FATAL_ERROR) {
            return lose_by_message(pipeline, now_us);
        }
    }
    return PIPELINE_NOTHING;
}

static enum pipeline_event read_preparing(struct pipeline *pipeline, int64_t now_us)
{
    while (!PQisBusy(pipeline->connection)) {
        AUTO(PQclear) PGresult *result = PQgetResult(pipeline->connection);
        ExecStatusType status = result != NULL ? PQresultStatus(result) : PGRES_COMMAND_OK;

        if (status == PGRES_PIPELINE_SYNC) {
            return become_ready(pipeline, now_us);
        }
        if (status != PGRES_COMMAND_OK) {
            const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
            char why[400];

            snprintf(why, sizeof(why), "cannot prepare the statements: %s",
                     message != NULL ? message : database_message(pipeline->connection));
            return lose(pipeline, why, now_us);
        }
    }
    return PIPELINE_NOTHING;
}

static enum pipeline_event land(struct pipeline *pipeline, int64_t now_us)
{
    struct flight *flight = pipeline->flight;

    if (flight->status == FLIGHT_REFUSED && flight->code == ERROR_CONNECTION) {
        /* The server told why before it hung up, or can no longer write: nothing was committed. */
        char why[sizeof(flight->error)];

        memcpy(why, flight->error, sizeof(why));
        return lose(pipeline, why, now_us);
    }
    if (pipeline->is_unreplicated) {
        return lose(pipeline, "the commit was not replicated", now_us);
    }
    pipeline->flight = NULL;
    set_state(pipeline, READY, INT64_MAX);
    return PIPELINE_LANDED;
}

static enum pipeline_event read_flight(struct pipeline *pipeline, int64_t now_us)
{
    while (!PQisBusy(pipeline->connection)) {
        PGresult *result = PQgetResult(pipeline->connection);

        if (PQstatus(pipeline->connection) == CONNECTION_BAD) {
            PQclear(result);
            return lose_by_message(pipeline, now_us);
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
        if (flight_take_result(pipeline->flight, pipeline->next_part, result)) {
            return land(pipeline, now_us);
        }
    }
    return PIPELINE_NOTHING;
}

/* READY with input: the server has something to say that nobody asked for, as a rule good-bye. */
static enum pipeline_event read_unasked(struct pipeline *pipeline, int64_t now_us)
{
    PGnotify *notify;

    while ((notify = PQnotifies(pipeline->connection)) != NULL) {
        PQfreemem(notify);
    }
    if (PQstatus(pipeline->connection) == CONNECTION_BAD) {
        return lose_by_message(pipeline, now_us);
    }
    return PIPELINE_NOTHING;
}

static enum pipeline_event read_input(struct pipeline *pipeline, int64_t now_us)
{
    if (pipeline->wants_write && !flush(pipeline)) {
        return lose_by_message(pipeline, now_us);
    }
    if (!PQconsumeInput(pipeline->connection)) {
        return lose_by_message(pipeline, now_us);
    }
    switch (pipeline->state) {
    case PROBING:
        return read_probe(pipeline, now_us);
    case TUNING:
        return read_tuning(pipeline, now_us);
    case PREPARING:
        return read_preparing(pipeline, now_us);
    case FLYING:
        return read_flight(pipeline, now_us);
    case READY:
        return read_unasked(pipeline, now_us);
    case WAITING:
    case CONNECTING:
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
    if (pipeline->state == WAITING) {
        return now_us >= pipeline->deadline_us ? start_connecting(pipeline, now_us)
                                               : PIPELINE_NOTHING;
    }
    if (now_us >= pipeline->deadline_us) {
        return lose(pipeline, "the database did not answer in time", now_us);
    }
    if (pipeline->state == CONNECTING) {
        return go_on_connecting(pipeline, now_us);
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

void pipeline_send(struct pipeline *pipeline, struct flight *flight, int64_t now_us)
{
    bool sent = true;

    flight->status = FLIGHT_NOT_SENT;
    flight->failed_part = -1;
    pipeline->is_unreplicated = false;
    pipeline->flight = flight;
    pipeline->next_part = 0;
    pipeline->part_has_result = false;
    set_state(pipeline, FLYING, now_us + ANSWER_TIMEOUT_US);
    for (int i = 0; i < flight->part_count && sent; i++) {
        sent = send_part(pipeline, &flight->parts[i]);
    }
    if (!sent || !PQpipelineSync(pipeline->connection) || !flush(pipeline)) {
        (void)lose_by_message(pipeline, now_us);
        pipeline->landed = true;
    }
}

bool pipeline_is_ready(const struct pipeline *pipeline)
{
    return pipeline->state == READY;
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
    if (pipeline->state == CONNECTING) {
        return pipeline->polling == PGRES_POLLING_READING ? EPOLLIN : EPOLLOUT;
    }
    return EPOLLIN | (pipeline->wants_write ? (uint32_t)EPOLLOUT : 0);
}

int64_t pipeline_deadline_us(const struct pipeline *pipeline)
{
    return pipeline->landed ? 0 : pipeline->deadline_us;
}
