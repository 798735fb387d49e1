/* For the two tests of config: a command line as one text, and refusals that must show no secret.
 */
#ifndef TESTS_UNIT_CONFIG_HELPERS_H
#define TESTS_UNIT_CONFIG_HELPERS_H

#include "tests/unit/unit.h"

#include <string.h>

#include "common/config/config.h"
#include "common/config/setting.h"
#include "common/memory.h"

#define CANARY "hunter2canary"

/* The settings of the machine that runs the tests do not count. */
static inline void clear_environment(void)
{
    size_t count = 0;
    const struct config_setting *settings = config_settings(&count);

    for (size_t i = 0; i < count; i++) {
        AUTO(free) char *file = xasprintf("%s_FILE", settings[i].variable);

        unsetenv(settings[i].variable);
        unsetenv(file);
    }
}

/* Takes arguments as one text, with '|' between them. */
static inline bool load(struct config *ret_config, enum config_program program,
                        const char *command_line, struct error *err)
{
    AUTO(free) char *words = xasprintf("run|%s", command_line);
    char *arguments[16];
    char *rest = words;
    int count = 0;

    while (rest != NULL && (count == 0 || command_line[0] != '\0')) {
        assert_true(count < (int)ARRAY_LENGTH(arguments));
        arguments[count++] = strsep(&rest, "|");
    }
    return config_load(ret_config, program, count, arguments, err);
}

static inline void assert_loads(struct config *ret_config, const char *command_line)
{
    struct error err = ERROR_INIT;

    if (!load(ret_config, CONFIG_WORKER, command_line, &err)) {
        fail_msg("%s", err.text);
    }
}

/* Expects a refusal whose text has `needle` in it and nothing of the canary. */
static inline void assert_refused(const char *command_line, enum error_code code,
                                  const char *needle)
{
    struct config config = {.threads = 77};
    struct error err = ERROR_INIT;

    if (load(&config, CONFIG_WORKER, command_line, &err)) {
        fail_msg("accepted, but expected: %s", needle);
    }
    assert_int_equal(err.code, code);
    if (strstr(err.text, needle) == NULL) {
        fail_msg("'%s' is not in '%s'", needle, err.text);
    }
    if (strstr(err.text, CANARY) != NULL) {
        fail_msg("a secret is shown: %s", err.text);
    }
    assert_int_equal(config.threads, 77); /* the output is untouched */
}

static inline void assert_variable_refused(const char *variable, const char *value,
                                           const char *needle)
{
    setenv(variable, value, 1);
    assert_refused("", ERROR_CONFIG, needle);
    assert_string_equal(getenv(variable), value); /* nothing has changed */
    unsetenv(variable);
}

#endif
