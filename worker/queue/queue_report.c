/* Outcomes of many jobs as the parameters of one statement each. */
#include "common/memory.h"
#include "worker/queue/queue.h"

enum { DONE_ID, DONE_TOKEN, DONE_STATUS, DONE_LABEL, DONE_SHOP, DONE_RESULT, DONE_UNREMARKABLE };
enum {
    FAILED_ID,
    FAILED_TOKEN,
    FAILED_CLASS,
    FAILED_ERROR,
    FAILED_STATUS,
    FAILED_WAIT,
    FAILED_GIVE_UP
};
enum { RELEASED_ID, RELEASED_TOKEN };

void queue_report_init(struct queue_report *report)
{
    *report = (struct queue_report){.done_count = 0};
    for (size_t i = 0; i < ARRAY_LENGTH(report->done); i++) {
        pg_array_init(&report->done[i]);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(report->failed); i++) {
        pg_array_init(&report->failed[i]);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(report->released); i++) {
        pg_array_init(&report->released[i]);
    }
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
    pg_array_integer(&report->done[DONE_ID], done->id);
    pg_array_integer(&report->done[DONE_TOKEN], done->token);
    add_status(&report->done[DONE_STATUS], done->http_status);
    pg_array_text(&report->done[DONE_LABEL], done->label_environment);
    pg_array_text(&report->done[DONE_SHOP], done->shop_environment);
    pg_array_text(&report->done[DONE_RESULT], done->result);
    pg_array_boolean(&report->done[DONE_UNREMARKABLE], done->unremarkable);
    report->done_count++;
}

void queue_report_failed(struct queue_report *report, const struct queue_failed *failed)
{
    pg_array_integer(&report->failed[FAILED_ID], failed->id);
    pg_array_integer(&report->failed[FAILED_TOKEN], failed->token);
    pg_array_text(&report->failed[FAILED_CLASS], failed->error_class);
    pg_array_text(&report->failed[FAILED_ERROR], failed->error);
    add_status(&report->failed[FAILED_STATUS], failed->http_status);
    if (failed->retry_after_ms >= 0) {
        pg_array_integer(&report->failed[FAILED_WAIT], failed->retry_after_ms);
    } else {
        pg_array_null(&report->failed[FAILED_WAIT]);
    }
    pg_array_boolean(&report->failed[FAILED_GIVE_UP], failed->give_up);
    report->failed_count++;
}

void queue_report_released(struct queue_report *report, int64_t id, int64_t token)
{
    pg_array_integer(&report->released[RELEASED_ID], id);
    pg_array_integer(&report->released[RELEASED_TOKEN], token);
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

void queue_report_add(struct queue_report *report, struct flight *flight)
{
    add_part(flight, "queue_finish", report->done, ARRAY_LENGTH(report->done), report->done_count);
    add_part(flight, "queue_fail", report->failed, ARRAY_LENGTH(report->failed),
             report->failed_count);
    add_part(flight, "queue_release", report->released, ARRAY_LENGTH(report->released),
             report->released_count);
    queue_report_release(report);
}

void queue_report_release(struct queue_report *report)
{
    for (size_t i = 0; i < ARRAY_LENGTH(report->done); i++) {
        pg_array_release(&report->done[i]);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(report->failed); i++) {
        pg_array_release(&report->failed[i]);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(report->released); i++) {
        pg_array_release(&report->released[i]);
    }
    report->done_count = report->failed_count = report->released_count = 0;
}
