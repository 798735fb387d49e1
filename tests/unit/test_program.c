#include "tests/unit/unit.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/memory.h"
#include "common/program.h"

/* A command line, as main() gets it; static, since one is looked at at a time. */
static char text[200];
static char *words[20];
static int count;

static void give(const char *line)
{
    char *rest = NULL;

    snprintf(text, sizeof(text), "%s", line);
    count = 0;
    for (char *word = strtok_r(text, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
        words[count++] = word;
    }
    words[count] = NULL;
}

static void check_left(const char *line)
{
    AUTO(free) char *joined = xstrdup(words[0]);

    for (int i = 1; i < count; i++) {
        char *longer = xasprintf("%s %s", joined, words[i]);

        free(joined);
        joined = longer;
    }
    assert_string_equal(joined, line);
    assert_null(words[count]);
}

TEST(an_option_is_taken_out_with_its_value)
{
    give("seal --for=a=b x --public-key k --forty z");
    assert_string_equal(program_take_option(&count, words, "--for"), "a=b");
    check_left("seal x --public-key k --forty z");
    assert_string_equal(program_take_option(&count, words, "--public-key"), "k");
    check_left("seal x --forty z");
    assert_null(program_take_option(&count, words, "--for"));
    check_left("seal x --forty z");
}

TEST(an_option_may_have_an_empty_value_and_not_none)
{
    give("seal --for=");
    assert_string_equal(program_take_option(&count, words, "--for"), "");
    check_left("seal");
    give("seal --for");
    assert_null(program_take_option(&count, words, "--for"));
    check_left("seal --for");
}

TEST(a_flag_is_taken_out_wherever_it_stands)
{
    give("run --once x --once --once");
    assert_true(program_take_flag(&count, words, "--once"));
    check_left("run x");
    assert_false(program_take_flag(&count, words, "--once"));
    /* The name of the program is none of its flags. */
    give("--once run");
    assert_false(program_take_flag(&count, words, "--once"));
    check_left("--once run");
}

TEST(descriptors_are_raised_as_far_as_the_system_allows)
{
    struct rlimit before;
    struct rlimit now;
    struct error err = ERROR_INIT;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    now = (struct rlimit){.rlim_cur = 100, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &now), 0);

    assert_true(program_raise_descriptors(100, "", &err));
    assert_true(program_raise_descriptors(20, "", &err));
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &now), 0);
    assert_int_equal(now.rlim_cur, 100);

    assert_true(program_raise_descriptors(150, "", &err));
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &now), 0);
    assert_int_equal(now.rlim_cur, 150);

    assert_false(program_raise_descriptors(UINT64_MAX - 1, " or lower X", &err));
    assert_int_equal(err.code, ERROR_SYSTEM);
    assert_non_null(strstr(err.text, "LimitNOFILE (ulimit -n) or lower X"));
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

TEST(a_failure_ends_with_the_exit_code_of_its_error)
{
    struct error err = ERROR_INIT;

    (void)!error_set(&err, ERROR_USAGE, "a test says so");
    assert_int_equal(program_fail("test_program", &err), EX_USAGE);
    program_notify("READY=1"); /* nobody listens, and that is no failure */
}

TEST(signals_that_mean_another_program_end_nothing)
{
    const int numbers[] = {SIGHUP,  SIGUSR1,   SIGUSR2,  SIGALRM, SIGVTALRM,
                           SIGPROF, SIGSTKFLT, SIGRTMIN, SIGRTMAX};

    program_end_by_signal();
    for (size_t i = 0; i < ARRAY_LENGTH(numbers); i++) {
        assert_int_equal(raise(numbers[i]), 0);
    }
}

TEST(what_signals_want_is_told_and_to_stop_comes_first)
{
    int descriptor = -1;

    program_end_by_signal();
    assert_true(program_read_signals(&descriptor, NULL));
    assert_int_equal(program_take_signals(descriptor), PROGRAM_GO_ON);
    assert_int_equal(raise(SIGHUP), 0);
    assert_int_equal(program_take_signals(descriptor), PROGRAM_RELOAD);
    assert_int_equal(raise(SIGTERM), 0);
    assert_int_equal(raise(SIGHUP), 0);
    assert_int_equal(program_take_signals(descriptor), PROGRAM_STOP);
    assert_int_equal(program_take_signals(descriptor), PROGRAM_GO_ON);
    close(descriptor);
}

TEST(a_signal_to_end_is_read_and_ends_nothing)
{
    const int numbers[] = {SIGTERM, SIGINT, SIGQUIT, SIGPWR};
    int descriptor = -1;

    assert_true(program_read_signals(&descriptor, NULL));
    for (size_t i = 0; i < ARRAY_LENGTH(numbers); i++) {
        struct pollfd waiting = {.fd = descriptor, .events = POLLIN};
        struct signalfd_siginfo signal = {.ssi_signo = 0};

        assert_int_equal(poll(&waiting, 1, 0), 0);
        assert_int_equal(raise(numbers[i]), 0);
        assert_int_equal(poll(&waiting, 1, 0), 1);
        assert_int_equal(read(descriptor, &signal, sizeof(signal)), sizeof(signal));
        assert_int_equal(signal.ssi_signo, numbers[i]);
    }
    close(descriptor);
}
