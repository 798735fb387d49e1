/* koppeling-scheduler: decides what is due, and migrates the database. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/config/config.h"
#include "common/database/database.h"
#include "common/database/migrate.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/program.h"
#include "common/sealing.h"
#include "scheduler/doctor.h"
#include "scheduler/scheduler.h"
#include "scheduler/top.h"

static const char program[] = "koppeling-scheduler";

static void print_help(void)
{
    puts("usage: koppeling-scheduler run [--once] [SETTING...]\n"
         "       koppeling-scheduler migrate [--dry-run] [SETTING...]\n"
         "       koppeling-scheduler doctor [--json] [SETTING...]\n"
         "       koppeling-scheduler top [--once] [SETTING...]\n"
         "       koppeling-scheduler config [SETTING...]\n"
         "       koppeling-scheduler --help | --version\n"
         "\n"
         "run      enqueues what has become due and keeps the tables healthy, until SIGTERM;\n"
         "         --once: one tick, then exit\n"
         "migrate  brings the database to the schema of this program; safe to repeat;\n"
         "         --dry-run: only says what it would do\n"
         "doctor   looks at the database and at the work, and says what it finds and what to do;\n"
         "         exit code 0: all is well, 1: warnings, 2: problems; --json: for programs\n"
         "top      shows the queue, the services, shops in trouble and what happened last, every "
         "two\n"
         "         seconds until q; --once, or when this is no terminal: once\n"
         "config   prints the settings that are in force, and where each comes from; no secrets\n"
         "\n"
         "Settings, as environment variables or flags:\n");
    config_print_help(CONFIG_SCHEDULER, stdout);
}

static bool migrate(const struct config *config, bool is_dry, struct error *err)
{
    int applied = 0;
    AUTO(PQfinish) PGconn *connection = NULL;

    if (!database_open(config->database_url, "koppeling-scheduler migrate", &connection, err)) {
        return false;
    }
    if (is_dry) {
        return migrate_preview(connection, stdout, err);
    }
    if (!migrate_apply(connection, &applied, err)) {
        return false;
    }
    LOG_INFO("the database is up to date", LOG_INT("applied", applied));

    return true;
}

static int diagnose(int argument_count, char **arguments)
{
    AUTO(config) struct config config = {0};
    struct error err = ERROR_INIT;
    bool is_json = program_take_flag(&argument_count, arguments, "--json");

    if (!config_load(&config, CONFIG_SCHEDULER, argument_count, arguments, &err)) {
        return program_fail(program, &err);
    }
    log_setup(config.log_level, config.log_format);
    config_warn_of_unknown();
    return scheduler_doctor(&config, is_json);
}

static int watch(int argument_count, char **arguments)
{
    AUTO(config) struct config config = {0};
    struct error err = ERROR_INIT;
    bool once = program_take_flag(&argument_count, arguments, "--once");

    if (!config_load(&config, CONFIG_SCHEDULER, argument_count, arguments, &err)) {
        return program_fail(program, &err);
    }
    /* Nothing but what ends it is told: a line of the log would spoil the page. */
    log_setup(LOG_LEVEL_ERROR, config.log_format);
    return top_run(&config, once, &err) ? program_finish_output(program)
                                        : program_fail(program, &err);
}

static int with_config(int argument_count, char **arguments, bool is_migration)
{
    struct config config;
    struct error err = ERROR_INIT;
    bool flag =
        program_take_flag(&argument_count, arguments, is_migration ? "--dry-run" : "--once");

    if (!config_load(&config, CONFIG_SCHEDULER, argument_count, arguments, &err)) {
        return program_fail(program, &err);
    }
    log_setup(config.log_level, config.log_format);
    log_set_thread_name("main");
    config_warn_of_unknown();
    if (!is_migration) {
        program_end_by_signal();
    }
    bool done = is_migration ? migrate(&config, flag, &err) : scheduler_run(&config, flag, &err);
    config_release(&config);
    return done ? program_finish_output(program) : program_fail(program, &err);
}

static int show_config(int argument_count, char **arguments)
{
    const struct config_source source = {CONFIG_SCHEDULER, argument_count, arguments};
    struct error err = ERROR_INIT;

    return config_print(&source, stdout, &err) ? program_finish_output(program)
                                               : program_fail(program, &err);
}

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
        puts("koppeling-scheduler " KOPPELING_VERSION);
        return program_finish_output(program);
    }
    if (!memory_start(&err) || !sealing_start(&err)) {
        return program_fail(program, &err);
    }
    if (strcmp(name, "run") == 0) {
        return with_config(argument_count - 1, arguments + 1, false);
    }
    if (strcmp(name, "migrate") == 0) {
        return with_config(argument_count - 1, arguments + 1, true);
    }
    if (strcmp(name, "doctor") == 0) {
        return diagnose(argument_count - 1, arguments + 1);
    }
    if (strcmp(name, "top") == 0) {
        return watch(argument_count - 1, arguments + 1);
    }
    if (strcmp(name, "config") == 0) {
        return show_config(argument_count - 1, arguments + 1);
    }
    (void)error_set(&err, ERROR_USAGE, "%s%s%s (see --help)",
                    name[0] != '\0' ? "unknown command '"
                                    : "a command is needed: run, migrate, doctor, top or config",
                    name, name[0] != '\0' ? "'" : "");
    return program_fail(program, &err);
}
