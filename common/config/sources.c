/* The sources of settings, and which of them counts. */
#include "common/config/sources.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/config/names.h"

/* As much of a wrong option as helps to find it. */
#define SHOWN_LIMIT 80

const char *config_variable(const char *name)
{
    const char *value = getenv(name); /* NOLINT(concurrency-mt-unsafe): before threads start */

    return value != NULL && value[0] != '\0' ? value : NULL;
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

/* Names the flag that was meant, as far as it can be guessed. */
static bool refuse_flag(enum config_program program, const char *argument, int shown,
                        struct error *err)
{
    char given[SHOWN_LIMIT + 1];

    snprintf(given, sizeof(given), "%.*s", shown, argument);
    const char *nearest =
        strncmp(given, "--", 2) == 0 ? config_nearest_flag(program, given + 2) : NULL;

    return error_set(err, ERROR_USAGE, "unknown option '%s'%s%s%s", given,
                     nearest != NULL ? ": is --" : "", nearest != NULL ? nearest : "",
                     nearest != NULL ? " meant?" : "");
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
            return refuse_flag(program, argument, shown < SHOWN_LIMIT ? shown : SHOWN_LIMIT, err);
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

/* Something that is neither there nor empty counts as absent. */
static bool is_given(const char *value)
{
    return value != NULL && value[0] != '\0';
}

static struct config_origin origin_of(enum config_place place, const char *value,
                                      const char *prefix, const char *name, const char *suffix)
{
    struct config_origin origin = {.place = place, .value = value};

    snprintf(origin.name, sizeof(origin.name), "%s%s%s", prefix, name, suffix);
    return origin;
}

/* From what the program finds around it. */
static struct config_origin find_around(const struct config_sources *sources, size_t row)
{
    size_t count = 0;
    const struct config_setting *setting = &config_settings(&count)[row];
    struct config_origin file =
        origin_of(CONFIG_FROM_SECRET_FILE, NULL, "", setting->variable, "_FILE");
    const char *value = config_variable(setting->variable);

    file.value = setting->is_confidential ? config_variable(file.name) : NULL;
    if (file.value != NULL) {
        return file;
    }
    if (value != NULL) {
        return origin_of(CONFIG_FROM_VARIABLE, value, "", setting->variable, "");
    }
    if (is_given(sources->lines.values[row])) {
        return origin_of(CONFIG_FROM_SETTINGS_FILE, sources->lines.values[row], "",
                         setting->variable, "");
    }
    return origin_of(CONFIG_FROM_DEFAULT, setting->default_value, "", setting->variable, "");
}

struct config_origin config_sources_find(const struct config_sources *sources, size_t row)
{
    size_t count = 0;
    const struct config_setting *setting = &config_settings(&count)[row];
    bool is_ours = (setting->programs & (unsigned)sources->program) != 0;

    if (is_given(sources->flags[row])) {
        return origin_of(CONFIG_FROM_FLAG, sources->flags[row], "--", setting->flag, "");
    }
    /* An empty flag asks for the default. */
    if (sources->flags[row] != NULL || !is_ours) {
        return origin_of(CONFIG_FROM_DEFAULT, setting->default_value, "", setting->variable, "");
    }
    return find_around(sources, row);
}

bool config_sources_open(const struct config_source *source, struct config_sources *ret_sources,
                         struct error *err)
{
    *ret_sources = (struct config_sources){.program = source->program};
    if (!read_flags(source->program, source->argument_count, source->arguments, ret_sources->flags,
                    err)) {
        return false;
    }
    /* The row of the settings file comes first in the table, and cannot stand in that file. */
    ret_sources->settings_file = config_sources_find(ret_sources, 0).value;
    return ret_sources->settings_file == NULL ||
           config_read_lines(ret_sources->settings_file, &ret_sources->lines, err) ||
           error_prefix(err, "cannot read " CONFIG_SETTINGS_FILE " '%.*s'", CONFIG_PATH_LIMIT,
                        ret_sources->settings_file);
}

void config_sources_release(struct config_sources *sources)
{
    free(sources->lines.text);
    sources->lines.text = NULL;
}
