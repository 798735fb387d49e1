/*
 * A worker's engine without its loop: exchange, runs, claiming and lease, with the database played
 * by the test. No PostgreSQL and no clock: results are made by hand, and time is a number.
 */
#ifndef TESTS_UNIT_ENGINE_HELPERS_H
#define TESTS_UNIT_ENGINE_HELPERS_H

#include "tests/unit/unit.h"

#include <libpq-fe.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "common/database/database.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/sealing.h"
#include "worker/engine/exchange.h"

enum { RIG_LEASE_US = 60000000, RIG_WORKER = 41, RIG_COLUMNS = 13 };

struct engine_rig {
    struct config config;
    struct identity identity;
    struct sealing_key *key;
    char *sealed; /* "token" for shop.example, as the database gives it */
    struct claiming claiming;
    struct stall stall;
    atomic_int wakes;
    int helpers_called;
    struct queue *queue;
    struct runs *runs;
    struct exchange *exchange;
    struct flight *flight; /* the one that is out */
    int epoll;
    int64_t now_us;
};

static inline void rig_more(void *context)
{
    struct engine_rig *caller = context;

    caller->helpers_called++;
}

/* A result with rows of texts; NULL ends the names of its columns, "-" is SQL NULL. */
static inline PGresult *rig_result(const char *const *names, int rows, const char *const *values)
{
    int columns = 0;
    PGresAttDesc attributes[RIG_COLUMNS] = {{.name = NULL}};
    PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);

    for (; names[columns] != NULL; columns++) {
        attributes[columns] =
            (PGresAttDesc){.name = without_const(names[columns]), .typlen = -1, .atttypmod = -1};
    }
    assert_int_equal(PQsetResultAttrs(result, columns, attributes), 1);
    for (int i = 0; i < rows * columns; i++) {
        bool is_null = strcmp(values[i], "-") == 0;

        assert_int_equal(PQsetvalue(result, i / columns, i % columns,
                                    is_null ? NULL : without_const(values[i]),
                                    is_null ? -1 : (int)strlen(values[i])),
                         1);
    }
    return result;
}

static inline PGresult *rig_id(int64_t value)
{
    const char *const names[] = {"id", NULL};
    char text[24];
    const char *values[] = {text};

    snprintf(text, sizeof(text), "%lld", (long long)value);
    return rig_result(names, 1, values);
}

static inline PGresult *rig_yes(const char *name)
{
    const char *const names[] = {name, NULL};
    const char *const values[] = {"t"};

    return rig_result(names, 1, values);
}

/* Whether work is due, and how many seconds the oldest poll is late. */
static inline PGresult *rig_due(const char *is_due, const char *overdue_s)
{
    static const char *const names[] = {"due", "overdue_s", NULL};
    const char *const values[] = {is_due, overdue_s};

    return rig_result(names, 1, values);
}

/* Jobs as a claim brings them: ids from `first` on. A poll has a secret, and calls; a ping ends at
 * once. */
static inline PGresult *rig_claimed(const struct engine_rig *rig, const char *kind, int first,
                                    int count)
{
    const bool is_poll = strcmp(kind, "poll") == 0;
    const char **values = xcalloc((size_t)count * QUEUE_CLAIM_COLUMNS, sizeof(*values));
    char(*ids)[12] = xcalloc((size_t)count, sizeof(*ids));

    for (int i = 0; i < count; i++) {
        const char *row[] = {ids[i],
                             kind,
                             is_poll ? "1" : "0",
                             "100",
                             "2026-01-01 00:00:00",
                             "1",
                             "-",
                             is_poll ? "{\"open_statuses\": [1], \"known\": \"\"}" : "-",
                             is_poll ? "shop.example" : "-",
                             is_poll ? rig->sealed : "-",
                             "-",
                             "f",
                             "2500"};

        snprintf(ids[i], sizeof(ids[i]), "%d", first + i);
        memcpy(&values[(size_t)i * QUEUE_CLAIM_COLUMNS], row, sizeof(row));
    }
    PGresult *result = rig_result(queue_claim_columns, count, values);
    free(values);
    free(ids);
    return result;
}

static inline void rig_seal(struct engine_rig *rig)
{
    unsigned char bytes[512];
    char hex[2 * sizeof(bytes) + 1];
    size_t length = 0;
    AUTO(free) char *public_key = NULL;
    AUTO(free_secret) char *secret_key = NULL;
    AUTO(free) char *text = NULL;

    assert_true(sealing_start(NULL));
    assert_true(sealing_generate(&public_key, &secret_key, NULL));
    assert_true(sealing_key_new(secret_key, NULL, &rig->key, NULL));
    assert_true(
        sealing_seal(public_key, "shop.example", (struct sealing_bytes){"token", 5}, &text, NULL));
    assert_int_equal(sodium_base642bin(bytes, sizeof(bytes), text, strlen(text), NULL, &length,
                                       NULL, sodium_base64_VARIANT_ORIGINAL),
                     0);
    rig->sealed = xasprintf("\\x%s", sodium_bin2hex(hex, sizeof(hex), bytes, length));
}

