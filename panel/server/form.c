#include "panel/server/form.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/ascii.h"
#include "common/memory.h"
#include "common/utf8.h"

DEFINE_CLEANUP(json_decref, json_t *, json_decref);

static bool is_name(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (!ascii_is_digit(text[i]) && text[i] != '_' && !(text[i] >= 'a' && text[i] <= 'z')) {
            return false;
        }
    }
    return length > 0 && length <= FORM_NAME_LIMIT;
}

/* What PostgreSQL and JSON take: UTF-8 without zero bytes. */
static bool check_value(const char *text, size_t length, struct error *err)
{
    if (length > FORM_VALUE_LIMIT) {
        return error_set(err, ERROR_DATA, "a field is longer than %d bytes", FORM_VALUE_LIMIT);
    }
    for (size_t at = 0; at < length;) {
        size_t one = text[at] == '\0' ? 0 : utf8_length(text + at, length - at);

        if (one == 0) {
            return error_set(err, ERROR_DATA, "a field is not valid UTF-8");
        }
        at += one;
    }
    return true;
}

/* Decodes into `room`, which has place for as many bytes. */
static bool decode(const char *text, size_t length, char *room, size_t *ret_length,
                   struct error *err)
{
    size_t made = 0;

    for (size_t i = 0; i < length; i++) {
        if (text[i] != '%') {
            room[made++] = text[i] == '+' ? ' ' : text[i];
            continue;
        }

        int high = i + 1 < length ? ascii_hex_value(text[i + 1]) : -1;
        int low = i + 2 < length ? ascii_hex_value(text[i + 2]) : -1;

        if (high < 0 || low < 0) {
            return error_set(err, ERROR_DATA, "a %% without two hexadecimal digits");
        }
        room[made++] = (char)(high * 16 + low);
        i += 2;
    }
    *ret_length = made;
    return true;
}

/* Adds a value, which is taken over; the second of a name makes an array of both. */
static void add_value(json_t *fields, const char *name, json_t *value)
{
    json_t *there = json_object_get(fields, name);

    if (there == NULL) {
        (void)json_object_set_new(fields, name, value);
        return;
    }
    if (!json_is_array(there)) {
        json_t *both = json_array();

        (void)json_array_append(both, there);
        (void)json_object_set_new(fields, name, both);
        there = both;
    }
    (void)json_array_append_new(there, value);
}

static bool add_field(json_t *fields, const char *text, size_t length, char *room,
                      struct error *err)
{
    const char *equals = memchr(text, '=', length);
    size_t name_length = equals != NULL ? (size_t)(equals - text) : length;
    const char *encoded = equals != NULL ? equals + 1 : text + length;
    char name[FORM_NAME_LIMIT + 1];
    size_t value_length = 0;

    if (!is_name(text, name_length)) {
        return error_set(err, ERROR_DATA, "the name of a field is not of letters and digits");
    }
    if (!decode(encoded, (size_t)(text + length - encoded), room, &value_length, err) ||
        !check_value(room, value_length, err)) {
        return false;
    }
    memcpy(name, text, name_length);
    name[name_length] = '\0';
    add_value(fields, name, json_stringn_nocheck(room, value_length));
    return true;
}

static bool parse_into(json_t *fields, const char *bytes, size_t length, char *room,
                       struct error *err)
{
    const char *end = bytes + length;
    int count = 0;

    while (bytes < end) {
        const char *ampersand = memchr(bytes, '&', (size_t)(end - bytes));
        const char *stop = ampersand != NULL ? ampersand : end;

        if (stop > bytes) {
            if (++count > FORM_FIELD_LIMIT) {
                return error_set(err, ERROR_DATA, "more than %d fields", FORM_FIELD_LIMIT);
            }
            if (!add_field(fields, bytes, (size_t)(stop - bytes), room, err)) {
                return false;
            }
        }
        bytes = ampersand != NULL ? ampersand + 1 : end;
    }
    return true;
}

bool form_parse(const char *bytes, size_t length, json_t **ret_fields, struct error *err)
{
    AUTO(json_decref) json_t *fields = json_object();
    char *room = xcalloc(length + 1, 1);
    bool done = parse_into(fields, bytes, length, room, err);

    explicit_bzero(room, length);
    free(room);
    if (done) {
        *ret_fields = steal_ptr(&fields);
    }
    return done;
}

/* A scalar of a program's request as the text that a browser would send, or NULL. */
static json_t *text_of(const json_t *value, struct error *err)
{
    AUTO(free) char *text = NULL;

    if (json_is_string(value)) {
        text = xstrdup(json_string_value(value));
        if (strlen(text) != json_string_length(value)) {
            (void)error_set(err, ERROR_DATA, "a field holds a zero byte");
            return NULL;
        }
    } else if (json_is_integer(value)) {
        text = xasprintf("%lld", (long long)json_integer_value(value));
    } else if (json_is_real(value)) {
        text = xasprintf("%.15g", json_real_value(value));
    } else if (json_is_boolean(value)) {
        text = xstrdup(json_is_true(value) ? "true" : "false");
    } else {
        (void)error_set(err, ERROR_DATA, "a field is neither text nor number");
        return NULL;
    }
    return check_value(text, strlen(text), err) ? json_string_nocheck(text) : NULL;
}

static bool add_json(json_t *fields, const char *name, const json_t *value, struct error *err)
{
    json_t *text = text_of(value, err);

    if (text == NULL) {
        return false;
    }
    add_value(fields, name, text);
    return true;
}

static bool take_member(json_t *fields, const char *name, const json_t *value, int *count,
                        struct error *err)
{
    size_t items = json_is_array(value) ? json_array_size(value) : 1;

    *count += items < FORM_FIELD_LIMIT ? (int)items : FORM_FIELD_LIMIT;
    if (*count > FORM_FIELD_LIMIT) {
        return error_set(err, ERROR_DATA, "more than %d fields", FORM_FIELD_LIMIT);
    }
    if (!is_name(name, strlen(name))) {
        return error_set(err, ERROR_DATA, "the name of a field is not of letters and digits");
    }
    if (json_is_null(value)) {
        return true;
    }
    if (!json_is_array(value)) {
        return add_json(fields, name, value, err);
    }
    for (size_t i = 0; i < items; i++) {
        if (!add_json(fields, name, json_array_get(value, i), err)) {
            return false;
        }
    }
    return true;
}

bool form_parse_json(const char *bytes, size_t length, json_t **ret_fields, struct error *err)
{
    AUTO(json_decref) json_t *fields = json_object();
    AUTO(json_decref)
    json_t *given = json_loadb(bytes, length, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    const char *name = NULL;
    json_t *value = NULL;
    int count = 0;

    if (!json_is_object(given)) {
        return error_set(err, ERROR_DATA, "the body is not an object of JSON");
    }
    json_object_foreach(given, name, value)
    {
        if (!take_member(fields, name, value, &count, err)) {
            return false;
        }
    }
    *ret_fields = steal_ptr(&fields);

    return true;
}

const char *form_text(const json_t *fields, const char *name)
{
    const char *text = json_string_value(json_object_get(fields, name));

    return text != NULL ? text : "";
}

void form_wipe(json_t *fields, const char *name)
{
    const json_t *value = json_object_get(fields, name);

    /* jansson gives memory back through wiping_free() (common/memory.h). */
    if (value != NULL) {
        (void)json_object_del(fields, name);
    }
}
