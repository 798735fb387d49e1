#include "panel/database/pool.h"

#include <pthread.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/database/database.h"
#include "common/database/hosts.h"
#include "common/log.h"
#include "common/memory.h"

#define RETRY_US INT64_C(1000000)

struct pool {
    pthread_mutex_t lock;
    struct pool_connection *idle;
    pthread_mutex_t connecting; /* of the hosts */
    struct database_hosts *hosts;
    int64_t away_until_us; /* under `lock`: nobody tries before */
};

struct pool *pool_new(const char *url)
{
    struct pool *pool = xcalloc(1, sizeof(*pool));

    pthread_mutex_init(&pool->lock, NULL);
    pthread_mutex_init(&pool->connecting, NULL);
    pool->hosts = database_hosts_new(url);
    return pool;
}

static void free_connection(struct pool_connection *connection)
{
    if (connection != NULL) {
        PQfinish(connection->pg);
        free(connection);
    }
}
DEFINE_CLEANUP(connection, struct pool_connection *, free_connection);

void pool_forget(struct pool *pool)
{
    pthread_mutex_lock(&pool->lock);

    struct pool_connection *idle = pool->idle;

    pool->idle = NULL;
    pthread_mutex_unlock(&pool->lock);
    while (idle != NULL) {
        struct pool_connection *connection = idle;

        idle = connection->next;
        free_connection(connection);
    }
}

void pool_free(struct pool *pool)
{
    if (pool == NULL) {
        return;
    }
    pool_forget(pool);
    database_hosts_free(pool->hosts);
    pthread_mutex_destroy(&pool->connecting);
    pthread_mutex_destroy(&pool->lock);
    free(pool);
}

static bool open_connection(struct pool *pool, struct pool_connection **ret_connection,
                            struct error *err)
{
    AUTO(connection) struct pool_connection *connection = xcalloc(1, sizeof(*connection));

    if (!database_hosts_open(pool->hosts, "koppeling-panel", &connection->pg, err) ||
        !database_is_direct(connection->pg, &connection->is_direct, err) ||
        !database_set_session(connection->pg, err)) {
        (void)database_hosts_next(pool->hosts);
        return false;
    }
    *ret_connection = steal_ptr(&connection);

    return true;
}

static struct pool_connection *take_idle(struct pool *pool, bool *ret_is_away)
{
    pthread_mutex_lock(&pool->lock);

    struct pool_connection *connection = pool->idle;

    if (connection != NULL) {
        pool->idle = connection->next;
        connection->next = NULL;
    }
    *ret_is_away = clock_monotonic_us() < pool->away_until_us;
    pthread_mutex_unlock(&pool->lock);
    return connection;
}

static void note_away(struct pool *pool, int64_t until_us)
{
    pthread_mutex_lock(&pool->lock);
    pool->away_until_us = until_us;
    pthread_mutex_unlock(&pool->lock);
}

bool pool_take(struct pool *pool, struct pool_connection **ret_connection, struct error *err)
{
    bool is_away = false;
    struct pool_connection *connection = take_idle(pool, &is_away);

    if (connection != NULL) {
        *ret_connection = connection;
        return true;
    }
    /* Whoever finds somebody else at it waits only while the database is not known to be away. */
    if (is_away) {
        return error_set(err, ERROR_UNAVAILABLE, "the database is away");
    }
    note_away(pool, 0);
    pthread_mutex_lock(&pool->connecting);
    bool done = open_connection(pool, ret_connection, err);

    pthread_mutex_unlock(&pool->connecting);
    if (!done) {
        note_away(pool, clock_monotonic_us() + RETRY_US);
        LOG_WARNING("cannot connect to the database", LOG_TEXT("error", err->text));
    }
    return done;
}

void pool_give(struct pool *pool, struct pool_connection *connection)
{
    if (connection == NULL) {
        return;
    }
    if (PQstatus(connection->pg) != CONNECTION_OK ||
        PQpipelineStatus(connection->pg) != PQ_PIPELINE_OFF ||
        PQtransactionStatus(connection->pg) != PQTRANS_IDLE) {
        free_connection(connection);
        return;
    }
    pthread_mutex_lock(&pool->lock);
    connection->next = pool->idle;
    pool->idle = connection;
    pthread_mutex_unlock(&pool->lock);
}
