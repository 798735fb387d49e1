#include "tests/unit/kind_helpers.h"

#include "worker/api/text/json_mend.h"

TEST(only_what_must_be_mended_is_changed)
{
    static const struct {
        const char *text;
        const char *mended; /* NULL: unchanged */
        bool odd_numbers;
    } rows[] = {
        {"{\"a\":\"b\"}", NULL, false},
        {"", NULL, false},
        {"\"\\u0041\\n\\\\\\\"\"", NULL, false},
        {"\"a\\u0000b\"", "\"ab\"", false},
        {"\"a\\\\u0000b\"", NULL, false},
        {"\"a\\\\\\u0000b\"", "\"a\\\\b\"", false},
        {"\"\\ud83d\\ude00\"", NULL, false},
        {"\"\\uD83D\\uDE00\"", NULL, false},
        {"\"\\ud83d\"", "\"\\ufffd\"", false},
        {"\"\\ude00\"", "\"\\ufffd\"", false},
        {"\"\\ud83d\\u0041\"", "\"\\ufffd\\u0041\"", false},
        {"\"\\ud83d\\ud83d\\ude00\"", "\"\\ufffd\\ud83d\\ude00\"", false},
        {"\"\\ud83d\\u0000x\"", "\"\\ufffdx\"", false},
        {"\"caf\xE9\"", "\"caf\xEF\xBF\xBD\"", false},
        {"\"caf\xC3\xA9\"", NULL, false},
        {"\"a\nb\tc\"", "\"a b c\"", false},
        {"{\n\t\"a\": 1\r\n}", NULL, false},
        {"\"open \\u00", NULL, false},
        {"\"open \\", NULL, false},
        {"\"open \\ud83d\\", "\"open \\ufffd\\", false},
        {"[1.5,-2,3]", NULL, false},
        {"[1e5]", NULL, true},
        {"[1E-99999]", NULL, true},
        {"[\"1e5\"]", NULL, false},
        {"[true,false,null]", NULL, false},
        {"[0.00000000000000000000000000000000000000000000001]", NULL, true},
        /* an escape that is cut short must not be completed by what stands behind the dropped
         * one */
        {"\"\\u\\u00000000\"", "\"\\u\\ufffd0000\"", false},
        {"\xFF[1]", "\xEF\xBF\xBD[1]", false},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct mended mended;

        json_mend(rows[i].text, strlen(rows[i].text), &mended);

        AUTO(free) char *text = mended.text;
        const char *whole = rows[i].mended != NULL ? rows[i].mended : rows[i].text;

        check_text(rows[i].text, text, rows[i].mended);
        ROW_CHECK(rows[i].text, mended.length == strlen(whole));
        ROW_CHECK(rows[i].text, mended.odd_numbers == rows[i].odd_numbers);
    }
}

TEST(wide_whole_numbers_can_be_quoted)
{
    static const struct {
        const char *text;
        const char *quoted; /* NULL: unchanged */
        bool wide_numbers;
    } rows[] = {
        {"[123456789012345678]", NULL, false},
        {"[1234567890123456789]", "[\"1234567890123456789\"]", true},
        {"[-123456789012345678]", "[\"-123456789012345678\"]", true},
        {"[1234567890.123456789]", NULL, false},
        {"[12345678901234567e80]", NULL, false},
        {"{\"a\":\"1234567890123456789\"}", NULL, false},
        {"{\"a\":1234567890123456789,\"b\":2}", "{\"a\":\"1234567890123456789\",\"b\":2}", true},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct mended mended;
        struct mended quoted;

        json_mend(rows[i].text, strlen(rows[i].text), &mended);
        json_mend_quoting(rows[i].text, strlen(rows[i].text), &quoted);

        AUTO(free) char *text = quoted.text;

        ROW_CHECK(rows[i].text, mended.text == NULL && mended.wide_numbers == rows[i].wide_numbers);
        check_text(rows[i].text, text, rows[i].quoted);
    }
}

/* Any bytes: what comes out has no more to mend, and jansson never refuses it for its bytes. */
TEST(mending_twice_changes_nothing)
{
    uint32_t seed = 12345;

    for (int round = 0; round < 20000; round++) {
        static const char alphabet[] = "\"\\u0d8c\xFF\xC3\xA9 \n{}1e";
        char text[24];
        size_t length = 0;
        struct mended first;
        struct mended second;

        for (length = 0; length < sizeof(text); length++) {
            seed = seed * 1664525 + 1013904223;
            text[length] = alphabet[(seed >> 16) % (sizeof(alphabet) - 1)];
        }
        json_mend(text, length, &first);

        AUTO(free) char *owned = first.text;

        json_mend(owned != NULL ? owned : text, first.length, &second);
        if (second.text != NULL) {
            free(second.text);
            fail_msg("round %d: mended twice", round);
        }
    }
}
