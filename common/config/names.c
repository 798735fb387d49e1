/* What somebody may have meant by a name that does not exist. */
#include "common/config/names.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/config/setting.h"
#include "common/log.h"

#define PREFIX "KOPPELING_"

/* Longer names are like none of ours. */
#define NAME_LIMIT 63

/* A name is like another when it takes one change for each so many characters of it, or fewer. */
#define LIKENESS 4

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* How many characters to add, take away or replace to make one of the other (Levenshtein). */
static size_t distance(const char *from, const char *to)
{
    size_t row[NAME_LIMIT + 1];
    size_t width = strlen(to);

    for (size_t i = 0; i <= width; i++) {
        row[i] = i;
    }
    for (size_t line = 1; from[line - 1] != '\0'; line++) {
        size_t diagonal = row[0];

        row[0] = line;
        for (size_t i = 1; i <= width; i++) {
            size_t replaced = diagonal + (from[line - 1] != to[i - 1]);

            diagonal = row[i];
            row[i] = least(replaced, least(row[i], row[i - 1]) + 1);
        }
    }
    return row[width];
}

/* Keeps `name` as the nearest if it is nearer than what was. */
static void compare(const char *given, const char *name, size_t *distance_so_far,
                    const char **nearest)
{
    size_t changes = strlen(name) <= NAME_LIMIT ? distance(given, name) : NAME_LIMIT;

    if (changes < *distance_so_far) {
        *distance_so_far = changes;
        *nearest = name;
    }
}

const char *config_nearest_flag(enum config_program program, const char *name)
{
    size_t count = 0;
    const struct config_setting *settings = config_settings(&count);
    size_t length = strlen(name);
    size_t so_far = length / LIKENESS + 2;
    const char *nearest = NULL;

    for (size_t i = 0; i < count && length <= NAME_LIMIT; i++) {
        if (settings[i].flag != NULL && (settings[i].programs & (unsigned)program) != 0) {
            compare(name, settings[i].flag, &so_far, &nearest);
        }
    }
    return nearest;
}

const char *config_nearest_variable(const char *name)
{
    size_t count = 0;
    const struct config_setting *settings = config_settings(&count);
    size_t length = strlen(name);
    size_t so_far = length / LIKENESS + 2;
    const char *nearest = NULL;

    for (size_t i = 0; i < count && length <= NAME_LIMIT; i++) {
        compare(name, settings[i].variable, &so_far, &nearest);
    }
    return nearest;
}

/* Whether a program reads the variable `name` of `length` bytes. */
static bool is_read(const char *name, size_t length)
{
    static const char suffix[] = "_FILE";
    size_t count = 0;
    const struct config_setting *settings = config_settings(&count);

    for (size_t i = 0; i < count; i++) {
        size_t own = strlen(settings[i].variable);

        if (length >= own && strncmp(name, settings[i].variable, own) == 0 &&
            (length == own || (settings[i].is_confidential && length == own + strlen(suffix) &&
                               strncmp(name + own, suffix, strlen(suffix)) == 0))) {
            return true;
        }
    }
    return false;
}

void config_warn_of_unknown(void)
{
    for (char *const *variable = environ; variable != NULL && *variable != NULL; variable++) {
        size_t length = strcspn(*variable, "=");
        char name[NAME_LIMIT + 1];

        if (strncmp(*variable, PREFIX, strlen(PREFIX)) != 0 || is_read(*variable, length)) {
            continue;
        }
        /* The value stays where it is: it may be a secret with a misspelt name. */
        snprintf(name, sizeof(name), "%.*s", (int)least(length, NAME_LIMIT), *variable);
        const char *nearest = config_nearest_variable(name);
        LOG_WARNING("no program reads this variable", LOG_TEXT("name", name),
                    LOG_TEXT("meant_perhaps", nearest != NULL ? nearest : "none of ours"));
    }
}
