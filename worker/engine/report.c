/* Batches the writes and outcomes of runs into statements. */
#include "worker/engine/report.h"
#include "worker/api/text/json_write.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buffer.h"
#include "common/database/database.h"
#include "common/log.h"
#include "common/memory.h"

/* Room for every sql/queries/write_*.sql at once. */
enum { WRITE_STATEMENTS = 20 };

/* One parameter of a statement; runs beyond it wait for the next flight. */
#define BATCH_BYTES ((size_t)1 << 20)
#define ROWS_LIMIT  ((size_t)256 << 20)

struct rows {
    const char *statement;
    struct buffer json;      /* "[{…},{…}" */
    struct buffer documents; /* of the rows, if they have any, with signs between them */
};

/* Stands in no JSON text, so that PostgreSQL finds the documents without reading them. */
#define BETWEEN_DOCUMENTS '\x1e'

struct batch {
    struct rows rows[WRITE_STATEMENTS];
    size_t rows_count;
    size_t bytes;
    struct queue_report outcomes;
    struct pg_array saving_ids;
    struct pg_array saving_tokens;
    bool has_saving;
};

/* Rows of one statement are gathered in the order in which the statements first appear. */
static struct rows *find_rows(struct batch *batch, const char *statement)
{
    for (size_t i = 0; i < batch->rows_count; i++) {
        if (strcmp(batch->rows[i].statement, statement) == 0) {
            return &batch->rows[i];
        }
    }
    if (batch->rows_count == WRITE_STATEMENTS) {
        LOG_ERROR("too many kinds of writes in one batch", LOG_TEXT("statement", statement));
        abort();
    }
    struct rows *rows = &batch->rows[batch->rows_count++];
    *rows = (struct rows){.statement = statement,
                          .json = BUFFER_INIT(ROWS_LIMIT),
                          .documents = BUFFER_INIT(ROWS_LIMIT)};
    return rows;
}

static bool add_document(struct buffer *documents, const struct row_write *row)
{
    static const char between = BETWEEN_DOCUMENTS;

    if (documents->length > 0 && !buffer_append(documents, &between, 1)) {
        return false;
    }

    size_t start = documents->length;

    if (!buffer_append(documents, row->document, row->document_length)) {
        return false;
    }
    /* Whatever came, no order gets the document of another. */
    for (char *sign = documents->bytes + start;
         (sign = memchr(sign, between, (size_t)(documents->bytes + documents->length - sign))) !=
         NULL;) {
        *sign = '?';
    }
    return true;
}

/* The row is an object with at least one member: job and token are put in front of that. */
static void add_row(struct batch *batch, const struct job_run *run, const struct row_write *row)
{
    struct rows *rows = find_rows(batch, row->statement);
    bool fits = buffer_printf(&rows->json, "%s{\"job\":%" PRId64 ",\"token\":%" PRId64 ",",
                              rows->json.length == 0 ? "[" : ",", run->job.id, run->token) &&
                buffer_append(&rows->json, row->json + 1, row->length - 1) &&
                (row->document == NULL || add_document(&rows->documents, row));

    if (!fits) {
        LOG_ERROR("a batch of writes grew over its limit", LOG_INT("job", run->job.id));
        abort();
    }
    batch->bytes += row->length + row->document_length;
}

static const char *environment_name(enum environment environment)
{
    static const char *const names[] = {
        [ENVIRONMENT_NONE] = NULL,
        [ENVIRONMENT_STAGING] = "staging",
        [ENVIRONMENT_PRODUCTION] = "production",
    };

    return names[environment];
}

static void add_done(struct batch *batch, const struct job_run *run)
{
    const struct outcome *outcome = &run->outcome;
    /* What leaves no row in the history needs no result either. */
    bool is_kept = !outcome->unremarkable || run->job.attempt > 1;
    AUTO(free)
    char *result =
        is_kept && outcome->result != NULL ? json_write(outcome->result, JSON_COMPACT, NULL) : NULL;

    queue_report_done(&batch->outcomes,
                      &(struct queue_done){
                          .id = run->job.id,
                          .token = run->token,
                          .http_status = outcome->http_status,
                          .label_environment = environment_name(outcome->label_environment),
                          .shop_environment = environment_name(outcome->shop_environment),
                          .result = result,
                          .unremarkable = outcome->unremarkable,
                      });
}

