#include "tests/unit/unit.h"

#include <errno.h>
#include <jansson.h>
#include <pthread.h>
#include <regex.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/log.h"

static int saved_stderr = -1;
static int pipe_ends[2];

/* From here on what is written to standard error goes into a pipe (64 KiB, so no reader is needed).
 */
static void capture_start(void)
{
    assert_int_equal(pipe(pipe_ends), 0);
    saved_stderr = dup(STDERR_FILENO);
    assert_true(dup2(pipe_ends[1], STDERR_FILENO) >= 0);
    close(pipe_ends[1]);
}

/* Puts standard error back and returns what was written, in a static buffer. */
static const char *capture_end(void)
{
    static char text[65536];
    FILE *stream = fdopen(pipe_ends[0], "r");

    dup2(saved_stderr, STDERR_FILENO);
    close(saved_stderr);
    text[fread(text, 1, sizeof(text) - 1, stream)] = '\0';
    (void)fclose(stream);
    return text;
}

static const char *line_with_text(enum log_format format, const char *value)
{
    log_setup(LOG_LEVEL_INFO, format);
    capture_start();
    LOG_INFO("e", LOG_TEXT("v", value));

    return capture_end();
}

/* The part of a logfmt line after " v=", without the newline. */
static const char *logfmt_value(const char *value)
{
    const char *line = line_with_text(LOG_FORMAT_LOGFMT, value);
    char *start = strstr(line, " v=");

    assert_non_null(start);
    start[strlen(start) - 1] = '\0';
    return start + 3;
}

static void assert_matches(const char *text, const char *pattern)
{
    regex_t regex;

    assert_int_equal(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
    if (regexec(&regex, text, 0, NULL, 0) != 0) {
        fail_msg("'%s' does not match '%s'", text, pattern);
    }
    regfree(&regex);
}

#define TIME "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[.][0-9]{6}Z"

TEST(a_logfmt_line_has_time_level_thread_event_and_fields)
{
    log_setup(LOG_LEVEL_INFO, LOG_FORMAT_LOGFMT);
    log_set_thread_name("w0");
    capture_start();
    LOG_INFO("jobs claimed", LOG_INT("jobs", 12), LOG_TEXT("kind", "poll"),
             LOG_SECONDS("took", 1500000));

    assert_matches(capture_end(), "^time=" TIME " level=info thread=w0 event=\"jobs claimed\" "
                                  "jobs=12 kind=poll took=1[.]500000\n$");
}

TEST(a_json_line_has_the_same_members)
{
    log_setup(LOG_LEVEL_INFO, LOG_FORMAT_JSON);
    log_set_thread_name("w0");
    capture_start();
    LOG_ERROR("jobs claimed", LOG_INT("jobs", 12), LOG_TEXT("kind", "poll"),
              LOG_SECONDS("took", -1));

    assert_matches(capture_end(), "^[{]\"time\":\"" TIME "\",\"level\":\"error\",\"thread\":\"w0\","
                                  "\"event\":\"jobs claimed\",\"jobs\":12,\"kind\":\"poll\","
                                  "\"took\":-0[.]000001[}]\n$");
}

TEST(a_line_needs_no_fields_and_a_null_text_is_left_out)
{
    log_setup(LOG_LEVEL_DEBUG, LOG_FORMAT_LOGFMT);
    capture_start();
    LOG_DEBUG("started");

    LOG_WARNING("stopped", LOG_TEXT("why", NULL), LOG_INT("after", 3));

    assert_matches(capture_end(),
                   "level=debug .*event=started\n.*level=warning .*event=stopped after=3\n$");
}

TEST(lines_below_the_level_are_not_written)
{
    log_setup(LOG_LEVEL_WARNING, LOG_FORMAT_LOGFMT);
    assert_false(log_enabled(LOG_LEVEL_DEBUG) || log_enabled(LOG_LEVEL_INFO));
    assert_true(log_enabled(LOG_LEVEL_WARNING) && log_enabled(LOG_LEVEL_ERROR));
    capture_start();
    LOG_DEBUG("a");

    LOG_INFO("b");

    assert_string_equal(capture_end(), "");
}

TEST(a_thread_name_is_cut_at_15_bytes)
{
    log_setup(LOG_LEVEL_INFO, LOG_FORMAT_LOGFMT);
    log_set_thread_name("0123456789abcdefghij");
    capture_start();
    LOG_INFO("x");

    assert_matches(capture_end(), "thread=0123456789abcde event");
    log_set_thread_name("main");
}

TEST(numbers_are_printed_whole)
{
    static const struct {
        struct log_field field;
        const char *text;
    } cases[] = {
        {{.key = "n", .type = LOG_FIELD_INT, .number = 0}, " n=0\n"},
        {{.key = "n", .type = LOG_FIELD_INT, .number = -7}, " n=-7\n"},
        {{.key = "n", .type = LOG_FIELD_INT, .number = INT64_MAX}, " n=9223372036854775807\n"},
        {{.key = "n", .type = LOG_FIELD_INT, .number = INT64_MIN}, " n=-9223372036854775808\n"},
        {{.key = "n", .type = LOG_FIELD_SECONDS, .number = 42}, " n=0.000042\n"},
        {{.key = "n", .type = LOG_FIELD_SECONDS, .number = -1500000}, " n=-1.500000\n"},
        {{.key = "n", .type = LOG_FIELD_SECONDS, .number = INT64_MIN},
         " n=-9223372036854.775808\n"},
    };

    log_setup(LOG_LEVEL_INFO, LOG_FORMAT_LOGFMT);
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        capture_start();
        log_write(LOG_LEVEL_INFO, "e", &cases[i].field, 1);
        assert_non_null(strstr(capture_end(), cases[i].text));
    }
}