static inline void rig_start(struct engine_rig *rig, bool until_idle)
{
    static char url[] = "http://127.0.0.1:9";
    const char *const lanes[] = {"poll", "1", "100", "ping", "0", "100"};
    AUTO(PQclear) PGresult *lanes_result = rig_result(queue_lane_columns, 2, lanes);

    log_setup(LOG_LEVEL_ERROR, LOG_FORMAT_LOGFMT);
    *rig = (struct engine_rig){.now_us = 1000000, .epoll = epoll_create1(EPOLL_CLOEXEC)};
    rig->config = (struct config){
        .mijnwebwinkel_url = url,
        .boekuwzending_url = url,
        .boekuwzending_staging_url = url,
        .request_timeout_us = 30000000,
        .in_flight = 400,
        .lease_us = RIG_LEASE_US,
        .grace_us = 1000000,
    };
    rig_seal(rig);
    stall_init(&rig->stall, 30000000, rig->now_us);
    rig->queue = queue_new(lanes_result);
    claiming_init(&rig->claiming, rig->config.in_flight, queue_api_count(rig->queue), until_idle);
    rig->runs = runs_new(&(struct runs_settings){
        .config = &rig->config,
        .key = rig->key,
        .epoll = rig->epoll,
        .tag = 3,
        .claiming = &rig->claiming,
        .stall = &rig->stall,
    });
    rig->exchange = exchange_new(&(struct exchange_settings){
        .config = &rig->config,
        .identity = &rig->identity,
        .until_idle = until_idle,
        .wakes = &rig->wakes,
        .more = rig_more,
        .more_context = rig,
        .queue = rig->queue,
        .runs = rig->runs,
        .claiming = &rig->claiming,
        .stall = &rig->stall,
    });
}

static inline void rig_stop(struct engine_rig *rig)
{
    exchange_free(rig->exchange);
    runs_free(rig->runs);
    queue_free(rig->queue);
    sealing_key_free(rig->key);
    free(rig->sealed);
    close(rig->epoll);
}

/* Sends what there is to say; false when there is nothing. */
static inline bool rig_send(struct engine_rig *rig)
{
    rig->flight = exchange_compose(rig->exchange, rig->now_us);
    return rig->flight != NULL;
}

/* The parameter of a statement in the flight that is out; fails when it is not in it. */
static inline const char *rig_said(const struct engine_rig *rig, const char *query, int parameter)
{
    for (int i = 0; i < rig->flight->part_count; i++) {
        if (strcmp(rig->flight->parts[i].query, query) == 0) {
            return rig->flight->parts[i].parameters[parameter];
        }
    }
    fail_msg("the flight has no %s", query);
    return NULL;
}

/* What the database answers to a statement of the flight that is out; takes the result. */
static inline void rig_answer(struct engine_rig *rig, const char *query, PGresult *result)
{
    for (int i = 0; i < rig->flight->part_count; i++) {
        if (strcmp(rig->flight->parts[i].query, query) == 0) {
            rig->flight->parts[i].result = result;
            return;
        }
    }
    fail_msg("the flight has no %s", query);
}

/* No rows, with the column that the statement has. */
static inline PGresult *rig_nothing(const char *query)
{
    const char *const names[] = {strcmp(query, "queue_idle") == 0 ? "idle" : "id", NULL};

    if (strcmp(query, "queue_due") == 0) {
        return rig_due("f", "-");
    }
    return rig_result(strcmp(query, "queue_claim") == 0 ? queue_claim_columns : names, 0, NULL);
}

/* Statements that were not answered have an empty result, as most have. */
static inline void rig_commit(struct engine_rig *rig)
{
    for (int i = 0; i < rig->flight->part_count; i++) {
        struct flight_part *part = &rig->flight->parts[i];

        if (part->result == NULL) {
            part->result = rig_nothing(part->query);
        }
    }
    rig->flight->status = FLIGHT_COMMITTED;
    exchange_land(rig->exchange, rig->now_us);
}

/* The statement at that place failed. */
static inline void rig_refuse(struct engine_rig *rig, const char *query, enum error_code code)
{
    rig->flight->failed_part = -1;
    for (int i = 0; query != NULL && i < rig->flight->part_count; i++) {
        if (strcmp(rig->flight->parts[i].query, query) == 0) {
            rig->flight->failed_part = i;
        }
    }
    rig->flight->status = FLIGHT_REFUSED;
    rig->flight->code = code;
    snprintf(rig->flight->sqlstate, sizeof(rig->flight->sqlstate), "23514");
    snprintf(rig->flight->error, sizeof(rig->flight->error), "it says no");
    exchange_land(rig->exchange, rig->now_us);
}

static inline void rig_lose(struct engine_rig *rig)
{
    rig->flight->status = FLIGHT_UNKNOWN;
    snprintf(rig->flight->error, sizeof(rig->flight->error), "it hung up");
    exchange_land(rig->exchange, rig->now_us);
}

static inline int rig_count(const struct engine_rig *rig, enum job_run_state state)
{
    return runs_lists(rig->runs)->of[state].count;
}

/* Registers, and claims so many jobs of a kind, from id 1 on. */
static inline void rig_claim(struct engine_rig *rig, const char *kind, int count)
{
    assert_true(rig_send(rig));
    rig_answer(rig, "worker_register", rig_id(RIG_WORKER));
    rig_commit(rig);
    assert_true(rig_send(rig));
    rig_answer(rig, "queue_claim", rig_claimed(rig, kind, 1, count));
    rig_commit(rig);
}

#endif
