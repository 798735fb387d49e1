/* The settings file. */
#include <string.h>
#include <unistd.h>

#include "common/config/names.h"
#include "common/config/setting.h"
#include "common/memory.h"

bool config_parse_path(const struct config_setting *setting, const char *text, void *ret_field,
                       struct error *err)
{
    (void)setting;
    if (strcmp(text, "-") == 0) {
        return error_set(err, ERROR_CONFIG, "no path stands behind the -");
    }
    *(char **)ret_field = xstrdup(text);
    return true;
}

/* The row of the table with this variable, or -1. */
static int find_variable(const char *name)
{
    size_t count = 0;
    const struct config_setting *settings = config_settings(&count);

    for (size_t i = 0; i < count; i++) {
        if (strcmp(settings[i].variable, name) == 0) {
            return (int)i;
        }
    }
    return -1;
}

/* Without blanks at both ends; in place. */
static char *trim(char *text)
{
    size_t length;

    text += strspn(text, " \t\r");
    length = strlen(text);
    while (length > 0 && strchr(" \t\r", text[length - 1]) != NULL) {
        length--;
    }
    text[length] = '\0';
    return text;
}

/* Without a pair of quotes around it; in place. */
static char *unquote(char *text)
{
    size_t length = strlen(text);

    if (length >= 2 && (text[0] == '"' || text[0] == '\'') && text[length - 1] == text[0]) {
        text[length - 1] = '\0';
        return text + 1;
    }
    return text;
}

static bool read_line(char *line, int number, struct config_lines *lines, struct error *err)
{
    size_t count = 0;
    char *equals = strchr(line, '=');
    const char *name = trim(line);

    if (name[0] == '\0' || name[0] == '#') {
        return true;
    }
    if (equals == NULL) {
        return error_set(err, ERROR_CONFIG, "line %d is not NAME=value", number);
    }
    *equals = '\0';
    name = trim(line);
    int row = find_variable(name);
    if (row < 0) {
        const char *nearest = config_nearest_variable(name);

        return error_set(err, ERROR_CONFIG, "line %d sets what is no setting%s%s%s", number,
                         nearest != NULL ? ": is " : "", nearest != NULL ? nearest : "",
                         nearest != NULL ? " meant?" : "");
    }
    if (config_settings(&count)[row].is_confidential || strcmp(name, CONFIG_SETTINGS_FILE) == 0) {
        return error_set(err, ERROR_CONFIG, "line %d: %s has no place here%s", number, name,
                         strcmp(name, CONFIG_SETTINGS_FILE) == 0 ? "" : ": use its _FILE variable");
    }
    lines->values[row] = unquote(trim(equals + 1));
    return true;
}

bool config_read_lines(const char *path, struct config_lines *ret_lines, struct error *err)
{
    struct config_lines lines = {.text = NULL};
    const char *name = path[0] == '-' ? path + 1 : path;
    AUTO(free) char *text = NULL;
    int number = 0;

    if (path[0] == '-' && access(name, F_OK) != 0) {
        *ret_lines = lines;
        return true;
    }
    if (!config_read_file(name, &text, err)) {
        return false;
    }
    for (char *rest = text, *line; (line = strsep(&rest, "\n")) != NULL;) {
        number++;
        if (!read_line(line, number, &lines, err)) {
            return false;
        }
    }
    lines.text = steal_ptr(&text);
    *ret_lines = lines;

    return true;
}
