/*
 * Where the value of each setting comes from: its flag, the file that its _FILE variable names, its
 * variable, the settings file, or the default; the first that there is. Internal to common/config.
 */
#ifndef COMMON_CONFIG_SOURCES_H
#define COMMON_CONFIG_SOURCES_H

#include <stdbool.h>
#include <stddef.h>

#include "common/cleanup.h"
#include "common/config/config.h"
#include "common/config/setting.h"
#include "common/error.h"

enum config_place {
    CONFIG_FROM_FLAG,
    CONFIG_FROM_SECRET_FILE, /* the value is its path */
    CONFIG_FROM_VARIABLE,
    CONFIG_FROM_SETTINGS_FILE,
    CONFIG_FROM_DEFAULT,
};

/* The source of one setting. */
struct config_origin {
    enum config_place place;
    const char *value; /* borrowed from the sources or the environment; NULL: there is none */
    char name[64];     /* what to call it in an error: "--threads", "KOPPELING_THREADS" */
};

struct config_sources {
    enum config_program program;
    const char *flags[CONFIG_SETTING_LIMIT]; /* borrowed from the command line */
    const char *settings_file;               /* borrowed; NULL: none */
    struct config_lines lines;
};

/* Reads the command line and the settings file. arguments[0] is skipped. The caller releases
 * *ret_sources whatever is returned; it borrows from the arguments. Errors as config_load(). */
bool config_sources_open(const struct config_source *source, struct config_sources *ret_sources,
                         struct error *err) MUSTCHECK;
void config_sources_release(struct config_sources *sources);

static inline void config_sources_cleanup(struct config_sources *sources)
{
    config_sources_release(sources);
}

/* Where the setting in this row of the table comes from. Before threads start. */
struct config_origin config_sources_find(const struct config_sources *sources, size_t row);

#endif
