#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/memory.h"
#include "tests/simulator/calendar.h"
#include "tests/simulator/server.h"

/* Written under another name first, so that whoever waits for the file never reads half of it. */
static bool write_port_file(const char *path, uint16_t port, struct error *err)
{
    AUTO(free) char *part = xasprintf("%s.part", path);
    FILE *stream = fopen(part, "w");

    if (stream == NULL) {
        return error_set(err, ERROR_SYSTEM, "cannot create '%s': %s", part, error_reason(errno));
    }
    bool is_written = fprintf(stream, "%u\n", (unsigned)port) > 0;
    if (fclose(stream) != 0 || !is_written || rename(part, path) != 0) {
        return error_set(err, ERROR_SYSTEM, "cannot write '%s': %s", path, error_reason(errno));
    }
    return true;
}

/* Answers come and go in bursts of megabytes: without this, each burst is taken from the kernel and
 * given back to it, page by page, and that is most of the work of answering. */
static void keep_memory(void)
{
    /* NOLINTBEGIN(concurrency-mt-unsafe): before threads start */
    mallopt(M_MMAP_THRESHOLD, 4 << 20);
    mallopt(M_TRIM_THRESHOLD, 512 << 20);
    mallopt(M_TOP_PAD, 4 << 20);
    /* NOLINTEND(concurrency-mt-unsafe) */
}

static void wait_for_end(const sigset_t *signals)
{
    int signal_number;

    while (sigwait(signals, &signal_number) != 0) {
        continue;
    }
}

static bool run(const struct options *options, struct error *err)
{
    static struct simulator simulator;
    struct server *server;
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, NULL); /* before there are threads: they inherit it */
    signal(SIGPIPE, SIG_IGN);

    keep_memory();
    calendar_start();
    simulator_init(&simulator, options);
    bool is_done = server_start(&simulator, &server, err);
    if (is_done) {
        printf("listening on 127.0.0.1:%u\n", (unsigned)server_port(server));
        fflush(stdout);
        is_done = options->port_file == NULL ||
                  write_port_file(options->port_file, server_port(server), err);
        if (is_done) {
            wait_for_end(&signals);
        }
        server_stop(server);
    }
    simulator_release(&simulator);
    return is_done;
}

int main(int argument_count, char **arguments)
{
    struct error err = ERROR_INIT;
    struct options options;
    bool is_done = options_read(&options, argument_count, arguments, &err);

    if (is_done && options.help) {
        options_print_help();
    } else if (is_done && options.version) {
        puts("koppeling-simulator " KOPPELING_VERSION);
    } else if (is_done) {
        is_done = run(&options, &err);
    }
    if (!is_done) {
        fprintf(stderr, "koppeling-simulator: %s\n", err.text);
    }
    return error_exit_code(err.code);
}
