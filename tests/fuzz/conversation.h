/*
 * A conversation of a job kind with a service that answers anything at all, and what must hold of
 * all that the kind asks for, says and wants stored.
 *
 * An input is a list of answers, divided by FUZZ_DIVIDER: a byte that says the status or what else
 * happened (a row of `endings`, modulo their number), then the body. One that was not taken and has
 * a body was too large.
 */
#ifndef TESTS_FUZZ_CONVERSATION_H
#define TESTS_FUZZ_CONVERSATION_H

#include "common/database/sql_embedded.h"
#include "tests/fuzz/fuzz.h"
#include "worker/jobs/job_kind.h"

/* More answers than any attempt of a few pages needs; a real one may ask for 2,000 pages. */
#define CONVERSATION_ANSWERS 64

static const struct {
    enum error_class transport;
    int status;
} endings[] = {
    {ERROR_CLASS_OK, 200},    {ERROR_CLASS_OK, 201},
    {ERROR_CLASS_OK, 204},    {ERROR_CLASS_OK, 301},
    {ERROR_CLASS_OK, 400},    {ERROR_CLASS_OK, 401},
    {ERROR_CLASS_OK, 403},    {ERROR_CLASS_OK, 404},
    {ERROR_CLASS_OK, 409},    {ERROR_CLASS_OK, 422},
    {ERROR_CLASS_OK, 429},    {ERROR_CLASS_OK, 503},
    {ERROR_CLASS_TIMEOUT, 0}, {ERROR_CLASS_UNKNOWN_OUTCOME, 0},
    {ERROR_CLASS_TLS, 0},     {ERROR_CLASS_UNREADABLE, 0},
};

struct conversation {
    struct job job;
    const struct job_kind *kind;
    void *state;
    struct outcome outcome;
    struct http_request request;
    int bookings; /* POST requests */
};

static inline bool is_known_statement(const char *statement)
{
    for (const struct sql_file *file = sql_files; file->name != NULL; file++) {
        if (strncmp(file->name, "queries/", 8) == 0 && strcmp(file->name + 8, statement) == 0) {
            return true;
        }
    }
    return false;
}

/* What PostgreSQL must be able to read as json, and to tell from the next one. */
static inline void require_document(const struct row_write *row)
{
    json_auto_t *json = json_loadb(row->document, row->document_length, JSON_DECODE_ANY, NULL);

    REQUIRE(json != NULL && strlen(row->document) == row->document_length);
    REQUIRE(memchr(row->document, '\x1e', row->document_length) == NULL);
    fuzz_require_utf8(row->document);
}

/* What PostgreSQL must be able to read as jsonb. */
static inline void require_rows(const struct outcome *outcome)
{
    for (const struct row_write *row = outcome->writes; row != NULL; row = row->next) {
        json_auto_t *object = json_loadb(row->json, row->length, 0, NULL);

        REQUIRE(is_known_statement(row->statement));
        REQUIRE(strlen(row->json) == row->length);
        fuzz_require_utf8(row->json);
        REQUIRE(json_is_object(object) && json_object_size(object) > 0);
        /* The engine puts members in front of the first. */
        REQUIRE(row->json[0] == '{' && row->json[1] != '}');
        if (row->document != NULL) {
            require_document(row);
        }
    }
}

static inline void require_outcome(const struct outcome *outcome, enum step step)
{
    require_rows(outcome);
    fuzz_require_line(outcome->error);
    REQUIRE(strchr(outcome->error, '@') == NULL);
    REQUIRE(outcome->retry_after_ms >= -1 && outcome->retry_after_ms <= 3600000);
    REQUIRE(outcome->result == NULL || json_is_object(outcome->result));
    if (step == STEP_DONE) {
        REQUIRE(outcome->error_class == ERROR_CLASS_OK && outcome->error[0] == '\0');
    } else if (step != STEP_CALL) {
        REQUIRE(outcome->error[0] != '\0');
    }
}

static inline void require_request(const struct conversation *talk)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~%";
    const struct http_request *request = &talk->request;
    bool is_shop = request->api == API_MIJNWEBWINKEL;

    REQUIRE(request->api == talk->kind->api && request->api != API_LOCAL);
    REQUIRE(request->path[0] == '/');
    for (const char *at = request->path; *at != '\0'; at++) {
        REQUIRE(*at == '/' || strchr(plain, *at) != NULL);
    }
    for (const char *at = request->query; *at != '\0'; at++) {
        REQUIRE(strchr("&=[]", *at) != NULL || strchr(plain, *at) != NULL);
    }
    REQUIRE(request->environment == ENVIRONMENT_PRODUCTION ||
            (!is_shop && request->environment == ENVIRONMENT_STAGING));
    REQUIRE(is_shop ? request->auth == HTTP_AUTH_STORE || request->auth == HTTP_AUTH_PARTNER
                    : request->auth == HTTP_AUTH_BEARER);
    REQUIRE((request->body == NULL) ==
            (request->method == HTTP_GET || request->method == HTTP_DELETE));
    if (request->body != NULL) {
        json_auto_t *body = json_loads(request->body, 0, NULL);

        REQUIRE(json_is_object(body));
    }
}

