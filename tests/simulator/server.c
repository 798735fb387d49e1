#include "tests/simulator/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/memory.h"
#include "tests/simulator/call.h"

#define BACKLOG            4096
#define DESCRIPTORS_WANTED 65536
#define DESCRIPTORS_SPARE  64U               /* for everything that is not a connection */
#define CONNECTION_MEMORY  ((size_t)8 << 10) /* cleared by MHD after each request */
#define CONNECTION_IDLE_S  900U

struct server {
    struct simulator *simulator;
    struct MHD_Daemon *daemon;
    uint16_t port;
};

/* NOLINTNEXTLINE(readability-function-size): as the library calls it */
static enum MHD_Result server_handle(void *context, struct MHD_Connection *connection,
                                     const char *url, const char *method, const char *version,
                                     const char *bytes, size_t *length, void **call_slot)
{
    struct call *call = *call_slot;

    (void)version;
    if (call == NULL) {
        *call_slot = call_new(context, connection, url, method);
        return MHD_YES;
    }
    if (*length > 0) {
        call_receive(call, bytes, *length);
        *length = 0;
        return MHD_YES;
    }
    return call_advance(call);
}

static void server_completed(void *context, struct MHD_Connection *connection, void **call_slot,
                             enum MHD_RequestTerminationCode code)
{
    (void)context, (void)connection, (void)code;
    if (*call_slot != NULL) {
        call_free(*call_slot);
    }
    *call_slot = NULL;
}

static void server_connection(void *context, struct MHD_Connection *connection, void **slot,
                              enum MHD_ConnectionNotificationCode code)
{
    struct simulator *simulator = context;

    (void)connection, (void)slot;
    counters_connection(&simulator->counters, code == MHD_CONNECTION_NOTIFY_STARTED);
}

/* Raises the limit of open files as far as allowed. Returns how many connections fit into it. */
static unsigned server_raise_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return 1024 - DESCRIPTORS_SPARE;
    }
    struct rlimit wished = limit;
    if (wished.rlim_max < DESCRIPTORS_WANTED) {
        wished.rlim_max = DESCRIPTORS_WANTED; /* only root may */
    }
    wished.rlim_cur = wished.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &wished) != 0) {
        wished.rlim_cur = wished.rlim_max = limit.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &wished) != 0) {
            wished.rlim_cur = limit.rlim_cur;
        }
    }
    rlim_t most = wished.rlim_cur < DESCRIPTORS_WANTED ? wished.rlim_cur : DESCRIPTORS_WANTED;
    return most / 2 > DESCRIPTORS_SPARE ? (unsigned)(most - DESCRIPTORS_SPARE) : DESCRIPTORS_SPARE;
}

static bool server_listen(uint16_t port, int *ret_socket, uint16_t *ret_port, struct error *err)
{
    int yes = 1;
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) != 0 ||
        bind(fd, (struct sockaddr *)&address, length) != 0 || listen(fd, BACKLOG) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &length) != 0) {
        error_set(err, ERROR_SYSTEM, "cannot listen on '127.0.0.1:%u': %s", (unsigned)port,
                  error_reason(errno));
        if (fd >= 0) {
            close(fd);
        }
        return false;
    }
    *ret_socket = fd;
    *ret_port = ntohs(address.sin_port);
    return true;
}

static struct MHD_Daemon *server_start_daemon(struct simulator *simulator, int listening)
{
    const struct MHD_OptionItem options[] = {
        {MHD_OPTION_LISTEN_SOCKET, listening, NULL},
        {MHD_OPTION_CONNECTION_LIMIT, (intptr_t)server_raise_limit(), NULL},
        {MHD_OPTION_CONNECTION_MEMORY_LIMIT, (intptr_t)CONNECTION_MEMORY, NULL},
        {MHD_OPTION_CONNECTION_TIMEOUT, (intptr_t)CONNECTION_IDLE_S, NULL},
        /* A pool of one would be an error. */
        {simulator->options->threads > 1 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END,
         simulator->options->threads, NULL},
        {MHD_OPTION_END, 0, NULL},
    };

    return MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
                            server_handle, simulator, MHD_OPTION_NOTIFY_COMPLETED, server_completed,
                            simulator, MHD_OPTION_NOTIFY_CONNECTION, server_connection, simulator,
                            MHD_OPTION_ARRAY, options, MHD_OPTION_END);
}

static int64_t server_work(void *context)
{
    return simulator_flow(context);
}

bool server_start(struct simulator *simulator, struct server **ret_server, struct error *err)
{
    int listening;
    struct server *server = xcalloc(1, sizeof(*server));

    server->simulator = simulator;
    if (!server_listen(simulator->options->port, &listening, &server->port, err)) {
        goto fail_listen;
    }
    if (!delays_start(server_work, simulator, &simulator->delays, err)) {
        goto fail_delays;
    }
    server->daemon = server_start_daemon(simulator, listening);
    if (server->daemon == NULL) {
        error_set(err, ERROR_SYSTEM, "cannot start the HTTP server: %s", error_reason(errno));
        goto fail_daemon;
    }
    *ret_server = server;
    return true;
fail_daemon:
    delays_stop(simulator->delays);
    delays_free(simulator->delays);
fail_delays:
    close(listening);
fail_listen:
    free(server);
    return false;
}

uint16_t server_port(const struct server *server)
{
    return server->port;
}

void server_stop(struct server *server)
{
    delays_stop(server->simulator->delays);
    MHD_stop_daemon(server->daemon);
    delays_free(server->simulator->delays);
    server->simulator->delays = NULL;
    free(server);
}
