/*
 * What an HTTP answer means before its content matters: its class, and words for the record.
 *
 * 401 and 403 both mean that the token is refused [MWW-207]; 429 asks to wait [MWW-904].
 * Boekuwzending names no other meaning [BKZ-901]. Error bodies are problem reports (problem.h), or
 * not JSON at all (a proxy's page).
 *
 * Words never hold a body's raw text, only what problem.h makes of it, since bodies carry personal
 * data. Pure; any thread.
 */
#ifndef WORKER_API_ANSWER_H
#define WORKER_API_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#include "common/cleanup.h"
#include "worker/api/error_class.h"
#include "worker/api/http_message.h"

/* Room for the words of any answer. */
#define ANSWER_WORDS 240

/* Whether the service says, in the words of its API, that what was asked for is not there. A page
 * in HTML or an empty body under the same status comes from whatever stands before it, and says
 * nothing. */
bool answer_is_missing(const struct http_response *answer) MUSTCHECK;

/* OK for 2xx; else what kind of trouble it is. A 404 that is no word of the API is UNREADABLE. */
enum error_class answer_class(const struct http_response *answer);

/* "HTTP 422: Validation failed: status is unknown", "HTTP 502 with an HTML page", "no answer:
 * connection refused". */
void answer_describe(const struct http_response *answer, char ret_words[ANSWER_WORDS]);

/* What a body turned out to be: "an object (title: Maintenance)", "an HTML page", "a list",
 * "an empty answer", "text". */
void answer_describe_body(const char *body, size_t length, char ret_words[ANSWER_WORDS]);

/* `why` it cannot be understood; and what came, when that does not even begin as JSON does: "not
 * valid JSON: it is an HTML page". */
void answer_explain(const struct http_response *answer, const char *why,
                    char ret_words[ANSWER_WORDS]);

#endif
