#include "tests/unit/unit.h"

#include <limits.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/memory.h"

#ifdef SANITIZED
#include <sanitizer/common_interface_defs.h>
#endif

/* More than any machine has; volatile, so that no compiler sees through it. */
static volatile size_t too_much = (size_t)1 << 58;
static volatile int too_wide = INT_MAX;
/* What is asked for goes here, or a compiler that sees the whole program asks for nothing. */
static void *volatile kept;

static void ask_for_too_much(void)
{
    kept = xcalloc(too_much, 8);
}

static void grow_too_much(void)
{
    kept = xreallocarray(NULL, too_much, 8);
}

static void overflow(void)
{
    kept = xreallocarray(NULL, too_much, too_much);
}

static void copy_too_much(void)
{
    kept = xstrndup("x", too_much * 64 - 1); /* the greatest size, and a byte for the end */
}

static void format_too_much(void)
{
    kept = xasprintf("%*s%*s", too_wide, "", too_wide, "");
}

/* So that two gigabytes of blanks are not written before there is no room for them. A sanitizer's
 * own memory is larger than any such limit. */
static void limit_memory(void)
{
#ifndef SANITIZED
    const struct rlimit limit = {.rlim_cur = 256UL << 20, .rlim_max = 256UL << 20};

    assert_int_equal(setrlimit(RLIMIT_AS, &limit), 0);
#else
    /* It tells of each allocation that it refuses, which is what is wanted here. */
    __sanitizer_set_report_path("/dev/null");
#endif
}

TEST(without_memory_the_process_ends_at_once_and_says_why)
{
    static void (*const ways[])(void) = {ask_for_too_much, grow_too_much, overflow, copy_too_much,
                                         format_too_much};

    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        int ends[2];
        char said[64] = "";
        int status = 0;

        assert_int_equal(pipe(ends), 0);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            (void)dup2(ends[1], STDERR_FILENO);
            limit_memory();
            ways[i]();
            _exit(EX_OK);
        }
        close(ends[1]);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(read(ends[0], said, sizeof(said) - 1) > 0);
        close(ends[0]);
        assert_true(WIFEXITED(status)); /* no signal: no core file */
        assert_int_equal(WEXITSTATUS(status), EX_OSERR);
        assert_non_null(strstr(said, "out of memory\n"));
    }
}

TEST(nothing_is_a_size_too)
{
    char *none = xcalloc(0, 0);
    char *moved = xreallocarray(none, 0, 8);

    assert_non_null(moved);
    free(moved);
    assert_null(xstrdup(NULL));
    free_secret(NULL);
}

TEST(copies_are_whole_and_end)
{
    AUTO(free) char *cut = xstrndup("abcdef", 3);
    AUTO(free) char *empty = xstrndup(NULL, 0);
    AUTO(free) char *text = xasprintf("%s-%d", "a", 7);

    assert_string_equal(cut, "abc");
    assert_string_equal(empty, "");
    assert_string_equal(text, "a-7");
}
