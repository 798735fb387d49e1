#include "worker/api/answer.h"

#include <stdio.h>
#include <string.h>

#include "common/utf8.h"
#include "worker/api/problem.h"

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

static const char *body_kind(const char *body, size_t length)
{
    size_t at = 0;

    while (at < length && (strchr(" \t\r\n", body[at]) != NULL || body[at] == '\0')) {
        at++;
    }
    if (at == length) {
        return "an empty answer";
    }
    switch (body[at]) {
    case '<':
        return "an HTML page";
    case '{':
        return "an object";
    case '[':
        return "a list";
    default:
        return "text";
    }
}

void answer_describe(const struct http_response *answer, char ret_words[ANSWER_WORDS])
{
    char problem[PROBLEM_WORDS];

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
                 body_kind(answer->body, answer->length));
    }
}

void answer_describe_body(const char *body, size_t length, char ret_words[ANSWER_WORDS])
{
    char problem[PROBLEM_WORDS];
    const char *kind = body_kind(body, length);

    problem_read(body, length, problem);
    utf8_cut(problem, 200);
    if (problem[0] != '\0') {
        snprintf(ret_words, ANSWER_WORDS, "%s (title: %s)", kind, problem);
    } else {
        snprintf(ret_words, ANSWER_WORDS, "%s", kind);
    }
}
