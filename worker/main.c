/* koppeling-worker: the pool of workers, and the tools for sealed values. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/config/config.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/program.h"
#include "common/sealing.h"
#include "worker/api/text/scratch.h"
#include "worker/calls/tls_session.h"
#include "worker/doctor.h"
#include "worker/engine/pool.h"
#include "worker/rekey.h"

static const char program[] = "koppeling-worker";

static void print_help(void)
{
    puts("usage: koppeling-worker run [--until-idle] [SETTING...]\n"
         "       koppeling-worker keygen\n"
         "       koppeling-worker seal --public-key BASE64 [--for SHOP_HOST] < SECRET\n"
         "       koppeling-worker rekey [--dry-run] [SETTING...]\n"
         "       koppeling-worker doctor [--json] [SETTING...]\n"
         "       koppeling-worker config [SETTING...]\n"
         "       koppeling-worker --help | --version\n"
         "\n"
         "run     claims jobs, calls the APIs and records the results, until SIGTERM;\n"
         "        --until-idle: exit 0 when nothing is due, running or about to be retried\n"
         "keygen  makes a key pair: the public key seals, the secret one (KOPPELING_SECRET_KEY) "
         "opens\n"
         "seal    reads a secret from standard input and prints it sealed, in base64, for\n"
         "        connect_shop(url, decode('...', 'base64'), from_address_id); --for binds it to a "
         "shop\n"
         "rekey   seals anew, for KOPPELING_SECRET_KEY, what was sealed for "
         "KOPPELING_PREVIOUS_SECRET_KEY;\n"
         "        --dry-run: only counts\n"
         "doctor  looks at the database, the keys and the services, and says what it finds and "
         "what to do;\n"
         "        exit code 0: all is well, 1: warnings, 2: problems; --json: for programs\n"
         "config  prints the settings that are in force, and where each comes from; no secrets\n"
         "\n"
         "Settings, as environment variables or flags:\n");
    config_print_help(CONFIG_WORKER, stdout);
}

/* Loads the settings and opens the key (NULL when none is set); its text is wiped, since only the
 * opened one is kept in protected memory. */
static bool prepare(int argument_count, char **arguments, struct config *ret_config,
                    struct sealing_key **ret_key, struct error *err)
{
    AUTO(config) struct config config = {0};
    AUTO(sealing_key) struct sealing_key *key = NULL;

    if (!config_load(&config, CONFIG_WORKER, argument_count, arguments, err)) {
        return false;
    }
    log_setup(config.log_level, config.log_format);
    log_set_thread_name("main");
    config_warn_of_unknown();
    program_end_by_signal();
    if (config.secret_key != NULL &&
        !sealing_key_new(config.secret_key, config.previous_secret_key, &key, err)) {
        return error_prefix(err, "KOPPELING_SECRET_KEY");
    }
    if (key != NULL && !sealing_key_is_locked(key)) {
        LOG_WARNING("the secret key cannot be locked in memory and may be written to swap: raise "
                    "LimitMEMLOCK (ulimit -l)");
    }
    free_secret(steal_ptr(&config.secret_key));

    free_secret(steal_ptr(&config.previous_secret_key));

    *ret_config = config;
    memset(&config, 0, sizeof(config));
    *ret_key = steal_ptr(&key);

    return true;
}

static int run(int argument_count, char **arguments)
{
    AUTO(config) struct config config = {0};
    AUTO(sealing_key) struct sealing_key *key = NULL;
    struct error err = ERROR_INIT;
    bool until_idle = program_take_flag(&argument_count, arguments, "--until-idle");

    if (!prepare(argument_count, arguments, &config, &key, &err)) {
        return program_fail(program, &err);
    }
    if (config.partner_token == NULL || config.partner_token[0] == '\0') {
        LOG_WARNING("no partner token is set (KOPPELING_PARTNER_TOKEN): Mijnwebwinkel may refuse "
                    "the calls of all shops");
    }
    return pool_run(&config, key, until_idle, &err) ? EXIT_SUCCESS : program_fail(program, &err);
}

static int rekey(int argument_count, char **arguments)
{
    AUTO(config) struct config config = {0};
    AUTO(sealing_key) struct sealing_key *key = NULL;
    struct error err = ERROR_INIT;
    bool is_dry_run = program_take_flag(&argument_count, arguments, "--dry-run");

    if (!prepare(argument_count, arguments, &config, &key, &err)) {
        return program_fail(program, &err);
    }
    if (key == NULL) {
        (void)error_set(&err, ERROR_CONFIG, "rekey needs KOPPELING_SECRET_KEY");
    } else if (rekey_run(&config, key, is_dry_run, &err)) {
        return program_finish_output(program);
    }
    return program_fail(program, &err);
}

