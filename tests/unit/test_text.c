#include "tests/unit/kind_helpers.h"

#include "worker/api/text/text.h"

TEST(cleaning_leaves_one_bounded_line)
{
    static const struct {
        const char *text;
        size_t most;
        const char *clean;
    } rows[] = {
        {"Fenna", 10, "Fenna"},
        {"  Fenna \t Testveld\r\n", 20, "Fenna Testveld"},
        {"", 10, NULL},
        {" \t\n ", 10, NULL},
        {"\x01\x02\x7F", 10, NULL},
        {"a\x01"
         "b\x1B[31mc",
         20, "ab[31mc"},
        {"a\xC2\x85"
         "b\xC2\x9B"
         "c",
         20, "a bc"},
        {"\xC2\xA0"
         "Oss\xC2\xA0",
         10, "Oss"},
        {"a\xE2\x80\xA8"
         "b\xE2\x80\xA9"
         "c",
         10, "a b c"},
        {"\xEF\xBB\xBF"
         "BOM",
         10, "BOM"},
        {"a\xE2\x80\xAE"
         "b\xE2\x81\xA7"
         "c\xE2\x80\x93"
         "d",
         10,
         "abc\xE2\x80\x93"
         "d"},
        {"Belgi\xC3\xAB", 10, "Belgi\xC3\xAB"},
        {"Belgi\xC3\xAB", 6, "Belgi\xC3\xAB"},
        {"Belgi\xC3\xAB", 5, "Belgi"},
        {"Belgi\xEB NV", 20, "Belgi\xEF\xBF\xBD NV"},
        {"\xFF\xFE\xFD", 2, "\xEF\xBF\xBD\xEF\xBF\xBD"},
        {"abc def", 4, "abc"},
        {"abc def", 5, "abc d"},
        {"\xF0\x9F\x93\xA6\xF0\x9F\x93\xA6", 1, "\xF0\x9F\x93\xA6"},
        {"anything", 0, NULL},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        AUTO(free) char *clean = text_clean(rows[i].text, strlen(rows[i].text), rows[i].most);

        check_text(rows[i].text, clean, rows[i].clean);
    }
}

TEST(cleaning_drops_zero_bytes)
{
    AUTO(free) char *clean = text_clean("a\0b\0", 4, 10);

    check_text("zeros", clean, "ab");
}

TEST(digit_texts_are_compared_by_value)
{
    static const struct {
        const char *left;
        const char *right;
        int sign;
    } rows[] = {
        {"9", "10", -1},
        {"10", "9", 1},
        {"20411", "20411", 0},
        {"007", "7", 0},
        {"", "1", -1},
        {"0", "", 0},
        {"99999999999999999999", "100000000000000000000", -1},
        {"20412", "20411", 1},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        int result = text_compare_numbers(rows[i].left, rows[i].right);

        ROW_CHECK(rows[i].left, (result > 0) - (result < 0) == rows[i].sign);
    }
    assert_true(text_is_digits("20411"));
    assert_false(text_is_digits(""));
    assert_false(text_is_digits("T-57"));
    assert_false(text_is_digits("-5"));
    assert_false(text_is_digits("12 "));
}

TEST(a_uuid_has_its_form)
{
    assert_true(text_is_uuid("3b0f6a52-7c1e-4d7e-9a57-0c7f5b7a1101"));
    assert_true(text_is_uuid("3B0F6A52-7C1E-4D7E-9A57-0C7F5B7A1101"));
    assert_false(text_is_uuid(""));
    assert_false(text_is_uuid("3b0f6a52-7c1e-4d7e-9a57-0c7f5b7a110"));
    assert_false(text_is_uuid("3b0f6a52-7c1e-4d7e-9a57-0c7f5b7a11011"));
    assert_false(text_is_uuid("3b0f6a52x7c1e-4d7e-9a57-0c7f5b7a1101"));
    assert_false(text_is_uuid("3b0f6a52-7c1e-4d7e-9a57-0c7f5b7a110g"));
}

TEST(percent_encoding_leaves_nothing_special)
{
    char encoded[20];

    assert_true(text_percent_encode("20411", encoded, sizeof(encoded)));
    assert_string_equal(encoded, "20411");
    assert_true(text_percent_encode("a/../?b&", encoded, sizeof(encoded)));
    assert_string_equal(encoded, "a%2F..%2F%3Fb%26");
    assert_true(text_percent_encode("\xC3\xAB-_~", encoded, sizeof(encoded)));
    assert_string_equal(encoded, "%C3%AB-_~");
    assert_false(text_percent_encode("0123456789012345678901", encoded, sizeof(encoded)));
    assert_string_equal(encoded, "");
}

TEST(scrubbing_blanks_out_what_may_be_personal_or_secret)
{
    static const char *const rows[][2] = {
        {"Order not found", "Order not found"},
        {"no user jan@example.org here", "no user ... here"},
        {"token=abc is wrong", "... is wrong"},
        {"bad 0123456789abcdef0123456789abcdef!", "bad ..."},
        {"@", "."},
        {"a  =  b", "a  .  b"},
        {"", ""},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        char text[100];

        snprintf(text, sizeof(text), "%s", rows[i][0]);
        text_scrub(text);
        check_text(rows[i][0], text, rows[i][1]);
    }
}
