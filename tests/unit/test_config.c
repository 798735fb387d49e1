/* Where settings come from: defaults, variables, files, flags; and what must not be left behind. */

#include "tests/unit/config_helpers.h"

#include <ctype.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

TEST(without_any_setting_the_defaults_hold)
{
    AUTO(config) struct config config = {0};

    assert_loads(&config, "");
    assert_null(config.database_url);
    assert_null(config.listen_url);
    assert_int_equal(config.prepare, CONFIG_PREPARE_AUTO);
    assert_string_equal(config.mijnwebwinkel_url, "https://api.myonlinestore.com");
    assert_null(config.partner_token);
    assert_string_equal(config.boekuwzending_url, "https://api.boekuwzending.com");
    assert_string_equal(config.boekuwzending_staging_url, "https://staging.api.boekuwzending.com");
    assert_null(config.secret_key);
    assert_null(config.previous_secret_key);
    assert_null(config.ca_file);
    assert_int_equal(config.threads, 2);
    assert_int_equal(config.in_flight, 400);
    assert_null(config.kinds);
    assert_int_equal(config.lease_us, 60000000);
    assert_int_equal(config.grace_us, 20000000);
    assert_int_equal(config.request_timeout_us, 30000000);
    assert_int_equal(config.tick_us, 1000000);
    assert_int_equal(config.log_format, LOG_FORMAT_LOGFMT);
    assert_int_equal(config.log_level, LOG_LEVEL_INFO);
    assert_null(config.metrics_address);
    assert_int_equal(config.stall_us, 30000000);
}

TEST(an_empty_variable_is_not_set)
{
    AUTO(config) struct config config = {0};

    setenv("KOPPELING_THREADS", "", 1);
    setenv("KOPPELING_KINDS", "", 1);
    setenv("KOPPELING_SECRET_KEY", "", 1);
    setenv("KOPPELING_SECRET_KEY_FILE", "", 1);
    assert_loads(&config, "");
    assert_int_equal(config.threads, 2);
    assert_null(config.kinds);
    assert_null(config.secret_key);
}

TEST(variables_are_read)
{
    AUTO(config) struct config config = {0};

    setenv("KOPPELING_DATABASE_URL",
           "postgresql://u:p@a:1,b:2/shop?target_session_attrs=read-write", 1);
    setenv("KOPPELING_LISTEN_URL", "host=a dbname='my shop' password=x", 1);
    setenv("KOPPELING_PREPARE", "off", 1);
    setenv("KOPPELING_PARTNER_TOKEN", "partner", 1);
    setenv("KOPPELING_THREADS", "64", 1);
    setenv("KOPPELING_LEASE_SECONDS", "5", 1);
    setenv("KOPPELING_GRACE_SECONDS", "0", 1);
    setenv("KOPPELING_KINDS", " poll ,\tmark_shipped", 1);
    setenv("KOPPELING_LOG_FORMAT", "json", 1);
    setenv("KOPPELING_LOG_LEVEL", "error", 1);
    setenv("KOPPELING_METRICS_ADDRESS", "[::1]:9187", 1);
    setenv("KOPPELING_CA_FILE", "/proc/self/status", 1);
    assert_loads(&config, "");
    assert_string_equal(config.database_url,
                        "postgresql://u:p@a:1,b:2/shop?target_session_attrs=read-write");
    assert_string_equal(config.listen_url, "host=a dbname='my shop' password=x");
    assert_int_equal(config.prepare, CONFIG_PREPARE_OFF);
    assert_string_equal(config.partner_token, "partner");
    assert_int_equal(config.threads, 64);
    assert_int_equal(config.lease_us, 5000000);
    assert_int_equal(config.grace_us, 0);
    assert_string_equal(config.kinds, "poll,mark_shipped");
    assert_int_equal(config.log_format, LOG_FORMAT_JSON);
    assert_int_equal(config.log_level, LOG_LEVEL_ERROR);
    assert_string_equal(config.metrics_address, "[::1]:9187");
    assert_string_equal(config.ca_file, "/proc/self/status");
}

TEST(a_flag_wins_over_its_variable_in_both_spellings)
{
    static const char arguments[] =
        "--threads=3|--in-flight|1000|--grace-seconds=|--log-level=debug";
    AUTO(config) struct config config = {0};

    setenv("KOPPELING_THREADS", "nonsense that the flag overrides", 1);
    setenv("KOPPELING_IN_FLIGHT", "7", 1);
    setenv("KOPPELING_GRACE_SECONDS", "5", 1);
    setenv("KOPPELING_LEASE_SECONDS", "100", 1);
    assert_loads(&config, arguments);
    assert_int_equal(config.threads, 3);
    assert_int_equal(config.in_flight, 1000);
    assert_int_equal(config.grace_us, 20000000); /* an empty flag means the default */
    assert_int_equal(config.lease_us, 100000000);
    assert_int_equal(config.log_level, LOG_LEVEL_DEBUG);
}

