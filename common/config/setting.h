/*
 * Inside the config module: what a setting is. One row of the table in table.c drives
 * reading, checking, --help and cleaning up. Nothing outside common/config*.c includes this.
 */
#ifndef COMMON_CONFIG_SETTING_H
#define COMMON_CONFIG_SETTING_H

#include <stdbool.h>
#include <stddef.h>

#include "common/config/config.h"
#include "common/error.h"

#define CONFIG_SETTING_LIMIT 48
#define CONFIG_SETTINGS_FILE "KOPPELING_SETTINGS_FILE"

/* A path is of use only whole; this fits into the text of an error. */
#define CONFIG_PATH_LIMIT 300

struct config_setting;

/* Checks `text` and stores its value in the field. On failure the text of the error is the reason
 * only, "not one of on, off": the caller puts the setting's name and, unless it may hold a secret,
 * the value before it. */
typedef bool config_parser(const struct config_setting *setting, const char *text, void *ret_field,
                           struct error *err);

struct config_setting {
    const char *variable;      /* "KOPPELING_IN_FLIGHT" */
    const char *flag;          /* "in-flight"; NULL for a secret: a process list shows flags */
    const char *argument;      /* what --help calls the value: "COUNT" */
    const char *default_value; /* as one would write it; NULL: the field stays NULL */
    const char *help;          /* sentences; without the limits and the default */
    const char *default_words; /* for --help, when default_value is NULL */
    config_parser *parse;
    size_t offset; /* of the field in struct config */
    bool is_text;  /* the field is a char * that we free */
    /* The value holds or is a secret: never shown, can be read from a file, wiped after use. */
    bool is_confidential;
    bool is_live;               /* it may change while the program runs */
    unsigned programs;          /* sum of enum config_program */
    long least, most;           /* numbers: what is allowed */
    const char *const *choices; /* words, in the order of the enum; NULL-terminated */
};

const struct config_setting *config_settings(size_t *ret_count);

/* The value of a variable of the environment; NULL when it is not set or empty. */
const char *config_variable(const char *name);

config_parser config_parse_number;       /* into an int */
config_parser config_parse_seconds;      /* into an int64_t of microseconds */
config_parser config_parse_choice;       /* into an enum */
config_parser config_parse_switch;       /* 0 or 1, into a bool */
config_parser config_parse_token;        /* printable ASCII without blanks */
config_parser config_parse_shared_key;   /* the same, long enough that nobody guesses it */
config_parser config_parse_kinds;        /* "poll, verify" becomes "poll,verify" */
config_parser config_parse_file;         /* the name of a file that can be read */
config_parser config_parse_path;         /* the name of a file, which may be missing */
config_parser config_parse_address;      /* host:port */
config_parser config_parse_addresses;    /* numeric addresses, separated by commas */
config_parser config_parse_api_url;      /* https, or http on loopback; no slash at the end */
config_parser config_parse_database_url; /* what libpq understands */

/* What a settings file says, a place for each row of the table; the texts are in `text`. */
struct config_lines {
    const char *values[CONFIG_SETTING_LIMIT]; /* NULL: nothing */
    char *text;                               /* owned */
};

/* Reads a settings file: lines of NAME=value, with blanks around and quotes, # begins a comment. A
 * path that begins with - may be missing. A secret has no place there. The caller frees ->text. */
bool config_read_lines(const char *path, struct config_lines *ret_lines,
                       struct error *err) MUSTCHECK;

/* The first line of a small file, for NAME_FILE variables: one newline at its end is dropped. The
 * caller frees *ret_text with free_secret(). */
bool config_read_file(const char *path, char **ret_text, struct error *err) MUSTCHECK;

#endif
