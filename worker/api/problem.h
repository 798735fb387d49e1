/*
 * What a remote service says went wrong, in one line that may be recorded.
 *
 * Error bodies are problem reports {title, detail, violations: [{propertyPath, message}]} or
 * {"hydra:title", "hydra:description"} [BKZ-902], ApiProblem {title, detail} and Error {message,
 * description} [MWW-901, MWW-902], OAuth errors {error, error_description, message} [BKZ-203], or
 * {errors: [{title, detail, source: {pointer}}]} as JSON:API has them [BKZ-907].
 *
 * Such texts quote what was sent, and what was sent is personal: everything in quotation marks is
 * dropped, words that may be an address or a token are blanked out (text_scrub), and names of
 * fields are kept only when they look like that. Pure; any thread.
 */
#ifndef WORKER_API_PROBLEM_H
#define WORKER_API_PROBLEM_H

#include <stdbool.h>
#include <stddef.h>

#include "common/cleanup.h"

/* Room for the words of any problem. */
#define PROBLEM_WORDS 230

/* "Validation failed: items[0].type: not a valid choice", or "" when the body is no problem report:
 * the title, and what is wrong with which field or else the detail. */
void problem_read(const char *body, size_t length, char ret_words[PROBLEM_WORDS]);

/* Whether the body is a report of that kind about an HTTP status: an object that says something in
 * words, or names the status. */
bool problem_is_report(const char *body, size_t length, int status) MUSTCHECK;

/* Writes up to three dots, in place, over everything from the first opening quotation mark to the
 * last closing one of its kind, since what is quoted may itself hold quotation marks; to the end of
 * the text when none closes. An apostrophe inside a word is none. */
void problem_drop_quoted(char *text);

#endif
