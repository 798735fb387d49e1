#include "common/config/config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/config/setting.h"
#include "common/memory.h"

/* As much of a wrong value as helps to find it. */
#define SHOWN_LIMIT 80
/* A path is of use only whole; this fits into the text of an error. */
#define PATH_LIMIT 300

static void *field_of(struct config *config, const struct config_setting *setting)
{
    return (char *)config + setting->offset;
}

/* The setting of this program with the flag of `length` bytes, or NULL. */
static const struct config_setting *find_flag(enum config_program program, const char *flag,
                                              size_t length)
{
    size_t count = 0;
    const struct config_setting *settings = config_settings(&count);

    for (size_t i = 0; i < count; i++) {
        if (settings[i].flag != NULL && (settings[i].programs & (unsigned)program) != 0 &&
            strlen(settings[i].flag) == length && strncmp(settings[i].flag, flag, length) == 0) {
            return &settings[i];
        }
    }
    return NULL;
}

/* Sorts the command line into values[], one place for each row of the table; the last one counts.
 */
static bool read_flags(enum config_program program, int argument_count, char *const *arguments,
                       const char *values[CONFIG_SETTING_LIMIT], struct error *err)
{
    size_t count = 0;
    const struct config_setting *settings = config_settings(&count);

    for (int i = 1; i < argument_count; i++) {
        const char *argument = arguments[i];
        /* What follows '=' may be a secret in the wrong place, so it is not shown. */
        int shown = (int)strcspn(argument, "=");

        if (argument[0] != '-' || argument[1] == '\0') {
            return error_set(err, ERROR_USAGE, "unexpected argument '%.*s'", SHOWN_LIMIT, argument);
        }

        const struct config_setting *setting =
            strncmp(argument, "--", 2) == 0 && shown > 2
                ? find_flag(program, argument + 2, (size_t)shown - 2)
                : NULL;

        if (setting == NULL) {
            return error_set(err, ERROR_USAGE, "unknown option '%.*s'",
                             shown < SHOWN_LIMIT ? shown : SHOWN_LIMIT, argument);
        }
        if (argument[shown] == '=') {
            values[setting - settings] = argument + shown + 1;
        } else if (i + 1 < argument_count && strncmp(arguments[i + 1], "--", 2) != 0) {
            values[setting - settings] = arguments[++i];
        } else {
            return error_set(err, ERROR_USAGE, "option '%s' needs a value", argument);
        }
    }
    return true;
}

/* Puts the name of the setting and, if that is safe, its value before the reason. */
static bool explain(const struct config_setting *setting, const char *name, const char *value,
                    struct error *err)
{
    char shown[SHOWN_LIMIT + 1];

    /* An address that has a user or a query may have a password or a token in it. */
    if (setting->is_confidential || strpbrk(value, "@?#") != NULL) {
        return error_prefix(err, "cannot use the value of %s", name);
    }
    snprintf(shown, sizeof(shown), "%s", value);
    for (char *c = shown; *c != '\0'; c++) {
        if ((unsigned char)*c < ' ' || *c == 0x7F) {
            *c = '?';
        }
    }
    return error_prefix(err, "cannot use %s '%s'", name, shown);
}

/* The value of a variable, NULL when it is not set or empty. */
static const char *environment_value(const char *name)
{
    const char *value = getenv(name); /* NOLINT(concurrency-mt-unsafe): before threads start */

    return value != NULL && value[0] != '\0' ? value : NULL;
}

static bool load_from_file(struct config *config, const struct config_setting *setting,
                           const char *name, const char *path, struct error *err)
{
    AUTO(free_secret) char *value = NULL;

    if (environment_value(setting->variable) != NULL) {
        return error_set(err, ERROR_CONFIG, "cannot use both %s and %s: set one of them",
                         setting->variable, name);
    }
    if (!config_read_file(path, &value, err)) {
        return error_prefix(err, "cannot read %s '%.*s'", name, PATH_LIMIT, path);
    }
    return setting->parse(setting, value, field_of(config, setting), err) ||
           explain(setting, name, value, err);
}

/* The value of a variable of the program: from the variable, or from the file that another names.
 */
static bool load_from_environment(struct config *config, const struct config_setting *setting,
                                  bool *ret_found, struct error *err)
{
    AUTO(free) char *file_variable = xasprintf("%s_FILE", setting->variable);
    const char *path = setting->is_confidential ? environment_value(file_variable) : NULL;
    const char *value = environment_value(setting->variable);

    *ret_found = path != NULL || value != NULL;
    if (path != NULL) {
        return load_from_file(config, setting, file_variable, path, err);
    }
    return value == NULL || setting->parse(setting, value, field_of(config, setting), err) ||
           explain(setting, setting->variable, value, err);
}