TEST(the_last_of_two_flags_counts)
{
    static const char arguments[] = "--threads=3|--threads|4";
    AUTO(config) struct config config = {0};

    assert_loads(&config, arguments);
    assert_int_equal(config.threads, 4);
}

TEST(a_command_line_that_is_not_understood_is_refused)
{
    static const struct {
        const char *arguments, *needle;
    } cases[] = {
        {"--threeds=3", "unknown option '--threeds': is --threads meant?"},
        {"--thread=3", "unknown option '--thread': is --threads meant?"},
        {"--", "unknown option '--'"},
        {"--=3", "unknown option '--'"},
        {"-t|3", "unknown option '-t'"},
        {"threads=3", "unexpected argument 'threads=3'"},
        {"-", "unexpected argument '-'"},
        {"|", "unexpected argument ''"},
        {"--threads", "option '--threads' needs a value"},
        {"--kinds|--threads=3", "option '--kinds' needs a value"},
        /* A secret has no flag, and what was meant as one is not repeated. */
        {"--secret-key=" CANARY, "unknown option '--secret-key'"},
        {"--partner-token|" CANARY, "unknown option '--partner-token'"},
        /* A setting of the other program. */
        {"--tick-seconds=3", "unknown option '--tick-seconds'"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_refused(cases[i].arguments, ERROR_USAGE, cases[i].needle);
    }
}

/* Writes a file that is gone when the test program ends; returns its path. */
static const char *file_with(const void *bytes, size_t length)
{
    static char path[] = "/tmp/koppeling-test-config-XXXXXX";
    static int file = -1;

    if (file < 0) {
        file = mkstemp(path);
        assert_true(file >= 0);
    }
    assert_int_equal(ftruncate(file, 0), 0);
    assert_int_equal(pwrite(file, bytes, length, 0), (ssize_t)length);
    return path;
}

static void remove_file(void)
{
    unlink(file_with("", 0));
}

TEST(secrets_and_database_urls_can_be_read_from_files)
{
    static const struct {
        const char *content, *value;
    } cases[] = {
        {"secret", "secret"},
        {"secret\n", "secret"},
        {"secret\r\n", "secret"},
    };
    AUTO(config) struct config config = {0};

    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        config_release(&config);
        setenv("KOPPELING_SECRET_KEY_FILE", file_with(cases[i].content, strlen(cases[i].content)),
               1);
        assert_loads(&config, "");
        assert_string_equal(config.secret_key, cases[i].value);
    }
    unsetenv("KOPPELING_SECRET_KEY_FILE");
    config_release(&config);
    setenv("KOPPELING_DATABASE_URL_FILE", file_with("dbname=x\n", 9), 1);
    assert_loads(&config, "");
    assert_string_equal(config.database_url, "dbname=x");
}

TEST(a_setting_that_is_no_secret_is_not_read_from_a_file)
{
    AUTO(config) struct config config = {0};

    setenv("KOPPELING_THREADS_FILE", file_with("7\n", 2), 1);
    assert_loads(&config, "");
    assert_int_equal(config.threads, 2);
    unsetenv("KOPPELING_THREADS_FILE");
}

TEST(a_bad_secret_file_is_refused_by_name_without_its_content)
{
    static char large[20000];
    static const struct {
        const char *content;
        size_t length;
        const char *needle;
    } cases[] = {
        {"", 0, "the file is empty"},
        {"\n", 1, "the file is empty"},
        {"\r\n", 2, "the file is empty"},
        {CANARY "\0x", 15, "holds a zero byte"},
        {CANARY "\n\n", 15, "it holds a blank, a control character"},
        {CANARY " " CANARY, 27, "it holds a blank, a control character"},
        {large, sizeof(large), "larger than 16384 bytes"},
    };

    memset(large, 'x', sizeof(large));
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        setenv("KOPPELING_SECRET_KEY_FILE", file_with(cases[i].content, cases[i].length), 1);
        assert_refused("", ERROR_CONFIG, cases[i].needle);
        assert_refused("", ERROR_CONFIG, "KOPPELING_SECRET_KEY_FILE");
    }
    setenv("KOPPELING_SECRET_KEY_FILE", "/nowhere/key", 1);
    assert_refused("", ERROR_CONFIG,
                   "cannot read KOPPELING_SECRET_KEY_FILE '/nowhere/key': No such file");
    setenv("KOPPELING_SECRET_KEY_FILE", "/", 1);
    assert_refused("", ERROR_CONFIG, "Is a directory");
}

TEST(a_secret_given_twice_is_refused)
{
    setenv("KOPPELING_SECRET_KEY", CANARY, 1);
    setenv("KOPPELING_SECRET_KEY_FILE", file_with("x", 1), 1);
    assert_refused("", ERROR_CONFIG, "both KOPPELING_SECRET_KEY and KOPPELING_SECRET_KEY_FILE");
}

