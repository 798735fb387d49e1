/*
 * Fields of a form or of a query, as browsers encode them
 * (application/x-www-form-urlencoded): "a=1&b=x+y&b=%C3%A9". Pure; any thread.
 */
#ifndef PANEL_SERVER_FORM_H
#define PANEL_SERVER_FORM_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"

/* A list of a thousand orders, selected, is a thousand fields of one name. */
#define FORM_FIELD_LIMIT 2000
#define FORM_NAME_LIMIT  64
#define FORM_VALUE_LIMIT 16384

/*
 * Makes an object of strings, and of arrays of strings for names that come more than once; the
 * caller json_decref()s it. Blanks around values are kept. ERROR_DATA, with words without any part
 * of the form, for more fields or longer ones than the limits, for names other than of [a-z0-9_],
 * for a zero byte, for what is no UTF-8 and for a % without two hexadecimal digits.
 */
bool form_parse(const char *bytes, size_t length, json_t **ret_fields, struct error *err) MUSTCHECK;

/* The same from a JSON object whose values are strings, numbers, true or false, or arrays of
 * these: what a program sends. Numbers and truth become text. */
bool form_parse_json(const char *bytes, size_t length, json_t **ret_fields,
                     struct error *err) MUSTCHECK;

/* The value of a field that is there once, borrowed; else "". */
const char *form_text(const json_t *fields, const char *name) MUSTCHECK;

/* Takes a field out and overwrites its text where it stands. */
void form_wipe(json_t *fields, const char *name);

#endif