/* What there is besides the environment. */
struct sources {
    enum config_program program;
    const char *flags[CONFIG_SETTING_LIMIT];
    struct config_lines lines;
};

static bool load_from_lines(struct config *config, const struct config_setting *setting,
                            const char *value, struct error *err)
{
    return setting->parse(setting, value, field_of(config, setting), err) ||
           explain(setting, setting->variable, value, err);
}

/* A row of the table: from its flag, its variable, the settings file, or the default. */
static bool load_setting(struct config *config, size_t row, const struct sources *sources,
                         struct error *err)
{
    size_t count = 0;
    const struct config_setting *setting = &config_settings(&count)[row];
    const char *flag_value = sources->flags[row];
    const char *line_value = sources->lines.values[row];
    bool is_ours = (setting->programs & (unsigned)sources->program) != 0;
    bool found = false;

    if (flag_value != NULL && flag_value[0] != '\0') {
        AUTO(free) char *name = xasprintf("--%s", setting->flag);

        return setting->parse(setting, flag_value, field_of(config, setting), err) ||
               explain(setting, name, flag_value, err);
    }
    if (flag_value == NULL && is_ours && !load_from_environment(config, setting, &found, err)) {
        return false;
    }
    if (!found && flag_value == NULL && is_ours && line_value != NULL && line_value[0] != '\0') {
        return load_from_lines(config, setting, line_value, err);
    }
    return found || setting->default_value == NULL ||
           load_from_lines(config, setting, setting->default_value, err);
}

/* The row of the settings file comes first in the table, so that all others may stand in it. */
static bool load_file_row(struct config *config, struct sources *sources, struct error *err)
{
    return load_setting(config, 0, sources, err) &&
           (config->settings_file == NULL ||
            config_read_lines(config->settings_file, &sources->lines, err) ||
            error_prefix(err, "cannot read " CONFIG_SETTINGS_FILE " '%.*s'", PATH_LIMIT,
                         config->settings_file));
}

static bool load(struct config *config, bool only_live, struct error *err)
{
    const struct config_source *source = &config->source;
    struct sources sources = {.program = source->program};
    size_t count = 0;
    const struct config_setting *settings = config_settings(&count);
    bool loaded = read_flags(source->program, source->argument_count, source->arguments,
                             sources.flags, err) &&
                  load_file_row(config, &sources, err);

    for (size_t row = 1; row < count && loaded; row++) {
        loaded = (only_live && !settings[row].is_live) || load_setting(config, row, &sources, err);
    }
    free(sources.lines.text);
    return loaded;
}

/* /proc/PID/environ shows the bytes that the process was started with, so they are overwritten
 * where they are. All secrets go, also those that are none of this program's business. */
static void wipe_environment(void)
{
    size_t count = 0;
    const struct config_setting *settings = config_settings(&count);

    /* NOLINTBEGIN(concurrency-mt-unsafe): before threads start */
    for (size_t i = 0; i < count; i++) {
        char *value = settings[i].is_confidential ? getenv(settings[i].variable) : NULL;

        if (value != NULL) {
            explicit_bzero(value, strlen(value));
            unsetenv(settings[i].variable);
        }
    }
    /* NOLINTEND(concurrency-mt-unsafe) */
}

bool config_load(struct config *ret_config, enum config_program program, int argument_count,
                 char *const *arguments, struct error *err)
{
    AUTO(config)
    struct config config = {.source = {program, argument_count, arguments}};

    if (!load(&config, false, err)) {
        return false;
    }
    wipe_environment();
    *ret_config = config;
    memset(&config, 0, sizeof(config));
    return true;
}

bool config_reload(const struct config *config, struct config *ret_live, struct error *err)
{
    AUTO(config) struct config live = {.source = config->source};

    if (!load(&live, true, err)) {
        return false;
    }
    *ret_live = live;
    memset(&live, 0, sizeof(live));
    return true;
}

void config_release(struct config *config)
{
    size_t count = 0;
    const struct config_setting *settings = config_settings(&count);

    for (size_t i = 0; i < count; i++) {
        if (settings[i].is_text) {
            char **text = (char **)field_of(config, &settings[i]);

            settings[i].is_confidential ? free_secret(*text) : free(*text);
        }
    }
    memset(config, 0, sizeof(*config));
}
