/* Start-up chores of the daemons. */
#include "common/program.h"

#include "common/log.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>
#ifdef HAVE_SYSTEMD
#include <systemd/sd-daemon.h>
#endif

/* A program that was started with one of them closed would get a connection there, and log into
 * it. */
static void take_standard_descriptors(void)
{
    int descriptor = open("/dev/null", O_RDWR);

    while (descriptor >= 0 && descriptor <= STDERR_FILENO) {
        descriptor = open("/dev/null", O_RDWR);
    }
    if (descriptor > STDERR_FILENO) {
        close(descriptor);
    }
}

void program_protect(void)
{
    const struct rlimit none = {.rlim_cur = 0, .rlim_max = 0};

    take_standard_descriptors();
    /* Neither can fail in a way that would be a reason not to work. */
    (void)setrlimit(RLIMIT_CORE, &none);
#ifndef SANITIZED /* LeakSanitizer looks into its own process as a debugger does */
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
    (void)signal(SIGPIPE, SIG_IGN);
}

bool program_raise_descriptors(uint64_t wanted, const char *or_else, struct error *err)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return error_set(err, ERROR_SYSTEM, "cannot read the limit of open files: %s",
                         error_reason(errno));
    }
    if (limit.rlim_cur >= wanted) {
        return true;
    }
    if (limit.rlim_max < wanted) {
        return error_set(
            err, ERROR_SYSTEM,
            "%llu open files are needed, but the system allows %llu: raise LimitNOFILE "
            "(ulimit -n)%s",
            (unsigned long long)wanted, (unsigned long long)limit.rlim_max, or_else);
    }
    limit.rlim_cur = wanted;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return error_set(err, ERROR_SYSTEM, "cannot raise the limit of open files: %s",
                         error_reason(errno));
    }
    return true;
}

static void remove_arguments(int *argument_count, char **arguments, int at, int how_many)
{
    for (int i = at; i + how_many <= *argument_count; i++) {
        arguments[i] = arguments[i + how_many];
    }
    *argument_count -= how_many;
}

bool program_take_flag(int *argument_count, char **arguments, const char *flag)
{
    bool found = false;

    for (int i = 1; i < *argument_count;) {
        if (strcmp(arguments[i], flag) == 0) {
            remove_arguments(argument_count, arguments, i, 1);
            found = true;
        } else {
            i++;
        }
    }
    return found;
}

bool program_wants_help(int *argument_count, char **arguments)
{
    bool is_command = *argument_count > 1 && strcmp(arguments[1], "help") == 0;
    bool is_short = program_take_flag(argument_count, arguments, "-h");

    return program_take_flag(argument_count, arguments, "--help") || is_short || is_command;
}

const char *program_take_option(int *argument_count, char **arguments, const char *name)
{
    size_t length = strlen(name);

    for (int i = 1; i < *argument_count; i++) {
        if (strncmp(arguments[i], name, length) != 0) {
            continue;
        }
        if (arguments[i][length] == '=') {
            const char *value = arguments[i] + length + 1;

            remove_arguments(argument_count, arguments, i, 1);
            return value;
        }
        if (arguments[i][length] == '\0' && i + 1 < *argument_count) {
            const char *value = arguments[i + 1];

            remove_arguments(argument_count, arguments, i, 2);
            return value;
        }
    }
    return NULL;
}

static void end_now(int number)
{
    (void)number;
    _exit(EXIT_SUCCESS);
}

static const int stop_signals[] = {SIGTERM, SIGINT, SIGQUIT, SIGPWR};

/* Whoever sends one of these means another program. By default they end this one on the spot. */
static const int idle_signals[] = {SIGHUP,    SIGUSR1, SIGUSR2, SIGALRM,
                                   SIGVTALRM, SIGPROF, SIGIO,   SIGSTKFLT};

void program_end_by_signal(void)
{
    const struct sigaction end = {.sa_handler = end_now};
    const struct sigaction ignore = {.sa_handler = SIG_IGN};

    for (size_t i = 0; i < ARRAY_LENGTH(stop_signals); i++) {
        (void)sigaction(stop_signals[i], &end, NULL);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(idle_signals); i++) {
        (void)sigaction(idle_signals[i], &ignore, NULL);
    }
    for (int number = SIGRTMIN; number <= SIGRTMAX; number++) {
        (void)sigaction(number, &ignore, NULL);
    }
}

bool program_read_signals(int *ret_descriptor, struct error *err)
{
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGHUP);
    for (size_t i = 0; i < ARRAY_LENGTH(stop_signals); i++) {
        sigaddset(&signals, stop_signals[i]);
    }
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    /* One that is ignored is not told of, not even while it is blocked. */
    (void)signal(SIGHUP, SIG_DFL);
    *ret_descriptor = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    return *ret_descriptor >= 0 ||
           error_set(err, ERROR_SYSTEM, "cannot read signals: %s", error_reason(errno));
}

enum program_wish program_take_signals(int descriptor)
{
    struct signalfd_siginfo signal;
    enum program_wish wish = PROGRAM_GO_ON;

    while (read(descriptor, &signal, sizeof(signal)) == (ssize_t)sizeof(signal)) {
        enum program_wish this = signal.ssi_signo == SIGHUP ? PROGRAM_RELOAD : PROGRAM_STOP;

        wish = this > wish ? this : wish;
    }
    return wish;
}

int program_finish_output(const char *program)
{
    struct error err = ERROR_INIT;

    if (fflush(stdout) == 0 && ferror(stdout) == 0) {
        return EXIT_SUCCESS;
    }
    (void)error_set(&err, ERROR_OUTPUT, "cannot write to standard output: %s", error_reason(errno));
    return program_fail(program, &err);
}

int program_fail(const char *program, const struct error *err)
{
    log_last_word(program, err->text);
    return error_exit_code(err->code);
}

void program_notify(const char *state)
{
#ifdef HAVE_SYSTEMD
    (void)sd_notify(0, state);
#else
    (void)state;
#endif
}

int64_t program_watchdog_us(void)
{
    uint64_t microseconds = 0;
#ifdef HAVE_SYSTEMD
    (void)sd_watchdog_enabled(0, &microseconds);
#endif
    return microseconds > INT64_MAX ? 0 : (int64_t)microseconds;
}
