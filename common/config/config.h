/*
 * Settings of the three daemons: environment variables, each with a flag of the same meaning and a
 * default that works. KOPPELING_IN_FLIGHT=100 and --in-flight=100 (or --in-flight 100) say the
 * same; the flag wins. A secret can also be read from a file: KOPPELING_SECRET_KEY_FILE (trailing
 * newline dropped); so can the two database URLs, which may hold a password. Secrets have no flag,
 * since a process list shows flags. An empty value means the default. What is neither a flag nor in
 * the environment is looked for in a settings file, if there is one: lines of NAME=value.
 *
 * One table, in table.c, drives reading, checking and --help: a new setting is one row.
 */
#ifndef COMMON_CONFIG_CONFIG_H
#define COMMON_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "common/error.h"
#include "common/log.h"

enum config_program { CONFIG_SCHEDULER = 1, CONFIG_WORKER = 2, CONFIG_PANEL = 4 };

/* Whether statements are prepared. AUTO: yes, unless a pooler such as PgBouncer stands between. */
enum config_prepare { CONFIG_PREPARE_AUTO, CONFIG_PREPARE_ON, CONFIG_PREPARE_OFF };

/* Where the settings came from, to be asked again for those that may change while it runs. */
struct config_source {
    enum config_program program;
    int argument_count;
    char *const *arguments;
};

struct config {
    struct config_source source;
    char *settings_file; /* KOPPELING_SETTINGS_FILE: read again by config_reload(); NULL: none */
    char *database_url;  /* KOPPELING_DATABASE_URL; NULL: libpq's own PG* variables */
    char *listen_url;    /* KOPPELING_LISTEN_URL: a direct connection beside PgBouncer; NULL */
    enum config_prepare prepare; /* KOPPELING_PREPARE: auto | on | off */
    char *mijnwebwinkel_url;     /* https://api.myonlinestore.com; no trailing slash */
    char *partner_token;     /* KOPPELING_PARTNER_TOKEN (secret); NULL: the parameter is left out */
    char *boekuwzending_url; /* https://api.boekuwzending.com */
    char *boekuwzending_staging_url; /* https://staging.api.boekuwzending.com */
    char *secret_key; /* KOPPELING_SECRET_KEY (secret), base64; opens sealed values; NULL */
    char *previous_secret_key; /* KOPPELING_PREVIOUS_SECRET_KEY (secret): still accepted while keys
                                  are being changed; NULL */
    char *ca_file;             /* KOPPELING_CA_FILE: private CA for the APIs; NULL: the system's */
    int threads;               /* KOPPELING_THREADS, 1..64, default 2 */
    int in_flight;             /* KOPPELING_IN_FLIGHT per thread and API, 1..10000, default 400 */
    int connections;           /* KOPPELING_CONNECTIONS per thread and API, 1..10000, default 400 */
    char *kinds;               /* KOPPELING_KINDS: comma list of job kinds to claim; NULL: all */
    int64_t lease_us;          /* KOPPELING_LEASE_SECONDS, 5..3600, default 60 */
    int64_t grace_us; /* KOPPELING_GRACE_SECONDS, 0..600, default 20: SIGTERM to hand-back */
    int64_t request_timeout_us; /* KOPPELING_REQUEST_TIMEOUT_SECONDS, 1..300, default 30 */
    int64_t tick_us;  /* KOPPELING_TICK_SECONDS, 1..3600, default 1: the scheduler's tick */
    int64_t stall_us; /* KOPPELING_STALL_SECONDS, 5..3600, default 30: /ready says no after it */
    enum log_format log_format; /* KOPPELING_LOG_FORMAT: logfmt | json */
    enum log_level log_level;   /* KOPPELING_LOG_LEVEL: debug | info | warning | error */
    char *metrics_address;      /* KOPPELING_METRICS_ADDRESS: host:port for /metrics, /live, /ready;
                                   NULL: none */
    char *panel_address;        /* KOPPELING_PANEL_ADDRESS: host:port of the panel's pages */
    int panel_threads;          /* KOPPELING_PANEL_THREADS, 1..64, default 4 */
    char *panel_certificate;    /* KOPPELING_PANEL_CERTIFICATE: PEM file; NULL: no TLS of its own */
    char *panel_key;            /* KOPPELING_PANEL_KEY: PEM file of its private key; NULL */
    bool panel_is_insecure;     /* KOPPELING_PANEL_INSECURE: cookies over plain http on loopback */
    char *panel_proxies; /* KOPPELING_PANEL_PROXIES: addresses whose X-Forwarded-For counts */
    char *public_key;    /* KOPPELING_PUBLIC_KEY, base64: seals what merchants type; NULL */
    char *portal_key;    /* KOPPELING_PORTAL_KEY (secret): signs a portal's tokens; NULL */
    char *proxy_secret;  /* KOPPELING_PANEL_PROXY_SECRET (secret): a proxy names people; NULL */
};

/*
 * Fills *ret_config from defaults, environment and the command line. arguments[0] is skipped (the
 * name of the program or of the subcommand), and the arguments must stay; options that are not
 * settings (such as --once or --help) must have been taken out by the caller. Settings of other
 * programs have their default.
 * Call it before threads start: secrets are wiped from the environment. Returns false with
 * ERROR_USAGE (unknown option, missing value) or ERROR_CONFIG; the text names the variable or the
 * flag, says what is wrong with the value (never showing a secret, nor the password inside a URL)
 * and what is allowed.
 *
 * API addresses must be https; plain http only for a loopback address (127.0.0.0/8, ::1,
 * localhost). They have no user, no query and no fragment.
 */
bool config_load(struct config *ret_config, enum config_program program, int argument_count,
                 char *const *arguments, struct error *err) MUSTCHECK;

/*
 * The settings that may change while the program runs, as they are by now: log level, calls in
 * flight, certificates. All others have no value. They come from where config_load() found them,
 * the settings file as it is by now. Errors as config_load(). The caller releases *ret_live.
 */
bool config_reload(const struct config *config, struct config *ret_live,
                   struct error *err) MUSTCHECK;

/* Reads all settings as config_load() does, and forgets them again: errors as there. Nothing is
 * wiped. */
bool config_check(const struct config_source *source, struct error *err) MUSTCHECK;

/* Prints the settings of the program with defaults and meanings, for --help. */
void config_print_help(enum config_program program, FILE *stream);

/* Prints what is in force and where each setting comes from, one NAME=value a line; what holds a
 * secret, or may, is hidden. Errors as config_load(). Before threads start. */
bool config_print(const struct config_source *source, FILE *stream, struct error *err) MUSTCHECK;

/* Writes a warning into the log for each variable of the environment that begins with KOPPELING_
 * and that no program reads, with the name that was meant, perhaps. Before threads start. */
void config_warn_of_unknown(void);

/* Wipes secrets and frees everything; leaves an empty struct. */
void config_release(struct config *config);

static inline void config_cleanup(struct config *config)
{
    config_release(config);
}

#endif
