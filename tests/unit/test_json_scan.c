#include "tests/unit/kind_helpers.h"

#include "worker/api/text/json_scan.h"

#define TEXT_LENGTH 400

/* The same, one byte after the other. */
static size_t scan_slowly(const char *text, size_t length, size_t *ret_found)
{
    bool in_string = false;
    size_t count = 0;

    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\\' && i + 1 < length && (text[i + 1] == '"' || text[i + 1] == '\\')) {
            i++; /* outside strings too: a backslash there is broken JSON in any case */
        } else if (text[i] == '"') {
            in_string = !in_string;
        } else if (!in_string && text[i] != '\0' && strchr("{}[],", text[i]) != NULL) {
            ret_found[count++] = i;
        }
    }
    return count;
}

static void check_against_slow_scan(const char *text, size_t length)
{
    size_t expected[TEXT_LENGTH];
    size_t count = scan_slowly(text, length, expected);
    struct json_scan scan;

    json_scan_init(&scan, text, length);
    for (size_t i = 0; i < count; i++) {
        const char *at = json_scan_next(&scan);

        if (at == NULL || (size_t)(at - text) != expected[i]) {
            fail_msg("number %zu of %zu differs in '%.*s'", i, count, (int)length, text);
        }
    }
    assert_null(json_scan_next(&scan));
    assert_null(json_scan_next(&scan));
}

TEST(brackets_and_commas_outside_strings_are_found)
{
    check_against_slow_scan("", 0);
    check_against_slow_scan("[", 1);
    check_against_slow_scan("\"[,]\"", 5);
    check_against_slow_scan("[{\"a\":\"}\\\"],\"},[]]", 18);
}

/* Lengths run over the borders of blocks, with many quotes and backslashes. */
TEST(random_texts_of_all_lengths_are_scanned_right)
{
    static const char alphabet[] = "{}[],\"\\aaaaaaaaaa:1 \xE9";
    uint32_t seed = 99;

    for (int round = 0; round < 20000; round++) {
        size_t length = (size_t)round % TEXT_LENGTH;
        AUTO(free) char *text = xcalloc(length + 1, 1);

        for (size_t i = 0; i < length; i++) {
            seed = seed * 1664525 + 1013904223;
            text[i] = alphabet[(seed >> 16) % (sizeof(alphabet) - 1)];
        }

        /* Exactly as long as said, so that the sanitizer sees each byte read too many. */
        AUTO(free) char *exact = malloc(length > 0 ? length : 1);

        assert_non_null(exact);
        memcpy(exact, text, length);
        check_against_slow_scan(exact, length);
    }
}

TEST(long_runs_of_backslashes_keep_their_parity)
{
    for (size_t run = 0; run < 140; run++) {
        char text[TEXT_LENGTH];
        size_t length = 0;

        text[length++] = '"';
        for (size_t i = 0; i < run; i++) {
            text[length++] = '\\';
        }
        text[length++] = '"';
        text[length++] = ',';
        text[length++] = '"';
        text[length++] = ']';
        check_against_slow_scan(text, length);
    }
}
