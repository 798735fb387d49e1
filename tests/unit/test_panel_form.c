#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "panel/server/form.h"

/* The fields as JSON, or the reason why there are none; valid until the next call. */
static const char *parse_bytes(const char *bytes, size_t length)
{
    static char text[4096];
    struct error err = ERROR_INIT;
    json_t *fields = NULL;

    if (!form_parse(bytes, length, &fields, &err)) {
        assert_int_equal(err.code, ERROR_DATA);
        snprintf(text, sizeof(text), "%s", err.text);
        return text;
    }

    char *made = json_dumps(fields, JSON_COMPACT | JSON_SORT_KEYS);

    snprintf(text, sizeof(text), "%s", made);
    free(made);
    json_decref(fields);
    return text;
}

static const char *parse(const char *bytes)
{
    return parse_bytes(bytes, strlen(bytes));
}

static const char *parse_json(const char *bytes)
{
    static char text[4096];
    struct error err = ERROR_INIT;
    json_t *fields = NULL;

    if (!form_parse_json(bytes, strlen(bytes), &fields, &err)) {
        assert_int_equal(err.code, ERROR_DATA);
        snprintf(text, sizeof(text), "%s", err.text);
        return text;
    }

    char *made = json_dumps(fields, JSON_COMPACT | JSON_SORT_KEYS);

    snprintf(text, sizeof(text), "%s", made);
    free(made);
    json_decref(fields);
    return text;
}

TEST(fields_are_decoded)
{
    assert_string_equal(parse(""), "{}");
    assert_string_equal(parse("a=1&b=x+y&c=%C3%A9%26"),
                        "{\"a\":\"1\",\"b\":\"x y\",\"c\":\"\xC3\xA9&\"}");
    assert_string_equal(parse("a&&b="), "{\"a\":\"\",\"b\":\"\"}");
    assert_string_equal(parse("a=b=c"), "{\"a\":\"b=c\"}");
    assert_string_equal(parse("a=%2b%2B"), "{\"a\":\"++\"}");
}

TEST(a_name_that_comes_again_makes_a_list)
{
    assert_string_equal(parse("o=1&o=2&x=9&o=3"), "{\"o\":[\"1\",\"2\",\"3\"],\"x\":\"9\"}");
}

TEST(what_is_no_text_is_refused)
{
    static const char *const wrong[] = {"a=%",   "a=%4",  "a=%zz",       "a=%00",
                                        "a=%FF", "a=%C3", "a=%ED%A0%80", "a=\xFF"};

    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        assert_int_not_equal(parse(wrong[i])[0], '{');
    }
    assert_int_not_equal(parse_bytes("a=b\0c", 5)[0], '{');
}

TEST(a_name_is_of_letters_digits_and_underscores)
{
    assert_string_equal(parse("order_id2=1"), "{\"order_id2\":\"1\"}");
    static const char *const wrong[] = {"=1", "a.b=1", "A=1", "a%5B%5D=1", "a b=1",
                                        /* one letter more than there may be */
                                        ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                                         "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb=1")};

    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        assert_int_not_equal(parse(wrong[i])[0], '{');
    }
}

/* `count` fields "a=1&a=1..." and what becomes of them. */
static bool takes_fields(int count)
{
    char *text = xcalloc((size_t)count * 4 + 1, 1);
    json_t *fields = NULL;
    struct error err = ERROR_INIT;

    for (int i = 0; i < count; i++) {
        memcpy(text + (size_t)i * 4, "a=1&", 4);
    }

    bool done = form_parse(text, strlen(text), &fields, &err);

    free(text);
    json_decref(fields);
    return done;
}

TEST(there_is_a_limit_to_fields_and_to_each)
{
    assert_true(takes_fields(FORM_FIELD_LIMIT));
    assert_false(takes_fields(FORM_FIELD_LIMIT + 1));
    char *text = xcalloc(FORM_VALUE_LIMIT + 4, 1);

    memset(text, 'a', FORM_VALUE_LIMIT + 3);
    text[1] = '=';
    assert_int_not_equal(parse(text)[0], '{');
    text[FORM_VALUE_LIMIT + 2] = '\0';
    struct error err = ERROR_INIT;
    json_t *fields = NULL;

    assert_true(form_parse(text, strlen(text), &fields, &err));
    assert_int_equal(strlen(form_text(fields, "a")), FORM_VALUE_LIMIT);
    json_decref(fields);
    free(text);
}

TEST(a_program_may_send_json)
{
    assert_string_equal(
        parse_json("{\"a\": \"x\", \"n\": 3, \"t\": true, \"l\": [1, \"2\"], "
                   "\"nothing\": null, \"r\": 2.5}"),
        "{\"a\":\"x\",\"l\":[\"1\",\"2\"],\"n\":\"3\",\"r\":\"2.5\",\"t\":\"true\"}");
    static const char *const wrong[] = {"",
                                        "[]",
                                        "3",
                                        "{",
                                        "{\"a\": {}}",
                                        "{\"a\": [[1]]}",
                                        "{\"A\": 1}",
                                        "{\"a\": \"\\u0000\"}",
                                        "{\"a\": 1, \"a\": 2}",
                                        "{\"a\": [null]}"};

    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        assert_int_not_equal(parse_json(wrong[i])[0], '{');
    }
}

TEST(a_field_that_is_a_list_has_no_single_text)
{
    struct error err = ERROR_INIT;
    json_t *fields = NULL;

    assert_true(form_parse("a=1&a=2&b=3", 11, &fields, &err));
    assert_string_equal(form_text(fields, "a"), "");
    assert_string_equal(form_text(fields, "b"), "3");
    assert_string_equal(form_text(fields, "c"), "");
    form_wipe(fields, "b");
    assert_string_equal(form_text(fields, "b"), "");
    json_decref(fields);
}
