#include "worker/api/text/lenient.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/memory.h"
#include "worker/api/text/charset.h"
#include "worker/api/text/entities.h"
#include "worker/api/text/figure.h"
#include "worker/api/text/text.h"

/* Above this a double no longer holds every whole number. */
#define WHOLE_LIMIT 9007199254740992.0

/* Longest text that is tried as a number or a truth value. */
#define SHORT_TEXT 40

static const char *trouble_name(const json_error_t *trouble)
{
    switch (json_error_code(trouble)) {
    case json_error_premature_end_of_input:
        return "it ends too early";
    case json_error_end_of_input_expected:
        return "something follows its end";
    case json_error_numeric_overflow:
        return "a number is too large";
    case json_error_stack_overflow:
        return "it is nested too deep";
    case json_error_unknown:
    case json_error_out_of_memory:
    case json_error_cannot_open_file:
    case json_error_invalid_argument:
    case json_error_invalid_utf8:
    case json_error_invalid_syntax:
    case json_error_invalid_format:
    case json_error_wrong_type:
    case json_error_null_character:
    case json_error_null_value:
    case json_error_null_byte_in_key:
    case json_error_duplicate_key:
    case json_error_item_not_found:
    case json_error_index_out_of_range:
        break;
    }
    return "invalid syntax";
}

json_t *lenient_parse(const char *text, size_t length, struct mended *ret_mended, struct error *err)
{
    struct mended mended = {.text = NULL};
    json_error_t trouble;
    size_t mark = charset_mark_length(text, length);

    text += mark;
    length -= mark;
    json_mend(text, length, &mended);

    const char *whole = mended.text != NULL ? mended.text : text;
    json_t *value = json_loadb(whole, mended.length, JSON_DECODE_ANY | JSON_ALLOW_NUL, &trouble);

    if (value == NULL && json_error_code(&trouble) == json_error_numeric_overflow) {
        value = json_loadb(whole, mended.length,
                           JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, &trouble);
    }
    if (value == NULL) {
        error_set(err, ERROR_DATA, "not valid JSON: %s (byte %d of %zu)", trouble_name(&trouble),
                  trouble.position, mended.length);
    }
    if (ret_mended != NULL) {
        *ret_mended = mended;
    } else {
        free(mended.text);
    }
    return value;
}

json_t *lenient_parse_digits(const char *text, size_t length)
{
    struct mended mended = {.text = NULL};

    json_mend_quoting(text, length, &mended);

    AUTO(free) char *owned = mended.text;

    return json_loadb(owned != NULL ? owned : text, mended.length, JSON_DECODE_ANY | JSON_ALLOW_NUL,
                      NULL);
}

static bool is_filled_object(json_t *value)
{
    return json_is_object(value) && json_object_size(value) > 0;
}

json_t *lenient_object(json_t *parent, const char *key)
{
    json_t *value = json_object_get(parent, key);

    if (json_is_array(value)) {
        value = json_array_get(value, 0);
    }
    return is_filled_object(value) ? value : NULL;
}

/* PHP writes an array with gaps in its numbering as an object. */
static bool stands_for_list(json_t *object)
{
    return text_is_digits(json_object_iter_key(json_object_iter(object)));
}

json_t *lenient_list(json_t *parent, const char *key)
{
    json_t *value = json_object_get(parent, key);

    if (json_is_array(value)) {
        return json_array_size(value) > 0 ? json_incref(value) : NULL;
    }
    if (!is_filled_object(value)) {
        return NULL;
    }

    json_t *list = json_array();

    if (!stands_for_list(value)) {
        json_array_append(list, value);
        return list;
    }
    for (void *at = json_object_iter(value); at != NULL; at = json_object_iter_next(value, at)) {
        json_array_append(list, json_object_iter_value(at));
    }
    return list;
}

char *lenient_value_text(json_t *value, size_t most)
{
    char number[SHORT_TEXT];

    if (json_is_string(value)) {
        return text_clean(json_string_value(value), json_string_length(value), most);
    }
    if (json_is_integer(value)) {
        snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    } else if (json_is_real(value)) {
        double real = json_real_value(value);

        snprintf(number, sizeof(number), fabs(real) < WHOLE_LIMIT ? "%.15g" : "%.17g", real);
    } else {
        return NULL;
    }
    return text_clean(number, strlen(number), most);
}

char *lenient_text(json_t *parent, const char *key, size_t most)
{
    return lenient_value_text(json_object_get(parent, key), most);
}

char *lenient_plain(json_t *parent, const char *key, size_t most)
{
    json_t *value = json_object_get(parent, key);

    return json_is_string(value)
               ? text_plain(json_string_value(value), json_string_length(value), most)
               : lenient_value_text(value, most);
}

char *lenient_unescaped(json_t *parent, const char *key, size_t most)
{
    json_t *value = json_object_get(parent, key);
    size_t length = json_string_length(value);
    AUTO(free)
    char *decoded = json_is_string(value) && memchr(json_string_value(value), '&', length) != NULL
                        ? entities_decode(json_string_value(value), length, &length)
                        : NULL;

    return decoded != NULL ? text_clean(decoded, length, most) : lenient_value_text(value, most);
}

/* Whether it is one of the ways in which PHP says that there is nothing. */
static bool is_absent(json_t *value)
{
    AUTO(free) char *text = json_is_string(value) ? lenient_value_text(value, 1) : NULL;

    return value == NULL || json_is_null(value) || json_is_false(value) ||
           (json_is_string(value) && text == NULL) ||
           (json_is_array(value) && json_array_size(value) == 0) ||
           (json_is_object(value) && json_object_size(value) == 0);
}

enum lenient_figure lenient_figure(json_t *parent, const char *key, double *ret_number)
{
    json_t *value = json_object_get(parent, key);
    AUTO(free) char *text = json_is_string(value) ? lenient_value_text(value, SHORT_TEXT) : NULL;
    double number = json_number_value(value);

    if (is_absent(value)) {
        return LENIENT_ABSENT;
    }
    if (json_is_number(value) ? isfinite(number) : text != NULL && figure_read(text, &number)) {
        *ret_number = number;
        return LENIENT_READ;
    }
    return LENIENT_STRANGE;
}

bool lenient_number(json_t *parent, const char *key, double *ret_number)
{
    return lenient_figure(parent, key, ret_number) == LENIENT_READ;
}

bool lenient_integer(json_t *parent, const char *key, int32_t *ret_integer)
{
    double number = 0;

    if (!lenient_number(parent, key, &number) || number < INT32_MIN || number > INT32_MAX ||
        number != (int32_t)number) {
        return false;
    }
    *ret_integer = (int32_t)number;
    return true;
}

bool lenient_true(json_t *parent, const char *key)
{
    json_t *value = json_object_get(parent, key);
    int32_t number = 0;

    if (json_is_true(value) ||
        (json_is_string(value) && strcasecmp(json_string_value(value), "true") == 0)) {
        return true;
    }
    return lenient_integer(parent, key, &number) && number == 1;
}

bool lenient_is_set(json_t *parent, const char *key)
{
    json_t *value = json_object_get(parent, key);
    double number = 0;

    if (json_is_array(value)) {
        return json_array_size(value) > 0;
    }
    if (json_is_object(value)) {
        return json_object_size(value) > 0;
    }
    if (lenient_number(parent, key, &number)) {
        return number != 0;
    }

    AUTO(free) char *text = lenient_value_text(value, SHORT_TEXT);

    return text != NULL || json_is_true(value);
}
