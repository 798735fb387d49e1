/*
 * What the tests of worker/api and worker/jobs share: fixtures, comparison of texts that may be
 * NULL, and a conversation with a job kind.
 */
#ifndef TESTS_UNIT_KIND_HELPERS_H
#define TESTS_UNIT_KIND_HELPERS_H

#include "tests/unit/unit.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "worker/api/text/scratch.h"
#include "worker/jobs/job_kind.h"

#define FIXTURES "tests/fixtures/mijnwebwinkel/"

/* Names the row of a table that the next assertion is about, when that assertion fails. */
#define ROW_CHECK(row_name, condition)                                                             \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fail_msg("row '%s': %s", (row_name), #condition);                                      \
        }                                                                                          \
    } while (0)

static inline bool same_text(const char *left, const char *right)
{
    return left == NULL || right == NULL ? left == right : strcmp(left, right) == 0;
}

/* Fails unless both are NULL or equal. */
static inline void check_text(const char *where, const char *actual, const char *expected)
{
    if (!same_text(actual, expected)) {
        fail_msg("%s: got '%s', expected '%s'", where, actual != NULL ? actual : "(null)",
                 expected != NULL ? expected : "(null)");
    }
}

/* The text of a member, or NULL for null; fails when it is neither. */
static inline const char *member_text(json_t *object, const char *key)
{
    json_t *value = json_object_get(object, key);

    if (!json_is_string(value) && !json_is_null(value)) {
        fail_msg("member '%s' is neither text nor null", key);
    }
    return json_string_value(value);
}

static inline void check_member(json_t *object, const char *key, const char *expected)
{
    check_text(key, member_text(object, key), expected);
}

/* A fixture as an object to change; the caller releases it. */
static inline json_t *load_fixture(const char *name)
{
    char path[200];
    json_error_t trouble;

    snprintf(path, sizeof(path), FIXTURES "%s", name);

    json_t *json = json_load_file(path, 0, &trouble);

    if (json == NULL) {
        fail_msg("cannot read '%s': %s (run the tests from the root)", path, trouble.text);
    }
    return json;
}

static inline char *fixture_text(const char *name)
{
    json_auto_t *json = load_fixture(name);

    return json_dumps(json, JSON_COMPACT);
}

/* A job in conversation with its kind. */
struct talk {
    struct job job;
    const struct job_kind *kind;
    void *state;
    struct outcome outcome;
    struct http_request request;
    enum step step;
};

/* Begins a job of this kind; takes the reference to `context`. Nothing was asked yet. */
static inline void talk_begin(struct talk *talk, const char *kind, json_t *context)
{
    scratch_install(); /* as the worker does */
    *talk = (struct talk){
        .job = {.id = 7, .attempt = 1, .args = json_object(), .context = context},
        .kind = job_kind_find(kind),
    };
    assert_non_null(talk->kind);
    assert_non_null(context);
    outcome_init(&talk->outcome);
    talk->state = talk->kind->begin(&talk->job, &talk->outcome);
}

static inline enum step talk_answer(struct talk *talk, const struct http_response *answer)
{
    http_request_release(&talk->request);
    talk->request = (struct http_request){.body = NULL};
    talk->step = talk->kind->step(talk->state, answer, &talk->request, &talk->outcome);
    return talk->step;
}

/* The first step. */
static inline enum step talk_start(struct talk *talk)
{
    return talk_answer(talk, NULL);
}

/* An HTTP answer; the body may hold zero bytes. */
static inline enum step talk_bytes(struct talk *talk, int status, const char *body, size_t length)
{
    /* A copy of just the right size lets the sanitizer see each byte read beyond the end. */
    AUTO(free) char *copy = xstrndup(body, length);

    return talk_answer(talk, &(struct http_response){.transport = ERROR_CLASS_OK,
                                                     .status = status,
                                                     .body = copy,
                                                     .length = length,
                                                     .retry_after_ms = status == 429 ? 5000 : -1,
                                                     .trouble = ""});
}

static inline enum step talk_http(struct talk *talk, int status, const char *body)
{
    return talk_bytes(talk, status, body, strlen(body));
}

/* No answer. */
static inline enum step talk_trouble(struct talk *talk, enum error_class trouble)
{
    return talk_answer(
        talk, &(struct http_response){
                  .transport = trouble, .body = "", .retry_after_ms = -1, .trouble = "it broke"});
}

/* A success that is larger than is taken. */
static inline enum step talk_too_large(struct talk *talk)
{
    return talk_answer(talk, &(struct http_response){.transport = ERROR_CLASS_UNREADABLE,
                                                     .body = "",
                                                     .retry_after_ms = -1,
                                                     .trouble = "the answer is larger than 16 MiB",
                                                     .is_too_large = true});
}

static inline size_t talk_rows(const struct talk *talk, const char *statement)
{
    size_t count = 0;

    for (struct row_write *row = talk->outcome.writes; row != NULL; row = row->next) {
        count += strcmp(row->statement, statement) == 0;
    }
    return count;
}

/* The row at `index` (from 0) for a statement, with its document, if any, as a member of that name;
 * a new reference. Fails when there is none. */
static inline json_t *talk_row(const struct talk *talk, const char *statement, size_t index)
{
    for (struct row_write *row = talk->outcome.writes; row != NULL; row = row->next) {
        if (strcmp(row->statement, statement) != 0 || index-- > 0) {
            continue;
        }

        json_error_t trouble;
        json_t *object = json_loadb(row->json, row->length, 0, &trouble);

        assert_int_equal(strlen(row->json), row->length);
        if (object == NULL) {
            fail_msg("a row for %s is no JSON: %s", statement, trouble.text);
        }
        assert_true(json_is_object(object) && json_object_size(object) > 0);
        if (row->document != NULL) {
            json_t *document = json_loadb(row->document, row->document_length, 0, &trouble);

            assert_non_null(document);
            json_object_set_new(object, "document", document);
        }
        return object;
    }
    fail_msg("no such row for %s", statement);
    return NULL;
}

static inline void talk_end(struct talk *talk)
{
    talk->kind->end(talk->state);
    http_request_release(&talk->request);
    outcome_release(&talk->outcome);
    json_decref(talk->job.args);
    json_decref(talk->job.context);
}

#endif
