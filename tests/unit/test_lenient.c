#include "tests/unit/kind_helpers.h"

#include "worker/api/text/lenient.h"

/* {"v": <text>} */
static json_t *with_value(const char *text)
{
    AUTO(free) char *whole = xasprintf("{\"v\":%s}", text);
    struct error err = ERROR_INIT;
    json_t *json = lenient_parse(whole, strlen(whole), NULL, &err);

    if (json == NULL) {
        fail_msg("%s: %s", text, err.text);
    }
    return json;
}

TEST(parsing_names_the_trouble_and_not_the_content)
{
    static const char *const rows[][2] = {
        {"", "it ends too early"},
        {"{\"name\":\"Geheim", "it ends too early"},
        {"{\"name\":Geheim}", "invalid syntax"},
        {"{} Geheim", "something follows its end"},
        {"<html>Geheim", "invalid syntax"},
        {"[1e999999]", "a number is too large"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct error err = ERROR_INIT;

        ROW_CHECK(rows[i][0], lenient_parse(rows[i][0], strlen(rows[i][0]), NULL, &err) == NULL);
        ROW_CHECK(rows[i][0], err.code == ERROR_DATA);
        ROW_CHECK(rows[i][0], strstr(err.text, rows[i][1]) != NULL);
        ROW_CHECK(rows[i][0], strstr(err.text, "Geheim") == NULL);
    }
}

/* One is understood; a second one is a character where none may stand. */
TEST(a_byte_order_mark_is_no_part_of_the_text)
{
    static const struct {
        const char *text;
        bool is_json;
    } rows[] = {
        {"\xEF\xBB\xBF[]", true},   {"\xEF\xBB\xBF {\"a\":1}\n", true},
        {"\xEF\xBB\xBF", false},    {"\xEF\xBB\xBF\xEF\xBB\xBF[]", false},
        {" \xEF\xBB\xBF[]", false},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        json_auto_t *value = lenient_parse(rows[i].text, strlen(rows[i].text), NULL, NULL);

        ROW_CHECK(rows[i].text, (value != NULL) == rows[i].is_json);
    }
}

TEST(deep_nesting_is_refused_and_does_not_crash)
{
    AUTO(free) char *deep = xcalloc(1, 200001);
    struct error err = ERROR_INIT;

    memset(deep, '[', 200000);
    assert_null(lenient_parse(deep, 200000, NULL, &err));
    assert_non_null(strstr(err.text, "nested too deep"));
}

TEST(whole_numbers_beyond_64_bits_are_read)
{
    json_auto_t *json = with_value("123456789012345678901234567890");
    double number = 0;

    assert_true(lenient_number(json, "v", &number));
    assert_true(number > 1.2e29);
}

TEST(broken_bytes_are_mended_before_parsing)
{
    static const char text[] = "{\"v\":\"a\xE9\\u0000\\ud800\"}";
    struct mended mended;
    json_auto_t *json = lenient_parse(text, strlen(text), &mended, NULL);
    AUTO(free) char *owned = mended.text;
    AUTO(free) char *value = lenient_text(json, "v", 10);

    assert_non_null(owned);
    check_text("v", value, "a\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(texts_numbers_and_truth_are_read_from_anything)
{
    static const struct {
        const char *json;
        const char *text;
        double number; /* -1: not a number */
        bool is_true;
        bool is_set;
    } rows[] = {
        {"\"1001\"", "1001", 1001, false, true},
        {"1001", "1001", 1001, false, true},
        {"1001.0", "1001", 1001, false, true},
        {"47.45", "47.45", 47.45, false, true},
        {"\"68.00\"", "68.00", 68, false, true},
        {"\"12,4\"", "12,4", 12.4, false, true},
        {"\"1.234,50\"", "1.234,50", 1234.5, false, true},
        {"\"1,234.50\"", "1,234.50", 1234.5, false, true},
        {"0", "0", 0, false, false},
        {"\"0\"", "0", 0, false, false},
        {"\"0.00\"", "0.00", 0, false, false},
        {"1", "1", 1, true, true},
        {"\"1\"", "1", 1, true, true},
        {"true", NULL, -1, true, true},
        {"\"True\"", "True", -1, true, true},
        {"false", NULL, -1, false, false},
        {"\"false\"", "false", -1, false, true},
        {"null", NULL, -1, false, false},
        {"\"\"", NULL, -1, false, false},
        {"\"  \"", NULL, -1, false, false},
        {"[]", NULL, -1, false, false},
        {"{}", NULL, -1, false, false},
        {"[1]", NULL, -1, false, true},
        {"{\"a\":1}", NULL, -1, false, true},
        {"\"abc\"", "abc", -1, false, true},
        {"\"\\u0000\"", NULL, -1, false, false},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        json_auto_t *json = with_value(rows[i].json);
        AUTO(free) char *text = lenient_text(json, "v", 20);
        double number = -1;

        check_text(rows[i].json, text, rows[i].text);
        ROW_CHECK(rows[i].json, lenient_number(json, "v", &number) == (rows[i].number != -1));
        ROW_CHECK(rows[i].json, number == rows[i].number);
        ROW_CHECK(rows[i].json, lenient_true(json, "v") == rows[i].is_true);
        ROW_CHECK(rows[i].json, lenient_is_set(json, "v") == rows[i].is_set);
    }
}

TEST(what_is_no_number_is_told_from_what_is_not_there)
{
    static const struct {
        const char *json;
        enum lenient_figure figure;
    } rows[] = {
        {"12.4", LENIENT_READ},
        {"\"12,4\"", LENIENT_READ},
        {"0", LENIENT_READ},
        {"-1", LENIENT_READ},
        {"\" 1.234,50 \"", LENIENT_READ},
        {"null", LENIENT_ABSENT},
        {"\"\"", LENIENT_ABSENT},
        {"\" \\t\"", LENIENT_ABSENT},
        {"[]", LENIENT_ABSENT},
        {"{}", LENIENT_ABSENT},
        {"false", LENIENT_ABSENT},
        {"\"veel\"", LENIENT_STRANGE},
        {"\"12 kg\"", LENIENT_STRANGE},
        {"true", LENIENT_STRANGE},
        {"[12]", LENIENT_STRANGE},
        {"{\"value\":12}", LENIENT_STRANGE},
        {"\"1.23,4\"", LENIENT_STRANGE},
        {"\"-\"", LENIENT_STRANGE},
        {"\"123456789012345678901234567890\"", LENIENT_STRANGE},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        json_auto_t *json = with_value(rows[i].json);
        double number = 77;

        ROW_CHECK(rows[i].json, lenient_figure(json, "v", &number) == rows[i].figure);
        ROW_CHECK(rows[i].json, (number != 77) == (rows[i].figure == LENIENT_READ));
    }
    double number = 77;

    assert_int_equal(lenient_figure(NULL, "v", &number), LENIENT_ABSENT);
}

TEST(integers_are_whole_and_fit)
{
    static const struct {
        const char *json;
        bool is_integer;
        int32_t integer;
    } rows[] = {
        {"3", true, 3},
        {"\"3\"", true, 3},
        {"3.0", true, 3},
        {"-1", true, -1},
        {"2147483647", true, INT32_MAX},
        {"2147483648", false, 0},
        {"3.5", false, 0},
        {"\"3.5\"", false, 0},
        {"\"drie\"", false, 0},
        {"null", false, 0},
        {"[3]", false, 0},
        {"1e300", false, 0},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        json_auto_t *json = with_value(rows[i].json);
        int32_t integer = 0;

        ROW_CHECK(rows[i].json, lenient_integer(json, "v", &integer) == rows[i].is_integer);
        ROW_CHECK(rows[i].json, integer == rows[i].integer);
    }
}

TEST(objects_and_lists_come_in_many_forms)
{
    static const struct {
        const char *json;
        bool is_object;
        size_t list;
    } rows[] = {
        {"null", false, 0},
        {"\"\"", false, 0},
        {"[]", false, 0},
        {"{}", false, 0},
        {"7", false, 0},
        {"\"text\"", false, 0},
        {"{\"a\":1}", true, 1},
        {"[{\"a\":1}]", true, 1},
        {"[{\"a\":1},{\"b\":2}]", true, 2},
        {"[[]]", false, 1},
        {"[null]", false, 1},
        {"{\"0\":{\"a\":1},\"2\":{\"a\":2}}", true, 2},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        json_auto_t *json = with_value(rows[i].json);
        json_auto_t *list = lenient_list(json, "v");

        ROW_CHECK(rows[i].json, (lenient_object(json, "v") != NULL) == rows[i].is_object);
        ROW_CHECK(rows[i].json, (list != NULL) == (rows[i].list > 0));
        ROW_CHECK(rows[i].json, json_array_size(list) == rows[i].list);
    }
}

TEST(a_missing_parent_is_like_a_missing_member)
{
    double number = 5;
    int32_t integer = 5;
    json_auto_t *array = json_array();

    assert_null(lenient_object(NULL, "v"));
    assert_null(lenient_list(array, "v"));
    assert_null(lenient_text(NULL, "v", 5));
    assert_null(lenient_value_text(NULL, 5));
    assert_false(lenient_number(NULL, "v", &number));
    assert_false(lenient_integer(array, "v", &integer));
    assert_false(lenient_true(NULL, "v"));
    assert_false(lenient_is_set(NULL, "v"));
    assert_true(number == 5 && integer == 5);
}
