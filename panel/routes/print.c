#include "panel/routes/print.h"

#include <string.h>

#include "common/memory.h"
#include "panel/database/batch.h"
#include "panel/print/labels.h"
#include "panel/server/form.h"

DEFINE_CLEANUP(PQfreemem, unsigned char *, PQfreemem);

enum column { LAYOUT, POSITION, CONTENT };

static const char *const columns[] = {"layout", "first_position", "content", NULL};

static bool add_row(const PGresult *result, int row, struct buffer *input, struct error *err)
{
    size_t length = 0;
    AUTO(PQfreemem)
    unsigned char *pdf =
        PQunescapeBytea((const unsigned char *)PQgetvalue(result, row, CONTENT), &length);

    if (pdf == NULL) {
        memory_exhausted();
    }
    return labels_add(input, pdf, length) ||
           error_set(err, ERROR_DATA, "the labels are too many for one PDF");
}

/* 0 when the PDF is there, else the status that says what is the matter. */
static unsigned compose(const PGresult *result, struct buffer *pdf, struct error *err)
{
    AUTO(buffer) struct buffer input = BUFFER_INIT(LABELS_INPUT_LIMIT);
    int rows = PQntuples(result);

    if (rows == 0) {
        return 404;
    }
    if (!labels_begin(&input, strcmp(database_text(result, 0, LAYOUT), "a4") == 0,
                      (int)database_integer(result, 0, POSITION))) {
        return 500;
    }
    for (int row = 0; row < rows; row++) {
        if (PQgetisnull(result, row, CONTENT) == 1) {
            return 404;
        }
        if (!add_row(result, row, &input, err)) {
            return 500;
        }
    }
    if (labels_compose(&input, pdf, err)) {
        return 0;
    }
    return err->code == ERROR_UNAVAILABLE ? 503 : 500;
}

/* The PDFs that were fetched; the connection is given back before they are put on paper. */
static bool read_documents(struct visit *visit, PGresult **ret_result, struct error *err)
{
    AUTO(call) struct call call = {.pool = NULL};
    AUTO(batch_results) struct batch_results results = {.results = {NULL}};
    const struct batch_statement statement = {.name = "panel_print_pdf",
                                              .parameter_count = 1,
                                              .parameters = {form_text(visit->parts, "id")}};
    bool is_known = false;

    *ret_result = NULL;
    if (!call_begin(visit->panel->pool, &visit->caller, &call, &is_known, err)) {
        return false;
    }
    if (!is_known) {
        visit_sign_in(visit);
        return true;
    }
    visit_know(visit, json_incref(call.person));
    if (!visit_check_right(visit)) {
        return true;
    }
    if (!batch_run(call.connection->pg, &statement, 1, &results, err) ||
        !call_end(&call, CALL_COMMIT, err)) {
        return false;
    }
    database_expect(results.results[0], columns);
    *ret_result = steal_ptr(&results.results[0]);

    return true;
}

void print_pdf(struct visit *visit)
{
    AUTO(PQclear) PGresult *result = NULL;
    AUTO(buffer) struct buffer pdf = BUFFER_INIT(LABELS_OUTPUT_LIMIT);
    struct error err = ERROR_INIT;

    if (!visit->is_known) {
        visit_sign_in(visit);
        return;
    }
    if (!read_documents(visit, &result, &err)) {
        visit_fail(visit, &err);
        return;
    }
    if (result == NULL) {
        return;
    }

    unsigned status = compose(result, &pdf, &err);

    if (status == 0) {
        reply_set_body(visit->reply, 200, "application/pdf", &pdf);
        visit->reply->file_name = xasprintf("labels-%s.pdf", form_text(visit->parts, "id"));
    } else if (err.code != ERROR_NONE) {
        visit_fail(visit, &err);
    } else {
        visit_problem(visit, status);
    }
}
