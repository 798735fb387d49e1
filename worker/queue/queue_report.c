/* Outcomes of many jobs as the parameters of a few statements. */
#include <string.h>

#include "common/memory.h"
#include "worker/queue/queue.h"

static void init_all(struct pg_array *arrays, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        pg_array_init(&arrays[i]);
    }
}

static void release_all(struct pg_array *arrays, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        pg_array_release(&arrays[i]);
    }
}

void queue_report_init(struct queue_report *report)
{
    *report = (struct queue_report){.done_count = 0};
    init_all(report->done, QUEUE_DONE_COLUMNS);
    init_all(report->failed, QUEUE_FAILED_COLUMNS);
    pg_array_init(&report->blames);
    init_all(report->released, QUEUE_RELEASED_COLUMNS);
}

static void add_status(struct pg_array *array, int http_status)
{
    if (http_status > 0) {
        pg_array_integer(array, http_status);
    } else {
        pg_array_null(array);
    }
}

void queue_report_done(struct queue_report *report, const struct queue_done *done)
{
    pg_array_integer(&report->done[QUEUE_DONE_ID], done->id);
    pg_array_integer(&report->done[QUEUE_DONE_TOKEN], done->token);
    add_status(&report->done[QUEUE_DONE_STATUS], done->http_status);
    pg_array_text(&report->done[QUEUE_DONE_LABEL], done->label_environment);
    pg_array_text(&report->done[QUEUE_DONE_SHOP], done->shop_environment);
    pg_array_text(&report->done[QUEUE_DONE_RESULT], done->result);
    pg_array_boolean(&report->done[QUEUE_DONE_UNREMARKABLE], done->unremarkable);
    report->done_count++;
}

static bool is_blamed(const struct queue_failed *failed, const char *who)
{
    return failed->blames != NULL && strcmp(failed->blames, who) == 0;
}

void queue_report_failed(struct queue_report *report, const struct queue_failed *failed)
{
    pg_array_integer(&report->failed[QUEUE_FAILED_ID], failed->id);
    pg_array_integer(&report->failed[QUEUE_FAILED_TOKEN], failed->token);
    pg_array_text(&report->failed[QUEUE_FAILED_CLASS], failed->error_class);
    pg_array_text(&report->failed[QUEUE_FAILED_ERROR], failed->error);
    add_status(&report->failed[QUEUE_FAILED_STATUS], failed->http_status);
    if (failed->retry_after_ms >= 0) {
        pg_array_integer(&report->failed[QUEUE_FAILED_WAIT], failed->retry_after_ms);
    } else {
        pg_array_null(&report->failed[QUEUE_FAILED_WAIT]);
    }
    pg_array_boolean(&report->failed[QUEUE_FAILED_GIVE_UP], failed->give_up);
    pg_array_text(&report->failed[QUEUE_FAILED_CALL], failed->call_id);
    pg_array_text(&report->blames, failed->blames);
    report->blames_account = report->blames_account || is_blamed(failed, QUEUE_BLAMES_ACCOUNT);
    report->blames_operator = report->blames_operator || is_blamed(failed, QUEUE_BLAMES_OPERATOR);
    report->failed_count++;
}

void queue_report_released(struct queue_report *report, int64_t id, int64_t token)
{
    pg_array_integer(&report->released[QUEUE_RELEASED_ID], id);
    pg_array_integer(&report->released[QUEUE_RELEASED_TOKEN], token);
    report->released_count++;
}

/* Adds the statement unless there is nothing to report with it. */
static void add_part(struct flight *flight, const char *query, struct pg_array *arrays,
                     size_t array_count, int row_count)
{
    if (row_count == 0) {
        return;
    }
    struct flight_part *part = flight_add(flight, query);
    for (size_t i = 0; i < array_count; i++) {
        flight_parameter_take(part, pg_array_steal(&arrays[i]));
    }
}

static void add_copies(struct flight *flight, const char *query, const struct pg_array *arrays,
                       const int *columns, size_t column_count)
{
    struct flight_part *part = flight_add(flight, query);

    for (size_t i = 0; i < column_count; i++) {
        flight_parameter_take(part, pg_array_copy(&arrays[columns[i]]));
    }
}

/* Somebody is held at once. Hardly ever, so it costs other failures nothing. */
static void add_blame(const struct queue_report *report, struct flight *flight, const char *query)
{
    struct flight_part *part = flight_add(flight, query);

    flight_parameter_take(part, pg_array_copy(&report->failed[QUEUE_FAILED_ID]));
    flight_parameter_take(part, pg_array_copy(&report->failed[QUEUE_FAILED_TOKEN]));
    flight_parameter_take(part, pg_array_copy(&report->blames));
}

/* What failures say about their API, then about their shop, then about the jobs, which are judged
 * by both and change hands with the last statement. */
static void add_failed(struct queue_report *report, struct flight *flight)
{
    static const int about_api[] = {QUEUE_FAILED_ID, QUEUE_FAILED_TOKEN, QUEUE_FAILED_CLASS,
                                    QUEUE_FAILED_ERROR, QUEUE_FAILED_STATUS};
    static const int about_shop[] = {QUEUE_FAILED_ID, QUEUE_FAILED_TOKEN, QUEUE_FAILED_CLASS,
                                     QUEUE_FAILED_WAIT};

    if (report->failed_count > 0) {
        add_copies(flight, "queue_trip_api", report->failed, about_api, ARRAY_LENGTH(about_api));
        add_copies(flight, "queue_hold_shop", report->failed, about_shop, ARRAY_LENGTH(about_shop));
    }
    if (report->blames_operator) {
        add_blame(report, flight, "queue_hold_api");
    }
    if (report->blames_account) {
        add_blame(report, flight, "queue_hold_account");
    }
    add_part(flight, "queue_fail", report->failed, ARRAY_LENGTH(report->failed),
             report->failed_count);
}

void queue_report_add(struct queue_report *report, struct flight *flight)
{
    add_part(flight, "queue_finish", report->done, ARRAY_LENGTH(report->done), report->done_count);
    add_failed(report, flight);
    add_part(flight, "queue_release", report->released, ARRAY_LENGTH(report->released),
             report->released_count);
    release_all(report->done, QUEUE_DONE_COLUMNS);
    release_all(report->failed, QUEUE_FAILED_COLUMNS);
    pg_array_release(&report->blames);
    report->blames_account = report->blames_operator = false;
    release_all(report->released, QUEUE_RELEASED_COLUMNS);
    report->done_count = report->failed_count = report->released_count = 0;
}
