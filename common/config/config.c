#include "common/config/config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/config/setting.h"
#include "common/config/sources.h"
#include "common/memory.h"

/* As much of a wrong value as helps to find it. */
#define SHOWN_LIMIT 80

static void *field_of(struct config *config, const struct config_setting *setting)
{
    return (char *)config + setting->offset;
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

static bool load_from_file(struct config *config, const struct config_setting *setting,
                           const struct config_origin *origin, struct error *err)
{
    AUTO(free_secret) char *value = NULL;

    if (config_variable(setting->variable) != NULL) {
        return error_set(err, ERROR_CONFIG, "cannot use both %s and %s: set one of them",
                         setting->variable, origin->name);
    }
    if (!config_read_file(origin->value, &value, err)) {
        return error_prefix(err, "cannot read %s '%.*s'", origin->name, CONFIG_PATH_LIMIT,
                            origin->value);
    }
    return setting->parse(setting, value, field_of(config, setting), err) ||
           explain(setting, origin->name, value, err);
}

static bool load_setting(struct config *config, const struct config_sources *sources, size_t row,
                         struct error *err)
{
    size_t count = 0;
    const struct config_setting *setting = &config_settings(&count)[row];
    struct config_origin origin = config_sources_find(sources, row);

    if (origin.place == CONFIG_FROM_SECRET_FILE) {
        return load_from_file(config, setting, &origin, err);
    }
    return origin.value == NULL ||
           setting->parse(setting, origin.value, field_of(config, setting), err) ||
           explain(setting, origin.name, origin.value, err);
}

static bool load(struct config *config, bool only_live, struct error *err)
{
    AUTO(config_sources) struct config_sources sources = {0};
    size_t count = 0;
    const struct config_setting *settings = config_settings(&count);
    bool loaded = config_sources_open(&config->source, &sources, err);

    for (size_t row = 0; row < count && loaded; row++) {
        loaded = (only_live && !settings[row].is_live) || load_setting(config, &sources, row, err);
    }
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

bool config_check(const struct config_source *source, struct error *err)
{
    AUTO(config) struct config config = {.source = *source};

    return load(&config, false, err);
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