TEST(the_scheduler_has_its_own_settings_and_no_secrets)
{
    static const char arguments[] = "--tick-seconds|3";
    AUTO(config) struct config config = {0};
    struct error err = ERROR_INIT;

    setenv("KOPPELING_SECRET_KEY", CANARY, 1);
    setenv("KOPPELING_THREADS", "a setting of the worker is not looked at", 1);
    assert_true(load(&config, CONFIG_SCHEDULER, arguments, &err));
    assert_int_equal(config.tick_us, 3000000);
    assert_int_equal(config.threads, 2);
    assert_null(config.secret_key);
    assert_null(getenv("KOPPELING_SECRET_KEY"));
    assert_false(load(&config, CONFIG_SCHEDULER, "--threads=3", &err));
    assert_int_equal(err.code, ERROR_USAGE);
}

/* Runs in a fresh process, whose environment holds the canary. */
static int look_into_own_environment(void)
{
    struct config config = {0};
    struct error err = ERROR_INIT;
    char bytes[4096];

    if (!load(&config, CONFIG_WORKER, "", &err) || strcmp(config.secret_key, CANARY) != 0 ||
        getenv("KOPPELING_SECRET_KEY") != NULL || getenv("KOPPELING_DATABASE_URL") != NULL) {
        return 2;
    }

    FILE *file = fopen("/proc/self/environ", "r");
    size_t length = file != NULL ? fread(bytes, 1, sizeof(bytes), file) : 0;
    bool canary_found = memmem(bytes, length, CANARY, strlen(CANARY)) != NULL;
    bool other_found = memmem(bytes, length, "OTHER=1", 7) != NULL;

    if (file != NULL) {
        (void)fclose(file);
    }
    config_release(&config);
    return canary_found || !other_found ? 1 : 0;
}

TEST(secrets_are_gone_from_the_environment_of_the_process)
{
    static char name[] = "test_config", look[] = "--child", other[] = "OTHER=1";
    static char key[] = "KOPPELING_SECRET_KEY=" CANARY;
    static char url[] = "KOPPELING_DATABASE_URL=postgresql://u:" CANARY "@h/d";
    char *const arguments[] = {name, look, NULL};
    char *const environment[] = {key, url, other, NULL};
    char program[4096];
    int status = 0;
    /* Looked up first, since under valgrind the link itself leads to valgrind. */
    ssize_t length = readlink("/proc/self/exe", program, sizeof(program) - 1);
    pid_t child = fork();

    assert_true(length > 0);
    program[length] = '\0';
    if (child == 0) {
        execve(program, arguments, environment);
        _exit(3);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

TEST(a_released_config_is_empty_and_can_be_released_again)
{
    struct config config = {0};
    const struct config empty = {0};

    assert_loads(&config, "");
    config_release(&config);
    assert_memory_equal(&config, &empty, sizeof(config));
    config_release(&config);
}

TEST(each_flag_is_named_after_its_variable)
{
    size_t count = 0;
    const struct config_setting *settings = config_settings(&count);

    for (size_t i = 0; i < count; i++) {
        AUTO(free) char *flag = xstrdup(settings[i].variable + strlen("KOPPELING_"));

        for (char *c = flag; *c != '\0'; c++) {
            *c = (char)(*c == '_' ? '-' : tolower((unsigned char)*c));
        }
        assert_memory_equal(settings[i].variable, "KOPPELING_", 10);
        if (settings[i].flag != NULL) {
            assert_string_equal(settings[i].flag, flag);
        }
        assert_non_null(settings[i].help);
        assert_true((settings[i].default_value != NULL) != (settings[i].default_words != NULL));
    }
}

TEST(help_names_each_setting_of_the_program_and_fits_a_terminal)
{
    static const enum config_program programs[] = {CONFIG_SCHEDULER, CONFIG_WORKER};
    size_t count = 0;
    const struct config_setting *settings = config_settings(&count);

    for (size_t p = 0; p < ARRAY_LENGTH(programs); p++) {
        AUTO(free) char *text = NULL;
        size_t length = 0;
        FILE *stream = open_memstream(&text, &length);

        config_print_help(programs[p], stream);
        assert_int_equal(fclose(stream), 0);
        for (size_t i = 0; i < count; i++) {
            AUTO(free) char *name = xasprintf("  %s=", settings[i].variable);

            assert_int_equal(strstr(text, name) != NULL,
                             (settings[i].programs & (unsigned)programs[p]) != 0);
        }
        for (const char *line = text; *line != '\0'; line += strcspn(line, "\n") + 1) {
            assert_true(strcspn(line, "\n") <= 80);
        }
    }
}

FIXTURE(.before_each = clear_environment, .after_all = remove_file,
        .child = look_into_own_environment)
