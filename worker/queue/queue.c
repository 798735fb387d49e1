/* Claims: the lanes, how far they were walked, and what came of it. */
#include "worker/queue/queue.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/database/database.h"
#include "common/memory.h"

/* How often a queue looks behind the point that its claims have reached. */
#define REWIND_US INT64_C(1000000)

enum { LANE_KIND, LANE_API, LANE_PRIORITY };
enum {
    CLAIM_ID,
    CLAIM_KIND,
    CLAIM_API,
    CLAIM_PRIORITY,
    CLAIM_RUN_AT,
    CLAIM_ATTEMPT,
    CLAIM_ARGS,
    CLAIM_CONTEXT,
    CLAIM_SHOP_HOST,
    CLAIM_SECRET,
    CLAIM_CLIENT_ID,
    CLAIM_IS_HELD,
    CLAIM_WAITED
};

const char *const queue_lane_columns[] = {
    [LANE_KIND] = "kind",
    [LANE_API] = "api_id",
    [LANE_PRIORITY] = "priority",
    [QUEUE_LANE_COLUMNS] = NULL,
};
const char *const queue_claim_columns[] = {
    [CLAIM_ID] = "id",
    [CLAIM_KIND] = "kind",
    [CLAIM_API] = "api_id",
    [CLAIM_PRIORITY] = "priority",
    [CLAIM_RUN_AT] = "run_at",
    [CLAIM_ATTEMPT] = "attempt",
    [CLAIM_ARGS] = "args",
    [CLAIM_CONTEXT] = "context",
    [CLAIM_SHOP_HOST] = "shop_host",
    [CLAIM_SECRET] = "sealed_secret",
    [CLAIM_CLIENT_ID] = "client_id",
    [CLAIM_IS_HELD] = "is_held",
    [CLAIM_WAITED] = "waited_us",
    [QUEUE_CLAIM_COLUMNS] = NULL,
};

struct lane {
    char *kind;
    int api_id;
    int api; /* its number */
    int priority;
    char run_at[32]; /* of the last job claimed here: UTC, as PostgreSQL writes it */
    int64_t id;
};

struct queue {
    struct lane *lanes;
    size_t count;
    int api_ids[QUEUE_APIS];
    int api_count;
    int64_t rewind_at_us;
};

static void rewind_lane(struct lane *lane)
{
    memcpy(lane->run_at, "-infinity", sizeof("-infinity"));
    lane->id = 0;
}

static void rewind_lanes(struct queue *queue)
{
    for (size_t i = 0; i < queue->count; i++) {
        rewind_lane(&queue->lanes[i]);
    }
}

/* The number of an API that is known; else the last one. */
static int number_of(const struct queue *queue, int api_id)
{
    for (int i = 0; i < queue->api_count; i++) {
        if (queue->api_ids[i] == api_id) {
            return i;
        }
    }
    return queue->api_count - 1;
}

static void add_api(struct queue *queue, int api_id)
{
    bool is_known = queue->api_count > 0 && queue->api_ids[number_of(queue, api_id)] == api_id;

    if (!is_known && queue->api_count < QUEUE_APIS) {
        queue->api_ids[queue->api_count++] = api_id;
    }
}

int queue_api_count(const struct queue *queue)
{
    return queue->api_count;
}

struct queue *queue_new(const PGresult *lanes)
{
    struct queue *queue = xcalloc(1, sizeof(*queue));

    database_expect(lanes, queue_lane_columns);
    queue->count = (size_t)PQntuples(lanes);
    queue->lanes = xcalloc(queue->count, sizeof(*queue->lanes));
    for (size_t i = 0; i < queue->count; i++) {
        struct lane *lane = &queue->lanes[i];

        lane->kind = xstrdup(PQgetvalue(lanes, (int)i, LANE_KIND));
        lane->api_id = (int)database_integer(lanes, (int)i, LANE_API);
        lane->priority = (int)database_integer(lanes, (int)i, LANE_PRIORITY);
        add_api(queue, lane->api_id);
        lane->api = number_of(queue, lane->api_id);
    }
    rewind_lanes(queue);
    return queue;
}

static bool kind_is_listed(const PGresult *lanes, const char *kind)
{
    for (int row = 0; row < PQntuples(lanes); row++) {
        if (strcmp(PQgetvalue(lanes, row, LANE_KIND), kind) == 0) {
            return true;
        }
    }
    return false;
}

bool queue_open(PGconn *connection, const char *const *kinds, size_t kind_count,
                struct queue **ret_queue, struct error *err)
{
    struct pg_array names;

    pg_array_init(&names);
    for (size_t i = 0; i < kind_count; i++) {
        pg_array_text(&names, kinds[i]);
    }
    AUTO(free) char *parameter = pg_array_steal(&names);
    const char *const parameters[] = {parameter, NULL};
    AUTO(PQclear) PGresult *lanes = NULL;
    if (!database_run(connection, "queue_lanes", parameters, &lanes, err)) {
        return false;
    }
    for (size_t i = 0; i < kind_count; i++) {
        if (!kind_is_listed(lanes, kinds[i])) {
            return error_set(err, ERROR_CONFIG, "the database knows no job kind '%s'", kinds[i]);
        }
    }
    *ret_queue = queue_new(lanes);
    return true;
}

struct queue *queue_copy(const struct queue *queue)
{
    struct queue *copy = xcalloc(1, sizeof(*copy));

    *copy = *queue;
    copy->lanes = xcalloc(queue->count, sizeof(*copy->lanes));
    for (size_t i = 0; i < queue->count; i++) {
        copy->lanes[i] = queue->lanes[i];
        copy->lanes[i].kind = xstrdup(queue->lanes[i].kind);
    }
    return copy;
}

