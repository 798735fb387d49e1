/* --help and config: the settings, from the table. */

#include <string.h>

#include "common/config/setting.h"
#include "common/config/sources.h"

#define HELP_INDENT 8
#define HELP_WIDTH  78

/* Where config tells the place that a setting comes from. */
#define PLACE_COLUMN 48

/* Prints words on lines that fit a terminal. `column` is where the line stands; returns where it
 * ends. */
static int print_wrapped(FILE *stream, const char *text, int column)
{
    while (*text != '\0') {
        int length = (int)strcspn(text, " ");

        if (column > HELP_INDENT && column + 1 + length > HELP_WIDTH) {
            fputc('\n', stream);
            column = 0;
        }
        if (column == 0) {
            column = fprintf(stream, "%*s", HELP_INDENT, "");
        } else {
            column += fprintf(stream, " ");
        }
        column += fprintf(stream, "%.*s", length, text);
        text += length;
        text += strspn(text, " ");
    }
    return column;
}

static int print_limits(FILE *stream, const struct config_setting *setting, int column)
{
    char text[128];

    if (setting->choices != NULL) {
        column = print_wrapped(stream, "One of", column);
        for (size_t i = 0; setting->choices[i] != NULL; i++) {
            const char *after = setting->choices[i + 1] != NULL ? "," : ".";

            snprintf(text, sizeof(text), "%s%s", setting->choices[i], after);
            column = print_wrapped(stream, text, column);
        }
    } else if (setting->most > 0) {
        snprintf(text, sizeof(text), "From %ld to %ld.", setting->least, setting->most);
        column = print_wrapped(stream, text, column);
    }
    return column;
}

static void print_setting(FILE *stream, const struct config_setting *setting)
{
    const char *standard =
        setting->default_value != NULL ? setting->default_value : setting->default_words;
    int column = 0;

    if (setting->flag != NULL) {
        fprintf(stream, "  --%s=%s\n", setting->flag, setting->argument);
    }
    fprintf(stream, "  %s=%s\n", setting->variable, setting->argument);
    if (setting->is_confidential) {
        fprintf(stream, "  %s_FILE=PATH\n", setting->variable);
    }
    column = print_wrapped(stream, setting->help, column);
    column = print_limits(stream, setting, column);
    if (setting->is_live) {
        column = print_wrapped(stream, "Read again on SIGHUP.", column);
    }
    column = print_wrapped(stream, "Default:", column);
    print_wrapped(stream, standard, column);
    fputs("\n\n", stream);
}

void config_print_help(enum config_program program, FILE *stream)
{
    size_t count = 0;
    const struct config_setting *settings = config_settings(&count);

    fputs("Settings are environment variables, most of them with a flag of the same\n"
          "meaning, which wins. A variable that ends in _FILE names a file that holds the\n"
          "value. An empty value is the default.\n\n",
          stream);
    for (size_t i = 0; i < count; i++) {
        if ((settings[i].programs & (unsigned)program) != 0) {
            print_setting(stream, &settings[i]);
        }
    }
}

/* What may be shown of a value. */
static const char *shown(const struct config_setting *setting, const struct config_origin *origin)
{
    if (origin->value == NULL) {
        return "";
    }
    /* An address that has a user or a query may have a password or a token in it. */
    return setting->is_confidential || strpbrk(origin->value, "@?#") != NULL ? "(hidden)"
                                                                             : origin->value;
}

static const char *told(const struct config_setting *setting, const struct config_origin *origin)
{
    switch (origin->place) {
    case CONFIG_FROM_FLAG:
    case CONFIG_FROM_SECRET_FILE:
        return origin->name;
    case CONFIG_FROM_VARIABLE:
        return "environment";
    case CONFIG_FROM_SETTINGS_FILE:
        return "settings file";
    case CONFIG_FROM_DEFAULT:
        break;
    }
    return setting->default_value != NULL ? "default" : setting->default_words;
}

bool config_print(const struct config_source *source, FILE *stream, struct error *err)
{
    AUTO(config_sources) struct config_sources sources = {0};
    size_t count = 0;
    const struct config_setting *settings = config_settings(&count);

    if (!config_check(source, err) || !config_sources_open(source, &sources, err)) {
        return false;
    }
    for (size_t row = 0; row < count; row++) {
        if ((settings[row].programs & (unsigned)source->program) != 0) {
            struct config_origin origin = config_sources_find(&sources, row);
            int width =
                fprintf(stream, "%s=%s", settings[row].variable, shown(&settings[row], &origin));

            fprintf(stream, "%*s# %s\n", width < PLACE_COLUMN ? PLACE_COLUMN - width : 1, "",
                    told(&settings[row], &origin));
        }
    }
    return true;
}
