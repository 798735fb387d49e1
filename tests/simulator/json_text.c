#include "tests/simulator/json_text.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "common/memory.h"

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

/* Decodes the UTF-8 sequence at the start; returns its length, or 0 when it is not valid. */
static size_t utf8_decode(const unsigned char *bytes, size_t length, uint32_t *ret_code)
{
    static const struct {
        unsigned char mask, lead;
        uint32_t least;
    } forms[] = {{0x80, 0x00, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};

    for (size_t extra = 0; extra < ARRAY_LENGTH(forms); extra++) {
        if ((bytes[0] & forms[extra].mask) != forms[extra].lead) {
            continue;
        }
        if (extra >= length) {
            return 0;
        }
        uint32_t code = bytes[0] & (unsigned char)~forms[extra].mask;
        for (size_t i = 1; i <= extra; i++) {
            if ((bytes[i] & 0xc0U) != 0x80) {
                return 0;
            }
            code = (code << 6) | (bytes[i] & 0x3fU);
        }
        if (code < forms[extra].least || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
            return 0;
        }
        *ret_code = code;
        return extra + 1;
    }
    return 0;
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
        size = utf8_decode(at, left, &code);
        if (size == 0) {
            size = 1;
            put_text(buffer, "\xef\xbf\xbd");
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
        size = utf8_decode(at, left, &code);
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