void queue_free(struct queue *queue)
{
    if (queue == NULL) {
        return;
    }
    for (size_t i = 0; i < queue->count; i++) {
        free(queue->lanes[i].kind);
    }
    free(queue->lanes);
    free(queue);
}

int64_t queue_new_token(void)
{
    int64_t token = 0;

    while (token == 0) {
        randombytes_buf(&token, sizeof(token));
    }
    return token;
}

/* The lanes as three parallel arrays. */
static void add_lanes(const struct queue *queue, struct flight_part *part)
{
    struct pg_array kinds;
    struct pg_array apis;
    struct pg_array priorities;

    pg_array_init(&kinds);
    pg_array_init(&apis);
    pg_array_init(&priorities);
    for (size_t i = 0; i < queue->count; i++) {
        pg_array_text(&kinds, queue->lanes[i].kind);
        pg_array_integer(&apis, queue->lanes[i].api_id);
        pg_array_integer(&priorities, queue->lanes[i].priority);
    }
    flight_parameter_take(part, pg_array_steal(&kinds));
    flight_parameter_take(part, pg_array_steal(&apis));
    flight_parameter_take(part, pg_array_steal(&priorities));
}

void queue_add_claim(struct queue *queue, struct flight *flight, const struct queue_claim *claim,
                     int64_t now_us)
{
    struct flight_part *part = flight_add(flight, "queue_claim");
    struct pg_array run_ats;
    struct pg_array ids;
    struct pg_array rooms;

    if (now_us >= queue->rewind_at_us) {
        rewind_lanes(queue);
        queue->rewind_at_us = now_us + REWIND_US;
    }
    flight_parameter_integer(part, claim->worker_id);
    flight_parameter_integer(part, claim->token);
    flight_parameter_integer(part, claim->limit);
    add_lanes(queue, part);
    pg_array_init(&run_ats);
    pg_array_init(&ids);
    pg_array_init(&rooms);
    for (size_t i = 0; i < queue->count; i++) {
        pg_array_text(&run_ats, queue->lanes[i].run_at);
        pg_array_integer(&ids, queue->lanes[i].id);
        pg_array_integer(&rooms, claim->rooms.of[queue->lanes[i].api]);
    }
    flight_parameter_take(part, pg_array_steal(&run_ats));
    flight_parameter_take(part, pg_array_steal(&ids));
    flight_parameter_take(part, pg_array_steal(&rooms));
}

void queue_add_idle(const struct queue *queue, struct flight *flight)
{
    add_lanes(queue, flight_add(flight, "queue_idle"));
}

void queue_add_due(const struct queue *queue, struct flight *flight)
{
    add_lanes(queue, flight_add(flight, "queue_due"));
}

static struct lane *find_lane(struct queue *queue, const PGresult *result, int row)
{
    const char *kind = PQgetvalue(result, row, CLAIM_KIND);
    int api_id = (int)database_integer(result, row, CLAIM_API);
    int priority = (int)database_integer(result, row, CLAIM_PRIORITY);

    for (size_t i = 0; i < queue->count; i++) {
        struct lane *lane = &queue->lanes[i];

        if (lane->api_id == api_id && lane->priority == priority && strcmp(lane->kind, kind) == 0) {
            return lane;
        }
    }
    return NULL;
}

/* Moves a lane on to the later of its bound and the job in the row. Timestamps without zone and
 * with trailing zeros dropped compare like text. */
static void move_on(struct lane *lane, const PGresult *result, int row)
{
    const char *run_at = PQgetvalue(result, row, CLAIM_RUN_AT);
    int64_t id = database_integer(result, row, CLAIM_ID);
    int order = lane->run_at[0] == '-' ? 1 : strcmp(run_at, lane->run_at);

    if (order < 0 || (order == 0 && id <= lane->id) || strlen(run_at) >= sizeof(lane->run_at)) {
        return;
    }
    memcpy(lane->run_at, run_at, strlen(run_at) + 1);
    lane->id = id;
}

int queue_claimed_count(struct queue *queue, const PGresult *result,
                        const struct queue_claim *claim, struct queue_apis *ret_counts)
{
    int count = PQntuples(result);

    database_expect(result, queue_claim_columns);
    *ret_counts = (struct queue_apis){.of = {0}};
    for (int row = 0; row < count; row++) {
        struct lane *lane = find_lane(queue, result, row);

        if (lane != NULL) {
            ret_counts->of[lane->api]++;
            move_on(lane, result, row);
        }
    }
    for (size_t i = 0; i < queue->count && count < claim->limit; i++) {
        struct lane *lane = &queue->lanes[i];

        /* The lanes of this API are empty from here on: the next claim starts at the front. */
        if (ret_counts->of[lane->api] < claim->rooms.of[lane->api]) {
            rewind_lane(lane);
        }
    }
    return count;
}

void queue_claimed_job(const struct queue *queue, const PGresult *result, int row,
                       struct queue_job *ret_job)
{
    *ret_job = (struct queue_job){
        .id = database_integer(result, row, CLAIM_ID),
        .api = number_of(queue, (int)database_integer(result, row, CLAIM_API)),
        .attempt = (int)database_integer(result, row, CLAIM_ATTEMPT),
        .kind = PQgetvalue(result, row, CLAIM_KIND),
        .args = database_text(result, row, CLAIM_ARGS),
        .context = database_text(result, row, CLAIM_CONTEXT),
        .shop_host = database_text(result, row, CLAIM_SHOP_HOST),
        .sealed_secret = database_text(result, row, CLAIM_SECRET),
        .client_id = database_text(result, row, CLAIM_CLIENT_ID),
        .is_held = database_boolean(result, row, CLAIM_IS_HELD),
        .waited_us = database_integer(result, row, CLAIM_WAITED),
    };
}
