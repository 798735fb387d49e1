/* Errors, error classes, memory and clocks: the small modules that everything else stands on. */

#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/error.h"
#include "common/memory.h"
#include "worker/api/error_class.h"

TEST(setting_an_error_fills_code_and_text_and_returns_false)
{
    struct error err = ERROR_INIT;

    assert_false(error_set(&err, ERROR_CONFIG, "cannot read '%s': %s", "x", "no"));
    assert_int_equal(err.code, ERROR_CONFIG);
    assert_string_equal(err.text, "cannot read 'x': no");
    assert_false(error_set(&err, ERROR_DATA, "%s", "second"));
    assert_int_equal(err.code, ERROR_DATA);
    assert_string_equal(err.text, "second");
}

TEST(no_error_struct_is_accepted_everywhere)
{
    assert_false(error_set(NULL, ERROR_DATA, "%d", 1));
    assert_false(error_prefix(NULL, "%d", 1));
}

TEST(an_error_text_can_be_an_argument_of_its_successor)
{
    struct error err = ERROR_INIT;

    error_set(&err, ERROR_DATA, "inner");
    error_set(&err, ERROR_DATA, "outer (%s)", err.text);
    assert_string_equal(err.text, "outer (inner)");
    error_prefix(&err, "before %s", err.text);
    assert_string_equal(err.text, "before outer (inner): outer (inner)");
}

TEST(a_prefix_keeps_the_code_and_stands_before_the_text)
{
    struct error err = ERROR_INIT;

    error_set(&err, ERROR_SYSTEM, "too many open files");
    assert_false(error_prefix(&err, "cannot start thread %d", 7));
    assert_int_equal(err.code, ERROR_SYSTEM);
    assert_string_equal(err.text, "cannot start thread 7: too many open files");
}

/* A text of `ascii` letters and then `tail`, repeated until it is far too long. */
static void fill(char *text, size_t size, size_t ascii, const char *tail)
{
    memset(text, 'a', ascii);
    for (size_t i = ascii; i < size - 1; i++) {
        text[i] = tail[(i - ascii) % strlen(tail)];
    }
    text[size - 1] = '\0';
}

TEST(a_long_text_is_cut_after_a_whole_character)
{
    static const struct {
        size_t ascii;
        const char *tail;
        size_t length;
    } cases[] = {
        {0, "b", 511},
        {0, "\xC3\xA9", 510}, /* two bytes each */
        {1, "\xC3\xA9", 511},
        {0, "\xE2\x82\xAC", 510}, /* three */
        {1, "\xE2\x82\xAC", 511},
        {2, "\xE2\x82\xAC", 509},
        {0, "\xF0\x9F\x98\x80", 508}, /* four */
        {1, "\xF0\x9F\x98\x80", 509},
        {2, "\xF0\x9F\x98\x80", 510},
        {3, "\xF0\x9F\x98\x80", 511},
        {509, "\xC0\x80", 509}, /* too long a form is no character */
    };
    char text[2000];
    struct error err = ERROR_INIT;

    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        fill(text, sizeof(text), cases[i].ascii, cases[i].tail);
        error_set(&err, ERROR_DATA, "%s", text);
        assert_int_equal(strlen(err.text), cases[i].length);
        assert_memory_equal(err.text, text, cases[i].length);
        err.text[0] = '\0';
        error_prefix(&err, "%s", text);
        assert_int_equal(strlen(err.text), cases[i].length);
    }
}

TEST(a_text_of_stray_bytes_is_cut_without_harm)
{
    char text[2000];
    struct error err = ERROR_INIT;

    fill(text, sizeof(text), 0, "\x80");
    error_set(&err, ERROR_DATA, "%s", text);
    assert_in_range(strlen(err.text), 500, 511);
}

TEST(each_code_has_its_sysexits_value)
{
    static const struct {
        enum error_code code;
        int exit_code;
    } cases[] = {
        {ERROR_NONE, 0},
        {ERROR_USAGE, EX_USAGE},
        {ERROR_CONFIG, EX_CONFIG},
        {ERROR_UNAVAILABLE, EX_UNAVAILABLE},
        {ERROR_CONNECTION, EX_UNAVAILABLE},
        {ERROR_DATA, EX_DATAERR},
        {ERROR_PERMISSION, EX_NOPERM},
        {ERROR_SYSTEM, EX_OSERR},
        {ERROR_OUTPUT, EX_IOERR},
        {ERROR_INTERNAL, EX_SOFTWARE},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_int_equal(error_exit_code(cases[i].code), cases[i].exit_code);
    }
}

TEST(a_reason_is_what_the_system_says)
{
    assert_string_equal(error_reason(ENOENT), "No such file or directory");
    assert_non_null(strstr(error_reason(123456), "123456"));
}

TEST(each_class_has_the_name_of_the_sql_enum)
{
    static const char *const names[] = {"ok",           "rate_limited",   "auth",    "client_error",
                                        "server_error", "timeout",        "network", "tls",
                                        "unreadable",   "unknown_outcome"};

    for (unsigned i = 0; i < ARRAY_LENGTH(names); i++) {
        assert_string_equal(error_class_name((enum error_class)i), names[i]);
    }
}

TEST(memory_is_zeroed_copied_and_formatted)
{
    AUTO(free) char *zeroes = xcalloc(16, 1);
    AUTO(free) char *none = xcalloc(0, 8);
    AUTO(free) char *copy = xstrdup("shop");
    AUTO(free) char *part = xstrndup("shopkeeper", 4);
    AUTO(free) char *empty = xstrndup(NULL, 0);
    AUTO(free) char *text = xasprintf("%d-%s", 42, "x");

    for (int i = 0; i < 16; i++) {
        assert_int_equal(zeroes[i], 0);
    }
    assert_non_null(none);
    assert_string_equal(copy, "shop");
    assert_string_equal(part, "shop");
    assert_string_equal(empty, "");
    assert_string_equal(text, "42-x");
    assert_null(xstrdup(NULL));
    zeroes = xreallocarray(zeroes, 4, 1000);
    zeroes[3999] = 'x';
    none = xreallocarray(none, 0, 8);
    assert_non_null(none);
    free_secret(NULL);
    free_secret(xstrdup("secret"));
}

TEST(stealing_a_pointer_leaves_null)
{
    AUTO(free) char *owner = xstrdup("x");
    AUTO(free) char *taken = steal_ptr(&owner);

    assert_null(owner);
    assert_string_equal(taken, "x");
}

/* Asks for more than there can be, in a child. */
static int status_of_child(bool grow)
{
    pid_t child = fork();

    if (child == 0) {
        close(STDERR_FILENO);
        char *memory = grow ? xreallocarray(NULL, SIZE_MAX / 2, 4) : xstrndup("x", SIZE_MAX);
        _exit(memory != NULL ? 1 : 2);
    }

    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

TEST(memory_that_cannot_be_had_ends_the_process_without_a_core)
{
    assert_int_equal(status_of_child(true), EX_OSERR);
    assert_int_equal(status_of_child(false), EX_OSERR);
}

TEST(the_monotonic_clock_never_goes_back_and_the_wall_clock_is_after_2020)
{
    int64_t before = clock_monotonic_us();

    for (int i = 0; i < 1000; i++) {
        int64_t now = clock_monotonic_us();

        assert_true(now >= before);
        before = now;
    }
    assert_true(clock_wall_us() > INT64_C(1577836800000000));
}
