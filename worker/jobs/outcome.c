/* What a job leaves behind: the outcome_* functions of job_kind.h. */
#include "worker/api/text/json_write.h"
#include "worker/jobs/job_kind.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/memory.h"
#include "common/utf8.h"

void outcome_init(struct outcome *outcome)
{
    *outcome = (struct outcome){
        .error_class = ERROR_CLASS_OK,
        .retry_after_ms = -1,
        .label_environment = ENVIRONMENT_NONE,
        .shop_environment = ENVIRONMENT_NONE,
    };
    outcome->writes_tail = &outcome->writes;
}

void outcome_release(struct outcome *outcome)
{
    struct row_write *row = outcome->writes;

    while (row != NULL) {
        struct row_write *next = row->next;

        free(row->json);
        free(row->document);
        free(row);
        row = next;
    }
    json_decref(outcome->result);
    outcome_init(outcome);
}

void outcome_write_row(struct outcome *outcome, const struct row_write *row)
{
    struct row_write *kept = xcalloc(1, sizeof(*kept));

    *kept = *row;
    kept->next = NULL;
    *outcome->writes_tail = kept;
    outcome->writes_tail = &kept->next;
}

void outcome_write_take(struct outcome *outcome, const char *statement, char *json, size_t length)
{
    outcome_write_row(outcome,
                      &(struct row_write){.statement = statement, .json = json, .length = length});
}

void outcome_write(struct outcome *outcome, const char *statement, json_t *row)
{
    char *text = json_write(row, JSON_COMPACT, NULL);

    json_decref(row);
    if (text == NULL) {
        text = xstrdup("{\"unwritable\":true}"); /* no JSON text: let the row be refused */
    }
    outcome_write_take(outcome, statement, text, strlen(text));
}

/* One line of valid UTF-8: anything else the database would refuse, and the outcome with it. */
static void make_printable(char *text, size_t size)
{
    utf8_cut(text, size);
    for (size_t left = strlen(text); left > 0;) {
        size_t length = utf8_length(text, left);

        if (length == 0) {
            *text = '?';
        } else if ((unsigned char)*text < ' ' || *text == '\x7f') {
            *text = ' ';
        }
        text += length > 0 ? length : 1;
        left -= length > 0 ? length : 1;
    }
}

enum step outcome_fail(struct outcome *outcome, enum step step, enum error_class error_class,
                       const char *format, ...)
{
    va_list arguments;

    outcome->error_class = error_class;
    va_start(arguments, format);
    vsnprintf(outcome->error, sizeof(outcome->error), format, arguments);
    va_end(arguments);
    make_printable(outcome->error, sizeof(outcome->error));
    return step;
}