/* Money is spent at most once, and never before that was written down. */
static inline void count_booking(struct conversation *talk)
{
    const struct http_request *request = &talk->request;
    bool is_written = false;

    if (request->method != HTTP_POST) {
        return;
    }
    if (!request->not_repeatable) { /* a question, which makes nothing */
        REQUIRE(strcmp(request->path, "/rate-request") == 0 ||
                strcmp(request->path, "/shipments/matrix") == 0);
        return;
    }
    REQUIRE(++talk->bookings == 1);
    for (const struct row_write *row = talk->outcome.writes; row != NULL; row = row->next) {
        is_written = is_written || strcmp(row->statement, "write_sending") == 0;
    }
    REQUIRE(strcmp(request->path, "/shipments") != 0 || (is_written && request->save_first));
}

static inline void note_text(const char *text)
{
    if (fuzz_note != NULL && text != NULL) {
        fuzz_note(text, strlen(text) + 1);
    }
}

/* The whole outcome of a step, for whoever compares. */
static inline void note_step(const struct conversation *talk, enum step step)
{
    const char end = (char)step;

    for (const struct row_write *row = talk->outcome.writes; row != NULL; row = row->next) {
        note_text(row->statement);
        note_text(row->json);
        note_text(row->document);
    }
    note_text(talk->outcome.error);
    note_text(step == STEP_CALL ? talk->request.path : "");
    note_text(step == STEP_CALL ? talk->request.body : "");
    if (fuzz_note != NULL) {
        fuzz_note(&end, 1);
    }
}

static inline enum step conversation_step(struct conversation *talk,
                                          const struct http_response *answer)
{
    http_request_release(&talk->request);
    talk->request = (struct http_request){.body = NULL};

    enum step step = talk->kind->step(talk->state, answer, &talk->request, &talk->outcome);

    require_outcome(&talk->outcome, step);
    note_step(talk, step);
    if (step != STEP_CALL) {
        return step;
    }
    require_request(talk);
    if (talk->job.token_problem != NULL && talk->request.auth != HTTP_AUTH_PARTNER) {
        return STEP_RETRY; /* the engine sends nothing then */
    }
    count_booking(talk);
    return STEP_CALL;
}

static inline enum step conversation_answer(struct conversation *talk, struct fuzz_input *input)
{
    size_t which = fuzz_take_byte(input) % ARRAY_LENGTH(endings);
    size_t length = 0;
    AUTO(free) char *body = fuzz_take_bytes(input, &length);
    bool is_answered = endings[which].transport == ERROR_CLASS_OK;
    bool is_too_large = endings[which].transport == ERROR_CLASS_UNREADABLE && length > 0;

    return conversation_step(
        talk, &(struct http_response){.transport = endings[which].transport,
                                      .status = endings[which].status,
                                      .body = is_answered ? body : "",
                                      .length = is_answered ? length : 0,
                                      .retry_after_ms = endings[which].status == 429 ? 7000 : -1,
                                      .is_too_large = is_too_large,
                                      .trouble = is_answered ? "" : "it broke"});
}

/* Leads an attempt at a job through all answers of the input; takes the reference to `context`,
 * whose member "args", if there is one, are the arguments of the job. */
static inline void converse_at(int attempt, const char *kind, json_t *context,
                               const char *token_problem, struct fuzz_input *input)
{
    json_t *args = json_object_get(context, "args");
    struct conversation talk = {
        .job = {.id = 7,
                .attempt = attempt,
                .args = args != NULL ? json_incref(args) : json_object(),
                .context = context,
                .token_problem = token_problem},
        .kind = job_kind_find(kind),
    };

    REQUIRE(json_is_object(context));
    outcome_init(&talk.outcome);
    talk.state = talk.kind->begin(&talk.job, &talk.outcome);
    REQUIRE(talk.state != NULL);

    enum step step = conversation_step(&talk, NULL);

    for (int i = 0; i < CONVERSATION_ANSWERS && step == STEP_CALL && input->left > 0; i++) {
        step = conversation_answer(&talk, input);
    }
    talk.kind->end(talk.state);
    http_request_release(&talk.request);
    outcome_release(&talk.outcome);
    json_decref(talk.job.args);
    json_decref(talk.job.context);
}

/* The first attempt. */
static inline void converse(const char *kind, json_t *context, const char *token_problem,
                            struct fuzz_input *input)
{
    converse_at(1, kind, context, token_problem, input);
}

#endif
