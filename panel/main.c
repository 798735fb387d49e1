/* koppeling-panel: pages for merchants and for whoever is on call, and the same as a JSON API. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/config/config.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/program.h"
#include "common/sealing.h"
#include "panel/panel.h"
#include "panel/people.h"

static const char program[] = "koppeling-panel";

static void print_help(void)
{
    puts("usage: koppeling-panel run [SETTING...]\n"
         "       koppeling-panel add-user LOGIN --role ROLE [--account ID] [--language nl|en]\n"
         "       koppeling-panel passwd LOGIN\n"
         "       koppeling-panel config [SETTING...]\n"
         "       koppeling-panel --help | --version\n"
         "\n"
         "run       serves the pages, until SIGTERM\n"
         "add-user  adds somebody who signs in here; the role is merchant, readonly (both with\n"
         "          --account), operations or operations_readonly. The password is asked for, or "
         "is\n"
         "          the first line of standard input\n"
         "passwd    gives somebody a new password, read the same way, and ends his sessions\n"
         "config    prints the settings that are in force, and where each comes from; no secrets\n"
         "\n"
         "Settings, as environment variables or flags:\n");
    config_print_help(CONFIG_PANEL, stdout);
}

static bool prepare(int argument_count, char **arguments, struct config *ret_config,
                    struct error *err)
{
    if (!config_load(ret_config, CONFIG_PANEL, argument_count, arguments, err)) {
        return false;
    }
    log_setup(ret_config->log_level, ret_config->log_format);
    log_set_thread_name("main");
    config_warn_of_unknown();
    return true;
}

static int run(int argument_count, char **arguments)
{
    AUTO(config) struct config config = {0};
    struct error err = ERROR_INIT;

    if (!prepare(argument_count, arguments, &config, &err)) {
        return program_fail(program, &err);
    }
    program_end_by_signal();
    return panel_run(&config, &err) ? EXIT_SUCCESS : program_fail(program, &err);
}

/* Takes the argument that is no option, such as a login, out of the list. */
static const char *take_word(int *argument_count, char **arguments)
{
    if (*argument_count < 2 || arguments[1][0] == '-') {
        return NULL;
    }

    const char *word = arguments[1];

    for (int i = 1; i + 1 <= *argument_count; i++) {
        arguments[i] = arguments[i + 1];
    }
    (*argument_count)--;
    return word;
}

static int add_user(int argument_count, char **arguments)
{
    AUTO(config) struct config config = {0};
    struct error err = ERROR_INIT;
    const struct people_user user = {
        .login = take_word(&argument_count, arguments),
        .role = program_take_option(&argument_count, arguments, "--role"),
        .account = program_take_option(&argument_count, arguments, "--account"),
        .language = program_take_option(&argument_count, arguments, "--language"),
    };
    struct people_user whole = user;

    if (user.login == NULL || user.role == NULL) {
        (void)error_set(&err, ERROR_USAGE, "add-user needs a login and --role (see --help)");
        return program_fail(program, &err);
    }
    whole.language = user.language != NULL ? user.language : "nl";
    return prepare(argument_count, arguments, &config, &err) && people_add(&config, &whole, &err)
               ? EXIT_SUCCESS
               : program_fail(program, &err);
}

static int set_password(int argument_count, char **arguments)
{
    AUTO(config) struct config config = {0};
    struct error err = ERROR_INIT;
    const char *login = take_word(&argument_count, arguments);

    if (login == NULL) {
        (void)error_set(&err, ERROR_USAGE, "passwd needs a login (see --help)");
        return program_fail(program, &err);
    }
    return prepare(argument_count, arguments, &config, &err) &&
                   people_set_password(&config, login, &err)
               ? EXIT_SUCCESS
               : program_fail(program, &err);
}

static int show_config(int argument_count, char **arguments)
{
    const struct config_source source = {CONFIG_PANEL, argument_count, arguments};
    struct error err = ERROR_INIT;

    return config_print(&source, stdout, &err) ? program_finish_output(program)
                                               : program_fail(program, &err);
}

static const struct {
    const char *name;
    int (*run)(int argument_count, char **arguments);
} commands[] = {
    {"run", run},
    {"add-user", add_user},
    {"passwd", set_password},
    {"config", show_config},
};

int main(int argument_count, char **arguments)
{
    struct error err = ERROR_INIT;
    const char *name = argument_count > 1 ? arguments[1] : "";

    program_protect();
    if (program_wants_help(&argument_count, arguments)) {
        print_help();
        return program_finish_output(program);
    }
    if (program_take_flag(&argument_count, arguments, "--version")) {
        puts("koppeling-panel " KOPPELING_VERSION);
        return program_finish_output(program);
    }
    if (!memory_start(&err) || !sealing_start(&err)) {
        return program_fail(program, &err);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(commands); i++) {
        if (strcmp(name, commands[i].name) == 0) {
            return commands[i].run(argument_count - 1, arguments + 1);
        }
    }
    (void)error_set(&err, ERROR_USAGE, "%s%s%s (see --help)",
                    name[0] != '\0' ? "unknown command '"
                                    : "a command is needed: run, add-user, passwd or config",
                    name, name[0] != '\0' ? "'" : "");
    return program_fail(program, &err);
}
