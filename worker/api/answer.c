#include "worker/api/answer.h"

#include <stdio.h>
#include <string.h>

#include "worker/api/lenient.h"
#include "worker/api/text.h"

/* A larger body is not a problem report and is not parsed for one. */
#define PROBLEM_BODY 65536

/* Characters of a title and of a detail that are kept. */
#define PROBLEM_TITLE  80
#define PROBLEM_DETAIL 120

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
    if (answer->status >= 300 && answer->status < 500) {
        return ERROR_CLASS_CLIENT_ERROR;
    }
    return ERROR_CLASS_UNREADABLE;
}

/* The first of two members that has text, scrubbed. */
static char *problem_text(json_t *problem, const char *key, const char *other_key, size_t most)
{
    char *text = lenient_text(problem, key, most);

    if (text == NULL) {
        text = lenient_text(problem, other_key, most);
    }
    if (text != NULL) {
        text_scrub(text);
    }
    return text;
}

/* "title: detail" of a problem report, or "". */
static void read_problem(const char *body, size_t length, char ret_words[ANSWER_WORDS])
{
    json_auto_t *problem = length <= PROBLEM_BODY ? lenient_parse(body, length, NULL, NULL) : NULL;
    AUTO(free) char *title = problem_text(problem, "title", "message", PROBLEM_TITLE);
    AUTO(free) char *detail = problem_text(problem, "detail", "description", PROBLEM_DETAIL);
    bool both = title != NULL && detail != NULL;

    snprintf(ret_words, ANSWER_WORDS, "%s%s%s", title != NULL ? title : "", both ? ": " : "",
             detail != NULL ? detail : "");
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
    char problem[ANSWER_WORDS];

    if (answer->transport != ERROR_CLASS_OK) {
        snprintf(ret_words, ANSWER_WORDS, "no answer: %s", answer->trouble);
        return;
    }
    read_problem(answer->body, answer->length, problem);
    if (problem[0] != '\0') {
        snprintf(ret_words, ANSWER_WORDS, "HTTP %d: %.220s", answer->status, problem);
    } else {
        snprintf(ret_words, ANSWER_WORDS, "HTTP %d with %s", answer->status,
                 body_kind(answer->body, answer->length));
    }
}

void answer_describe_body(const char *body, size_t length, char ret_words[ANSWER_WORDS])
{
    char problem[ANSWER_WORDS];
    const char *kind = body_kind(body, length);

    read_problem(body, length, problem);
    if (problem[0] != '\0') {
        snprintf(ret_words, ANSWER_WORDS, "%s (title: %.200s)", kind, problem);
    } else {
        snprintf(ret_words, ANSWER_WORDS, "%s", kind);
    }
}