static void add_failed(struct batch *batch, const struct job_run *run)
{
    const struct outcome *outcome = &run->outcome;
    enum error_class error_class =
        run->end == STEP_UNCERTAIN ? ERROR_CLASS_UNKNOWN_OUTCOME : outcome->error_class;

    queue_report_failed(&batch->outcomes, &(struct queue_failed){
                                              .id = run->job.id,
                                              .token = run->token,
                                              .error_class = error_class_name(error_class),
                                              .error = outcome->error,
                                              .http_status = outcome->http_status,
                                              .retry_after_ms = outcome->retry_after_ms,
                                              .give_up = run->end == STEP_FAILED,
                                              .blames = run->blames,
                                              .call_id = run->calls > 0 ? run->call_id : NULL,
                                          });
}

static void add_run(struct batch *batch, const struct job_run *run)
{
    for (const struct row_write *row = run->outcome.writes; row != NULL; row = row->next) {
        add_row(batch, run, row);
    }
    if (run->is_saving) {
        pg_array_integer(&batch->saving_ids, run->job.id);
        pg_array_integer(&batch->saving_tokens, run->token);
        batch->has_saving = true;
        return;
    }
    if (run->is_released) {
        queue_report_released(&batch->outcomes, run->job.id, run->token);
    } else if (run->end == STEP_DONE) {
        add_done(batch, run);
    } else {
        add_failed(batch, run);
    }
}

/* Asks, before anything is written, which of the runs that go on after saving do not own their job
 * any more. */
static void add_owned(struct batch *batch, struct flight *flight)
{
    if (batch->has_saving) {
        struct flight_part *part = flight_add(flight, "queue_owned");

        flight_parameter_take(part, pg_array_steal(&batch->saving_ids));
        flight_parameter_take(part, pg_array_steal(&batch->saving_tokens));
    }
}

static void add_rows(struct flight *flight, struct rows *rows)
{
    struct flight_part *part = flight_add(flight, rows->statement);

    if (!buffer_append(&rows->json, "]", 1)) {
        abort();
    }
    flight_parameter_take(part, buffer_steal(&rows->json));
    if (rows->documents.length > 0) {
        flight_parameter_take(part, buffer_steal(&rows->documents));
    }
}

struct report_span report_add(struct job_run_lists *lists, int limit, struct flight *flight)
{
    const struct job_run_list *pending = &lists->of[JOB_RUN_PENDING];
    struct report_span span = {.first = flight->part_count};
    struct batch batch = {.rows_count = 0};

    queue_report_init(&batch.outcomes);
    pg_array_init(&batch.saving_ids);
    pg_array_init(&batch.saving_tokens);
    bool is_full = pending->first == NULL;
    for (int i = 0; !is_full; i++) {
        struct job_run *run = pending->first;

        job_run_set_state(run, JOB_RUN_SENT);
        add_run(&batch, run);
        is_full = i + 1 == limit || batch.bytes >= BATCH_BYTES || pending->first == NULL ||
                  run->is_suspect || pending->first->is_suspect;
    }
    add_owned(&batch, flight);
    for (size_t i = 0; i < batch.rows_count; i++) {
        add_rows(flight, &batch.rows[i]);
    }
    queue_report_add(&batch.outcomes, flight);
    span.end = flight->part_count;
    return span;
}

void report_read(const struct flight *flight, struct report_verdict *ret_verdict)
{
    static const char *const statements[REPORT_VERDICTS] = {"queue_owned", "queue_finish",
                                                            "queue_fail", "queue_release"};
    static const char *const columns[] = {"id", NULL};

    ret_verdict->flight = flight;
    for (size_t i = 0; i < ARRAY_LENGTH(statements); i++) {
        ret_verdict->refused[i] = flight_result(flight, statements[i]);
        if (ret_verdict->refused[i] != NULL) {
            database_expect(ret_verdict->refused[i], columns);
        }
    }
}

bool report_is_refused(const struct report_verdict *verdict, int64_t job_id)
{
    for (size_t i = 0; i < ARRAY_LENGTH(verdict->refused); i++) {
        const PGresult *refused = verdict->refused[i];

        for (int row = 0; refused != NULL && row < PQntuples(refused); row++) {
            if (database_integer(refused, row, 0) == job_id) {
                return true;
            }
        }
    }
    return false;
}

const char *report_objection(const struct report_verdict *verdict, int64_t job_id)
{
    for (int i = 0; i < verdict->flight->part_count; i++) {
        const PGresult *result = verdict->flight->parts[i].result;
        int objection = result != NULL ? PQfnumber(result, "objection") : -1;
        int id = objection >= 0 ? PQfnumber(result, "id") : -1;

        for (int row = 0; id >= 0 && row < PQntuples(result); row++) {
            if (database_integer(result, row, id) == job_id) {
                return PQgetvalue(result, row, objection);
            }
        }
    }
    return NULL;
}
