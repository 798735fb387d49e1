/*
 * From no connection to a ready one.
 *
 * DESIGN. PROBING asks the backend for its pid: a pooler in between tells its clients another one,
 * and then neither session settings nor prepared statements would survive, so TUNING and PREPARING
 * are left out, and each flight brings along the settings on which its meaning depends.
 */
#include <stdio.h>
#include <string.h>

#include "common/database/database.h"
#include "common/log.h"
#include "common/memory.h"
#include "worker/queue/pipeline_internal.h"

/* Somebody who holds a lock must not hold the whole thread: what waits is refused, and set aside
 * (quarantine.h). */
#define LOCK_TIMEOUT "500ms"

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

enum pipeline_event pipeline_start_connecting(struct pipeline *pipeline, int64_t now_us)
{
    struct database_parameters parameters;

    database_hosts_fill(pipeline->hosts, pipeline->application_name, &parameters);
    pipeline->connection = PQconnectStartParams(parameters.keywords, parameters.values, 1);
    if (pipeline->connection == NULL) {
        memory_exhausted();
    }
    pipeline->generation++;
    pipeline_set_state(pipeline, STATE_CONNECTING,
                       now_us + database_hosts_timeout_us(pipeline->hosts));
    if (PQstatus(pipeline->connection) == CONNECTION_BAD) {
        return pipeline_lose_by_message(pipeline, now_us);
    }
    (void)PQsetNoticeReceiver(pipeline->connection, take_notice, pipeline);
    pipeline->polling = PGRES_POLLING_WRITING;
    return PIPELINE_NOTHING;
}

enum pipeline_event pipeline_go_on_connecting(struct pipeline *pipeline, int64_t now_us)
{
    pipeline->polling = PQconnectPoll(pipeline->connection);
    /* The next address of a list, and the fall-back from encryption, come with a new socket. */
    pipeline->generation++;
    if (pipeline->polling == PGRES_POLLING_FAILED) {
        return pipeline_lose_by_message(pipeline, now_us);
    }
    if (pipeline->polling != PGRES_POLLING_OK) {
        return PIPELINE_NOTHING;
    }
    pipeline_set_state(pipeline, STATE_PROBING, now_us + PIPELINE_ANSWER_US);
    if (PQsetnonblocking(pipeline->connection, 1) != 0 ||
        !PQsendQuery(pipeline->connection, database_query("connection_backend")) ||
        !pipeline_flush(pipeline)) {
        return pipeline_lose_by_message(pipeline, now_us);
    }
    return PIPELINE_NOTHING;
}

static enum pipeline_event become_ready(struct pipeline *pipeline)
{
    pipeline->retry_us = PIPELINE_RETRY_MIN_US;
    database_hosts_keep(pipeline->hosts);
    pipeline_set_state(pipeline, STATE_READY, INT64_MAX);
    return PIPELINE_CONNECTED;
}

bool pipeline_send_settings(struct pipeline *pipeline, bool for_transaction)
{
    const char *const parameters[] = {for_transaction ? "t" : "f", LOCK_TIMEOUT};

    return PQsendQueryParams(pipeline->connection, database_query("connection_settings"),
                             ARRAY_LENGTH(parameters), NULL, parameters, NULL, NULL, 0);
}

static enum pipeline_event start_preparing(struct pipeline *pipeline, int64_t now_us)
{
    if (!PQenterPipelineMode(pipeline->connection)) {
        return pipeline_lose_by_message(pipeline, now_us);
    }
    if (!pipeline->is_prepared) {
        return become_ready(pipeline);
    }
    if (!pipeline_send_settings(pipeline, false)) {
        return pipeline_lose_by_message(pipeline, now_us);
    }
    for (const char *const *name = pipeline->prepared; *name != NULL; name++) {
        if (!PQsendPrepare(pipeline->connection, *name, database_query(*name), 0, NULL)) {
            return pipeline_lose_by_message(pipeline, now_us);
        }
    }
    if (!PQpipelineSync(pipeline->connection) || !pipeline_flush(pipeline)) {
        return pipeline_lose_by_message(pipeline, now_us);
    }
    pipeline_set_state(pipeline, STATE_PREPARING, now_us + PIPELINE_ANSWER_US);
    return PIPELINE_NOTHING;
}

/* Whether the backend's own pid differs from the one that the connection was told. */
static bool is_pooled(PGconn *connection, const PGresult *result)
{
    return PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1 &&
           database_integer(result, 0, 0) != PQbackendPID(connection);
}

enum pipeline_event pipeline_read_probe(struct pipeline *pipeline, int64_t now_us)
{
    while (!PQisBusy(pipeline->connection)) {
        AUTO(PQclear) PGresult *result = PQgetResult(pipeline->connection);

        if (result == NULL) {
            break;
        }
        if (PQresultStatus(result) != PGRES_TUPLES_OK) {
            return pipeline_lose_by_message(pipeline, now_us);
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
    pipeline_set_state(pipeline, STATE_TUNING, now_us + PIPELINE_ANSWER_US);
    if (!PQsendQuery(pipeline->connection, database_query("connection_tune")) ||
        !pipeline_flush(pipeline)) {
        return pipeline_lose_by_message(pipeline, now_us);
    }
    return PIPELINE_NOTHING;
}

enum pipeline_event pipeline_read_tuning(struct pipeline *pipeline, int64_t now_us)
{
    while (!PQisBusy(pipeline->connection)) {
        AUTO(PQclear) PGresult *result = PQgetResult(pipeline->connection);

        if (result == NULL) {
            return start_preparing(pipeline, now_us);
        }
        if (PQresultStatus(result) == PGRES_FATAL_ERROR) {
            return pipeline_lose_by_message(pipeline, now_us);
        }
    }
    return PIPELINE_NOTHING;
}

enum pipeline_event pipeline_read_preparing(struct pipeline *pipeline, int64_t now_us)
{
    while (!PQisBusy(pipeline->connection)) {
        AUTO(PQclear) PGresult *result = PQgetResult(pipeline->connection);
        ExecStatusType status = result != NULL ? PQresultStatus(result) : PGRES_COMMAND_OK;

        if (status == PGRES_PIPELINE_SYNC) {
            return become_ready(pipeline);
        }
        if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
            const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
            char why[400];

            snprintf(why, sizeof(why), "cannot prepare the statements: %s",
                     message != NULL ? message : database_message(pipeline->connection));
            return pipeline_lose(pipeline, why, now_us);
        }
    }
    return PIPELINE_NOTHING;
}
