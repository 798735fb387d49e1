#include "worker/api/answer.h"

#include <stdio.h>
#include <string.h>

#include "common/utf8.h"
#include "worker/api/problem.h"
#include "worker/api/text/charset.h"

bool answer_is_missing(const struct http_response *answer)
{
    return answer->transport == ERROR_CLASS_OK && answer->status == 404 &&
           problem_is_report(answer->body, answer->length, answer->status);
}

enum error_class answer_class(const struct http_response *answer)
{
    if (answer->transport != ERROR_CLASS_OK) {
        return answer->transport;
    }
    if (answer->status >= 200 && answer->status < 300) {
        return ERROR_CLASS_OK;
    }
    if (answer->status == 401 || answer->status == 403) {
        return ERROR_CLASS_AUTH;
    }
    if (answer->status == 429) {
        return ERROR_CLASS_RATE_LIMITED;
    }
    /* Whoever stands before the service says so when our request was too long on its way. */
    if (answer->status == 408) {
        return ERROR_CLASS_TIMEOUT;
    }
    if (answer->status >= 500 && answer->status < 600) {
        return ERROR_CLASS_SERVER_ERROR;
    }
    if (answer->status == 404 && !answer_is_missing(answer)) {
        return ERROR_CLASS_UNREADABLE;
    }
    if (answer->status >= 300 && answer->status < 500) {
        return ERROR_CLASS_CLIENT_ERROR;
    }
    return ERROR_CLASS_UNREADABLE;
}

/* How a body begins, behind a byte order mark and white space. The first row that fits counts. */
static const struct {
    const char *start;
    const char *kind;
    bool is_json;
} body_kinds[] = {
    {"{", "an object", true},
    {"[", "a list", true},
    {"<?xml", "an XML document", false},
    {"<", "an HTML page", false},
    {"\x1F\x8B", "gzip", false},
    {"%PDF-", "a PDF", false},
    {"\xFF\xFE", "text in UTF-16", false},
    {"\xFE\xFF", "text in UTF-16", false},
};

static const char *body_kind(const char *body, size_t length, bool *ret_is_json)
{
    size_t at = charset_mark_length(body, length);

    *ret_is_json = false;
    while (at < length && (strchr(" \t\r\n", body[at]) != NULL || body[at] == '\0')) {
        at++;
    }
    if (at == length) {
        return "an empty answer";
    }
    for (size_t i = 0; i < ARRAY_LENGTH(body_kinds); i++) {
        size_t size = strlen(body_kinds[i].start);

        if (length - at >= size && strncasecmp(body + at, body_kinds[i].start, size) == 0) {
            *ret_is_json = body_kinds[i].is_json;
            return body_kinds[i].kind;
        }
    }
    return "text";
}

void answer_describe(const struct http_response *answer, char ret_words[ANSWER_WORDS])
{
    char problem[PROBLEM_WORDS];
    bool is_json = false;
    bool is_answered = answer->transport == ERROR_CLASS_OK;

    if (!is_answered || (answer->trouble != NULL && answer->trouble[0] != '\0')) {
        snprintf(ret_words, ANSWER_WORDS, "%s: %s", is_answered ? "no bearer token" : "no answer",
                 answer->trouble);
        utf8_cut(ret_words, ANSWER_WORDS);
        return;
    }
    problem_read(answer->body, answer->length, problem);
    utf8_cut(problem, 220);
    if (problem[0] != '\0') {
        snprintf(ret_words, ANSWER_WORDS, "HTTP %d: %s", answer->status, problem);
    } else {
        snprintf(ret_words, ANSWER_WORDS, "HTTP %d with %s", answer->status,
                 body_kind(answer->body, answer->length, &is_json));
    }
}

void answer_describe_body(const char *body, size_t length, char ret_words[ANSWER_WORDS])
{
    char problem[PROBLEM_WORDS];
    bool is_json = false;
    const char *kind = body_kind(body, length, &is_json);

    problem_read(body, length, problem);
    utf8_cut(problem, 200);
    if (problem[0] != '\0') {
        snprintf(ret_words, ANSWER_WORDS, "%s (title: %s)", kind, problem);
    } else {
        snprintf(ret_words, ANSWER_WORDS, "%s", kind);
    }
}

void answer_explain(const struct http_response *answer, const char *why,
                    char ret_words[ANSWER_WORDS])
{
    bool is_json = false;
    const char *kind = body_kind(answer->body, answer->length, &is_json);

    snprintf(ret_words, ANSWER_WORDS, "%s%s%s", why, is_json ? "" : ": it is ",
             is_json ? "" : kind);
    utf8_cut(ret_words, ANSWER_WORDS);
}
