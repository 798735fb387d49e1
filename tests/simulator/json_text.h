/*
 * JSON written straight into a buffer, without building a tree first. The put functions cannot
 * fail: an answer of more than a gigabyte ends the process.
 */
#ifndef SIMULATOR_JSON_TEXT_H
#define SIMULATOR_JSON_TEXT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/buffer.h"
#include "common/cleanup.h"

#define TEXT_INIT BUFFER_INIT((size_t)1 << 30)

DEFINE_CLEANUP(json, json_t *, json_decref);

void text_must_fit(bool fits);

#define put(buffer, ...) text_must_fit(buffer_printf((buffer), __VA_ARGS__))

void put_text(struct buffer *buffer, const char *text);
void put_bytes(struct buffer *buffer, const void *bytes, size_t length);

/* A JSON string with quotes, or null. What is not UTF-8 becomes U+FFFD. */
void put_string(struct buffer *buffer, const char *text);
void put_string_bytes(struct buffer *buffer, const char *bytes, size_t length);

/* A value as compact JSON text. */
void put_json(struct buffer *buffer, const json_t *value);

/* A value as compact JSON text, to be freed; *ret_length may be NULL. */
char *json_to_text(const json_t *value, size_t *ret_length) MUSTCHECK;

/* Rewrites JSON text so that it is pure ASCII, the way PHP prints it: \u00eb and \/. */
void put_php_style(struct buffer *buffer, const char *json, size_t length);

#endif
