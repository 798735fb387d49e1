#include "tests/simulator/json_text.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "common/memory.h"
#include "common/utf8.h"

#define DUMP_FLAGS (JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15))

void text_must_fit(bool fits)
{
    if (fits) {
        return;
    }
    fputs("koppeling-simulator: an answer is too large\n", stderr);
    abort();
}

void put_text(struct buffer *buffer, const char *text)
{
    text_must_fit(buffer_append_text(buffer, text));
}

void put_bytes(struct buffer *buffer, const void *bytes, size_t length)
{
    text_must_fit(buffer_append(buffer, bytes, length));
}

/* How many bytes at the start need no escape: printable ASCII but for the given two. */
static size_t plain_run(const unsigned char *bytes, size_t length, char one, char other)
{
    size_t run = 0;

    while (run < length && bytes[run] >= 0x20 && bytes[run] < 0x7f &&
           bytes[run] != (unsigned char)one && bytes[run] != (unsigned char)other) {
        run++;
    }
    return run;
}

void put_string_bytes(struct buffer *buffer, const char *bytes, size_t length)
{
    const unsigned char *at = (const unsigned char *)bytes;

    put_bytes(buffer, "\"", 1);
    for (size_t left = length, size; left > 0; at += size, left -= size) {
        uint32_t code = 0;

        size = plain_run(at, left, '"', '\\');
        if (size > 0) {
            put_bytes(buffer, at, size);
            continue;
        }
        size = utf8_decode((const char *)at, left, &code);
        if (size == 0) {
            size = 1;
            put_text(buffer, UTF8_REPLACEMENT);
        } else if (code == '"' || code == '\\') {
            put(buffer, "\\%c", (char)code);
        } else if (code < 0x20) {
            put(buffer, "\\u%04x", (unsigned)code);
        } else {
            put_bytes(buffer, at, size);
        }
    }
    put_bytes(buffer, "\"", 1);
}

void put_string(struct buffer *buffer, const char *text)
{
    if (text == NULL) {
        put_text(buffer, "null");
    } else {
        put_string_bytes(buffer, text, strlen(text));
    }
}

char *json_to_text(const json_t *value, size_t *ret_length)
{
    char *text = json_dumps(value, DUMP_FLAGS);

    if (text == NULL) {
        text = xstrdup("null");
    }
    if (ret_length != NULL) {
        *ret_length = strlen(text);
    }
    return text;
}

void put_json(struct buffer *buffer, const json_t *value)
{
    AUTO(free) char *text = json_to_text(value, NULL);

    put_text(buffer, text);
}

void put_php_style(struct buffer *buffer, const char *json, size_t length)
{
    const unsigned char *at = (const unsigned char *)json;

    for (size_t left = length, size; left > 0; at += size, left -= size) {
        uint32_t code = 0;

        size = plain_run(at, left, '/', '/');
        if (size > 0) {
            put_bytes(buffer, at, size);
            continue;
        }
        size = utf8_decode((const char *)at, left, &code);
        if (size <= 1) {
            size = 1;
            put(buffer, "%s%c", *at == '/' ? "\\" : "", *at);
        } else if (code < 0x10000) {
            put(buffer, "\\u%04x", (unsigned)code);
        } else {
            put(buffer, "\\u%04x\\u%04x", 0xd800U + ((code - 0x10000U) >> 10),
                0xdc00U + ((code - 0x10000U) & 0x3ffU));
        }
    }
}