TEST(logfmt_values_are_quoted_and_escaped_only_when_needed)
{
    static const struct {
        const char *value, *printed;
    } cases[] = {
        {"poll", "poll"},
        {"https://host:80/a,b;c", "https://host:80/a,b;c"},
        {"\xC3\xA9t\xC3\xA9", "\xC3\xA9t\xC3\xA9"},
        {"", "\"\""},
        {"two words", "\"two words\""},
        {"a=b", "\"a=b\""},
        {"say \"x\"", "\"say \\\"x\\\"\""},
        {"\"", "\"\\\"\""},
        {"back\\slash", "\"back\\\\slash\""},
        {"x\nlevel=error event=forged", "\"x\\nlevel=error event=forged\""},
        {"a\r\tb", "\"a\\r\\tb\""},
        {"\x1B[2J", "\"\\u001b[2J\""},
        {"\x7F", "\"\\u007f\""},
        {"\xC2\x9B", "\"\\u009b\""},     /* CSI, as a C1 control */
        {"\xE2\x80\xA8", "\"\\u2028\""}, /* line separator */
        {"\xE2\x80\xAE", "\"\\u202e\""}, /* right-to-left override */
        {"\xE2\x81\xA6", "\"\\u2066\""}, /* left-to-right isolate */
        {"\xE2\x80\x8F", "\"\\u200f\""}, /* right-to-left mark */
        {"\xD8\x9C", "\"\\u061c\""},     /* Arabic letter mark */
        {"\xF0\x9F\x98\x80", "\xF0\x9F\x98\x80"},
        {"\xFF", "\"\xEF\xBF\xBD\""},
        {"\xC0\xAF", "\"\xEF\xBF\xBD\xEF\xBF\xBD\""},                 /* '/' in too long a form */
        {"\xE0\x80\x8A", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""}, /* newline, likewise */
        {"\xED\xA0\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""}, /* a surrogate */
        {"\xF4\x90\x80\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
        {"cut \xE2\x82", "\"cut \xEF\xBF\xBD\xEF\xBF\xBD\""},
        {"\x9B"
         "31m",
         "\"\xEF\xBF\xBD"
         "31m\""},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_string_equal(logfmt_value(cases[i].value), cases[i].printed);
    }
}

TEST(json_says_the_same_value_when_it_is_read_again)
{
    static const char *const values[] = {
        "",
        "poll",
        "two words",
        "say \"x\"",
        "back\\slash",
        "a\nb\r\tc",
        "\x01\x1F\x7F",
        "\xC2\x9B \xE2\x80\xA8 \xE2\x80\xAE",
        "\xF0\x9F\x98\x80",
        "</script>",
    };

    for (size_t i = 0; i < ARRAY_LENGTH(values); i++) {
        json_auto_t *line = json_loads(line_with_text(LOG_FORMAT_JSON, values[i]), 0, NULL);

        assert_non_null(line);
        assert_string_equal(json_string_value(json_object_get(line, "v")), values[i]);
    }
}

/* Every byte, every pair of a lead byte and another, and pseudo-random noise. */
TEST(no_input_whatever_breaks_a_line)
{
    unsigned random = 1;

    for (int round = 0; round < 3000; round++) {
        char value[64] = "";
        size_t length = round < 256 ? 1 : 1 + (size_t)round % 60;

        for (size_t i = 0; i < length; i++) {
            random = random * 1103515245 + 12345;
            value[i] = (char)(round < 256 ? round : (int)(random >> 16));
        }

        const char *text = line_with_text(LOG_FORMAT_JSON, value);
        size_t size = strlen(text);
        json_auto_t *line = json_loads(text, 0, NULL);

        assert_non_null(line); /* it is UTF-8 as well: jansson checks */
        assert_ptr_equal(strchr(text, '\n'), text + size - 1);
        for (size_t i = 0; i + 1 < size; i++) {
            assert_true((unsigned char)text[i] >= ' ' && text[i] != 0x7F);
        }
    }
}

TEST(a_long_value_is_cut_at_1_kib_and_says_so)
{
    static const struct {
        const char *piece;
        size_t least, most; /* printed bytes, quotes not counted */
    } cases[] = {
        {"x", 1024, 1024},
        {"\xE2\x82\xAC", 1021, 1024},
        {"\x01", 1018, 1024},
        {"\xFF", 1021, 1024},
    };
    char value[9000];

    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        size_t step = strlen(cases[i].piece);

        for (size_t at = 0; at + step < sizeof(value); at += step) {
            memcpy(value + at, cases[i].piece, step + 1);
        }

        const char *printed = logfmt_value(value);
        size_t quotes = printed[0] == '"' ? 1 : 0;
        size_t length = strlen(printed) - 2 * quotes;

        assert_in_range(length, cases[i].least, cases[i].most);
        assert_memory_equal(printed + quotes + length - 3, "...", 3);
    }
}

TEST(a_value_of_exactly_1_kib_is_not_cut)
{
    char value[1026];

    memset(value, 'x', sizeof(value));
    value[1024] = '\0';
    assert_string_equal(logfmt_value(value), value);
    value[1024] = 'y';
    value[1025] = '\0';
    assert_int_equal(strlen(logfmt_value(value)), 1024);
}

TEST(a_line_with_too_many_fields_stays_whole_and_under_4_kib)
{
    static const enum log_format formats[] = {LOG_FORMAT_LOGFMT, LOG_FORMAT_JSON};
    char value[2000];

    for (size_t length = 700; length < 1200; length++) {
        memset(value, 'x', length);
        value[length] = '\0';
        for (size_t i = 0; i < ARRAY_LENGTH(formats); i++) {
            log_setup(LOG_LEVEL_INFO, formats[i]);
            capture_start();
            LOG_INFO("e", LOG_TEXT("a", value), LOG_TEXT("b", value), LOG_TEXT("c", value),
                     LOG_TEXT("d", value), LOG_TEXT("f", value), LOG_INT("g", 1234567890));

            const char *text = capture_end();

            assert_true(strlen(text) <= 4096);
            assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
            if (formats[i] == LOG_FORMAT_JSON) {
                json_auto_t *line = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

                assert_non_null(line);
                assert_int_equal(json_is_true(json_object_get(line, "cut")),
                                 json_object_get(line, "g") == NULL ||
                                     json_object_get(line, "f") == NULL);
            }
        }
    }
}

TEST(logging_does_not_disturb_errno)
{
    int saved = dup(STDERR_FILENO);

    log_setup(LOG_LEVEL_INFO, LOG_FORMAT_LOGFMT);
    close(STDERR_FILENO);
    errno = ENOENT;
    LOG_ERROR("nobody hears this");

    int after = errno;
    dup2(saved, STDERR_FILENO);
    close(saved);
    assert_int_equal(after, ENOENT);
}

#define THREADS 4
#define LINES   80

static void *write_lines(void *context)
{
    log_set_thread_name(context);
    for (int i = 0; i < LINES; i++) {
        LOG_INFO("line", LOG_INT("number", i), LOG_TEXT("text", "a b c d e f g h i j k l m n o p"));
    }
    return NULL;
}

TEST(lines_of_several_threads_are_not_mixed)
{
    static char names[THREADS][4] = {"w0", "w1", "w2", "w3"};
    pthread_t threads[THREADS];
    int lines = 0;

    log_setup(LOG_LEVEL_INFO, LOG_FORMAT_LOGFMT);
    capture_start();
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, write_lines, names[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    for (const char *line = capture_end(); *line != '\0'; lines++) {
        const char *end = strchr(line, '\n');

        assert_non_null(end);
        assert_memory_equal(line, "time=", 5);
        assert_memory_equal(end - 3, " p\"", 3);
        line = end + 1;
    }
    assert_int_equal(lines, THREADS * LINES);
}
