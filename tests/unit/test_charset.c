/* Text in another character set than UTF-8, and marks in front of it. */
#include "tests/unit/kind_helpers.h"

#include "worker/api/text/charset.h"

TEST(a_text_in_a_set_that_is_named_becomes_utf8)
{
    static const struct {
        const char *type, *bytes, *text;
    } rows[] = {
        {"application/json; charset=ISO-8859-1", "{\"n\":\"Caf\xE9 \xA0\xFF\"}",
         "{\"n\":\"Caf\xC3\xA9 \xC2\xA0\xC3\xBF\"}"},
        {"application/json;charset=\"iso-8859-1\"", "\xE9", "\xC3\xA9"},
        {"APPLICATION/JSON; v=1; Charset=Latin1; q=1", "\xE9", "\xC3\xA9"},
        {"application/problem+json; charset=windows-1252", "\x80 1", "\xE2\x82\xAC 1"},
        {"text/html; charset=us-ascii", "\xE9", "\xC3\xA9"},
        {"application/json; charset=cp1252", "a\x81z\x9D", "a\xEF\xBF\xBDz\xEF\xBF\xBD"},
        {"application/json; charset=ISO-8859-15", "\xA4", "\xE2\x82\xAC"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        AUTO(buffer) struct buffer text = BUFFER_INIT(100);

        ROW_CHECK(rows[i].type,
                  charset_to_utf8(rows[i].type, rows[i].bytes, strlen(rows[i].bytes), &text));
        assert_string_equal(text.bytes, rows[i].text);
    }
}

/* A server often names Latin-1 whatever is sent; and a file is no text, whatever is said of it. */
TEST(what_is_utf8_or_no_text_stays_as_it_is)
{
    static const char *const rows[][2] = {
        {"application/json; charset=iso-8859-1", "Caf\xC3\xA9"},
        {"application/json; charset=iso-8859-1", "plain"},
        {"application/json; charset=iso-8859-1", ""},
        {"application/json; charset=utf-8", "\xE9"},
        {"application/json", "\xE9"},
        {"application/json; charset=", "\xE9"},
        {"application/json; charset=iso-8859-1x", "\xE9"},
        {"application/json; charset=ISO-2022-CN-EXT", "\xE9"},
        {"application/json; x=json", "\xE9"},
        {"application/pdf; charset=iso-8859-1", "\xE9"},
        {"application/pdf; name=json; charset=iso-8859-1", "\xE9"},
        {"charset=iso-8859-1", "\xE9"},
        {"", "\xE9"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        AUTO(buffer) struct buffer text = BUFFER_INIT(100);

        ROW_CHECK(rows[i][0], !charset_to_utf8(rows[i][0], rows[i][1], strlen(rows[i][1]), &text));
        assert_int_equal(text.length, 0);
    }
}

TEST(a_long_text_is_converted_whole_or_not_at_all)
{
    enum { BYTES = 10000 };
    AUTO(buffer) struct buffer text = BUFFER_INIT((size_t)2 * BYTES);
    AUTO(buffer) struct buffer narrow = BUFFER_INIT((size_t)2 * BYTES - 1);
    char bytes[BYTES];

    memset(bytes, 0xE9, sizeof(bytes));
    assert_true(charset_to_utf8("text/plain; charset=latin1", bytes, BYTES, &text));
    assert_int_equal(text.length, 2 * BYTES);
    for (size_t i = 0; i < text.length; i += 2) {
        assert_memory_equal(text.bytes + i, "\xC3\xA9", 2);
    }
    assert_false(charset_to_utf8("text/plain; charset=latin1", bytes, BYTES, &narrow));
    assert_int_equal(narrow.length, 0);
}

TEST(a_byte_order_mark_stands_at_the_start_only)
{
    assert_int_equal(charset_mark_length("\xEF\xBB\xBF{}", 5), 3);
    assert_int_equal(charset_mark_length("\xEF\xBB\xBF", 3), 3);
    assert_int_equal(charset_mark_length("\xEF\xBB\xBF", 2), 0);
    assert_int_equal(charset_mark_length("{\xEF\xBB\xBF}", 5), 0);
    assert_int_equal(charset_mark_length("", 0), 0);
}
