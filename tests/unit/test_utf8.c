#include "tests/unit/unit.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/utf8.h"

/* Smallest and largest of each length, and what stands just beside them. */
static const struct {
    const char *name;
    const char *bytes;
    size_t left;
    size_t length; /* 0: not valid */
    uint32_t code_point;
} rows[] = {
    {"zero", "\0", 1, 1, 0},
    {"letter", "a", 1, 1, 'a'},
    {"letter before others", "ab", 2, 1, 'a'},
    {"last of one byte", "\x7F", 1, 1, 0x7F},
    {"first of two bytes", "\xC2\x80", 2, 2, 0x80},
    {"last of two bytes", "\xDF\xBF", 2, 2, 0x7FF},
    {"first of three bytes", "\xE0\xA0\x80", 3, 3, 0x800},
    {"last before surrogates", "\xED\x9F\xBF", 3, 3, 0xD7FF},
    {"first behind surrogates", "\xEE\x80\x80", 3, 3, 0xE000},
    {"last of three bytes", "\xEF\xBF\xBF", 3, 3, 0xFFFF},
    {"first of four bytes", "\xF0\x90\x80\x80", 4, 4, 0x10000},
    {"parcel", "\xF0\x9F\x93\xA6", 4, 4, 0x1F4E6},
    {"highest", "\xF4\x8F\xBF\xBF", 4, 4, 0x10FFFF},
    {"too high", "\xF4\x90\x80\x80", 4, 0, 0},
    {"much too high", "\xF7\xBF\xBF\xBF", 4, 0, 0},
    {"five bytes", "\xF8\x88\x80\x80\x80", 5, 0, 0},
    {"never valid", "\xFF", 1, 0, 0},
    {"continuation first", "\x80", 1, 0, 0},
    {"overlong two", "\xC0\x80", 2, 0, 0},
    {"last overlong two", "\xC1\xBF", 2, 0, 0},
    {"last overlong three", "\xE0\x9F\xBF", 3, 0, 0},
    {"last overlong four", "\xF0\x8F\xBF\xBF", 4, 0, 0},
    {"first surrogate", "\xED\xA0\x80", 3, 0, 0},
    {"last surrogate", "\xED\xBF\xBF", 3, 0, 0},
    {"cut two", "\xC3", 1, 0, 0},
    {"cut three", "\xE2\x82", 2, 0, 0},
    {"cut four", "\xF0\x9F\x93", 3, 0, 0},
    {"end of the text within", "\xE2\x82", 3, 0, 0},
    {"latin-1",
     "\xEB"
     "ab",
     3, 0, 0},
    {"second byte is none", "\xF0\x41\x80\x80", 4, 0, 0},
    {"last byte is none", "\xF0\x9F\x93\xC0", 4, 0, 0},
};

TEST(what_is_valid_has_a_length_and_a_code_point)
{
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        uint32_t code_point = 77;
        uint32_t wanted = rows[i].length > 0 ? rows[i].code_point : 77;
        size_t length = utf8_decode(rows[i].bytes, rows[i].left, &code_point);

        if (length != rows[i].length || code_point != wanted ||
            utf8_length(rows[i].bytes, rows[i].left) != length) {
            fail_msg("%s: length %zu, U+%04X", rows[i].name, length, code_point);
        }
    }
}

/* Encoded here by shifts; the surrogates, which are none, excepted. */
TEST(all_code_points_come_back)
{
    for (uint32_t code_point = 0; code_point <= 0x10FFFF; code_point++) {
        bool is_surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
        size_t length = code_point < 0x80      ? 1
                        : code_point < 0x800   ? 2
                        : code_point < 0x10000 ? 3
                                               : 4;
        static const unsigned starts[] = {0, 0x00, 0xC0, 0xE0, 0xF0};
        char bytes[UTF8_LONGEST];
        uint32_t found = 0;

        for (size_t i = length; i-- > 1;) {
            bytes[i] = (char)(0x80 | (code_point >> 6 * (length - 1 - i) & 0x3F));
        }
        bytes[0] = (char)(starts[length] | code_point >> 6 * (length - 1));
        assert_int_equal(utf8_decode(bytes, length, &found), is_surrogate ? 0 : length);
        assert_int_equal(found, is_surrogate ? 0 : code_point);
    }
}

TEST(cutting_leaves_whole_characters)
{
    static const struct {
        const char *text;
        size_t most;
        const char *cut;
    } texts[] = {
        {"abc", 2, "ab"},
        {"abc", 9, "abc"},
        {"", 0, ""},
        {"a", 0, ""},
        {"a\xC3\xAB", 3, "a\xC3\xAB"},
        {"a\xC3\xAB", 2, "a"},
        {"a\xE2\x82\xAC", 3, "a"},
        {"\xF0\x9F\x93\xA6", 3, ""},
        {"\xF0\x9F\x93\xA6!", 4, "\xF0\x9F\x93\xA6"},
        {"a\xC3", 9, "a"}, /* it was cut before */
    };

    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        char text[20];

        snprintf(text, sizeof(text), "%s", texts[i].text);
        utf8_cut(text, texts[i].most);
        assert_string_equal(text, texts[i].cut);
    }
}