static int diagnose(int argument_count, char **arguments)
{
    AUTO(config) struct config config = {0};
    AUTO(sealing_key) struct sealing_key *key = NULL;
    struct error err = ERROR_INIT;
    bool is_json = program_take_flag(&argument_count, arguments, "--json");

    return prepare(argument_count, arguments, &config, &key, &err)
               ? worker_doctor(&config, key, is_json)
               : program_fail(program, &err);
}

static int show_config(int argument_count, char **arguments)
{
    const struct config_source source = {CONFIG_WORKER, argument_count, arguments};
    struct error err = ERROR_INIT;

    return config_print(&source, stdout, &err) ? program_finish_output(program)
                                               : program_fail(program, &err);
}

static int keygen(void)
{
    struct error err = ERROR_INIT;
    AUTO(free) char *public_key = NULL;
    AUTO(free_secret) char *secret_key = NULL;

    if (!sealing_generate(&public_key, &secret_key, &err)) {
        return program_fail(program, &err);
    }
    printf("public: %s\nsecret: %s\n", public_key, secret_key);
    return program_finish_output(program);
}

/* Reads all of standard input; a trailing newline is not part of the secret. */
static bool read_secret(char *ret_secret, size_t size, size_t *ret_length, struct error *err)
{
    size_t length = fread(ret_secret, 1, size, stdin);

    if (ferror(stdin) != 0) {
        return error_set(err, ERROR_DATA, "cannot read the secret from standard input");
    }
    if (length == size) {
        return error_set(err, ERROR_DATA, "the secret is longer than %d bytes",
                         SEALING_SECRET_LIMIT);
    }
    if (length > 0 && ret_secret[length - 1] == '\n') {
        length--;
    }
    if (length > 0 && ret_secret[length - 1] == '\r') {
        length--;
    }
    *ret_length = length;
    return true;
}

static int seal(int argument_count, char **arguments)
{
    struct error err = ERROR_INIT;
    char secret[SEALING_SECRET_LIMIT + 3];
    size_t length = 0;
    AUTO(free) char *sealed = NULL;
    const char *public_key = program_take_option(&argument_count, arguments, "--public-key");
    const char *shop_host = program_take_option(&argument_count, arguments, "--for");
    bool done = true;

    if (argument_count > 1) {
        done = error_set(&err, ERROR_USAGE, "seal does not know '%s'", arguments[1]);
    } else if (public_key == NULL) {
        done = error_set(&err, ERROR_USAGE, "seal needs --public-key BASE64 (see keygen)");
    }
    done =
        done && read_secret(secret, sizeof(secret), &length, &err) &&
        sealing_seal(public_key, shop_host, (struct sealing_bytes){secret, length}, &sealed, &err);
    explicit_bzero(secret, sizeof(secret));
    if (!done) {
        return program_fail(program, &err);
    }
    puts(sealed);
    return program_finish_output(program);
}

static int command(int argument_count, char **arguments)
{
    struct error err = ERROR_INIT;
    const char *name = argument_count > 1 ? arguments[1] : "";

    if (program_wants_help(&argument_count, arguments)) {
        print_help();
        return program_finish_output(program);
    }
    if (program_take_flag(&argument_count, arguments, "--version")) {
        puts("koppeling-worker " KOPPELING_VERSION);
        return program_finish_output(program);
    }
    if (!memory_start(&err) || !sealing_start(&err) || !tls_session_keep(&err)) {
        return program_fail(program, &err);
    }
    scratch_install();
    if (strcmp(name, "run") == 0) {
        return run(argument_count - 1, arguments + 1);
    }
    if (strcmp(name, "rekey") == 0) {
        return rekey(argument_count - 1, arguments + 1);
    }
    if (strcmp(name, "doctor") == 0) {
        return diagnose(argument_count - 1, arguments + 1);
    }
    if (strcmp(name, "config") == 0) {
        return show_config(argument_count - 1, arguments + 1);
    }
    if (strcmp(name, "keygen") == 0) {
        return keygen();
    }
    if (strcmp(name, "seal") == 0) {
        return seal(argument_count - 1, arguments + 1);
    }
    (void)error_set(&err, ERROR_USAGE, "%s%s%s (see --help)",
                    name[0] != '\0'
                        ? "unknown command '"
                        : "a command is needed: run, keygen, seal, rekey, doctor or config",
                    name, name[0] != '\0' ? "'" : "");
    return program_fail(program, &err);
}

int main(int argument_count, char **arguments)
{
    program_protect();
    return command(argument_count, arguments);
}
