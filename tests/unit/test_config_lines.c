/* The settings file, and what of it may change while a program runs. */
#include "tests/unit/config_helpers.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

static char path[] = "/tmp/koppeling-settings.XXXXXX";

static void write_settings(const char *text)
{
    FILE *file = NULL;

    if (strstr(path, "XXXXXX") != NULL) {
        close(mkstemp(path));
    }
    file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    setenv("KOPPELING_SETTINGS_FILE", path, 1);
}

static void remove_settings(void)
{
    (void)unlink(path);
}

TEST(what_is_neither_a_flag_nor_in_the_environment_stands_in_the_file)
{
    AUTO(config) struct config config = {0};

    write_settings(
        "# for tests\n\n  KOPPELING_THREADS = 3 \r\nKOPPELING_IN_FLIGHT=\"44\"\n"
        "KOPPELING_LEASE_SECONDS='30'\nKOPPELING_KINDS=poll, ping\nKOPPELING_STALL_SECONDS=\n");
    setenv("KOPPELING_IN_FLIGHT", "55", 1);
    assert_loads(&config, "--lease-seconds=40");
    assert_int_equal(config.threads, 3);
    assert_int_equal(config.in_flight, 55);
    assert_int_equal(config.lease_us, 40000000);
    assert_string_equal(config.kinds, "poll,ping");
    assert_int_equal(config.stall_us, 30000000);
    unsetenv("KOPPELING_IN_FLIGHT");
}

TEST(a_file_that_is_wrong_is_refused_with_the_line)
{
    static const struct {
        const char *text, *needle;
    } cases[] = {
        {"KOPPELING_THREADS\n", "line 1 is not NAME=value"},
        {"\nKOPPELING_TREADS=1\n", "line 2 sets what is no setting: is KOPPELING_THREADS meant?"},
        {"KOPPELING_THREADS=many\n", "cannot use KOPPELING_THREADS 'many'"},
        {"KOPPELING_SECRET_KEY=" CANARY "\n", "line 1: KOPPELING_SECRET_KEY has no place here"},
        {"KOPPELING_DATABASE_URL=" CANARY "\n", "use its _FILE variable"},
        {"KOPPELING_SETTINGS_FILE=/x\n", "has no place here"},
        {"", "the file is empty"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        write_settings(cases[i].text);
        assert_refused("", ERROR_CONFIG, cases[i].needle);
    }
    assert_variable_refused("KOPPELING_SETTINGS_FILE", "/does/not/exist",
                            "cannot read KOPPELING_SETTINGS_FILE '/does/not/exist'");
    assert_variable_refused("KOPPELING_SETTINGS_FILE", "-", "no path stands behind the -");
}

TEST(a_file_may_be_missing_if_that_is_said)
{
    AUTO(config) struct config config = {0};

    setenv("KOPPELING_SETTINGS_FILE", "-/does/not/exist", 1);
    assert_loads(&config, "");
    assert_int_equal(config.threads, 2);
}

TEST(what_may_change_is_read_again_and_nothing_else)
{
    struct config live = {.threads = 77};
    AUTO(config) struct config config = {0};
    struct error err = ERROR_INIT;

    write_settings("KOPPELING_IN_FLIGHT=5\nKOPPELING_THREADS=2\n");
    setenv("KOPPELING_LOG_LEVEL", "warning", 1);
    assert_loads(&config, "");
    write_settings(
        "KOPPELING_IN_FLIGHT=6\nKOPPELING_THREADS=9\nKOPPELING_CA_FILE=/proc/self/status\n"
        "KOPPELING_LOG_LEVEL=debug\n");
    assert_true(config_reload(&config, &live, &err));
    assert_int_equal(live.in_flight, 6);
    assert_int_equal(live.threads, 0);
    assert_string_equal(live.ca_file, "/proc/self/status");
    assert_int_equal(live.log_level, LOG_LEVEL_WARNING); /* the environment comes first */
    config_release(&live);
    write_settings("KOPPELING_IN_FLIGHT=none\n");
    live.threads = 77;
    assert_false(config_reload(&config, &live, &err));
    assert_non_null(strstr(err.text, "KOPPELING_IN_FLIGHT 'none'"));
    assert_int_equal(live.threads, 77);
    unsetenv("KOPPELING_LOG_LEVEL");
}

FIXTURE(.before_each = clear_environment, .after_all = remove_settings)
