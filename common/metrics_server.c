/*
 * The HTTP server that shows metrics and health.
 *
 * DESIGN: libmicrohttpd runs one thread of its own, which calls answer(); that reads atomics and
 * asks the ready callback, and touches nothing else of the process. It is made for a few scrapers
 * in a trusted network: few connections, short waits, small requests, nothing but GET and HEAD.
 * Connections are accepted by a thread of ours: the library's own loop would spin when the process
 * has no descriptor left for one.
 */
#include "common/metrics.h"

#include <errno.h>
#include <microhttpd.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/listener.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/wakeup.h"

#define CONNECTION_LIMIT           32U
#define CONNECTION_TIMEOUT_SECONDS 10U
#define REQUEST_MEMORY             ((size_t)8192)
#define REASON_SIZE                256
#define BACKLOG                    32

#define ACCEPT_RETRY_MS 500

struct metrics_server {
    struct MHD_Daemon *daemon;
    metrics_ready_callback *ready;
    void *context;
    int listener;
    struct wakeup stop;
    bool has_thread;
    pthread_t thread; /* accepts */
};

/* Makes the text of a page, to be freed, and says its HTTP status. */
typedef char *page_callback(const struct metrics_server *server, unsigned *ret_status);

static char *make_metrics(const struct metrics_server *server, unsigned *ret_status)
{
    (void)server;
    *ret_status = MHD_HTTP_OK;
    metrics_read_process();
    return metrics_text();
}

static char *make_live(const struct metrics_server *server, unsigned *ret_status)
{
    (void)server;
    *ret_status = MHD_HTTP_OK;
    return xstrdup("live\n");
}

static char *make_ready(const struct metrics_server *server, unsigned *ret_status)
{
    char reason[REASON_SIZE] = "";

    if (server->ready == NULL || server->ready(server->context, reason, sizeof(reason))) {
        *ret_status = MHD_HTTP_OK;
        return xstrdup("ready\n");
    }
    *ret_status = MHD_HTTP_SERVICE_UNAVAILABLE;
    return xasprintf("not ready: %s\n", reason);
}

static const struct {
    const char *path;
    page_callback *make;
    const char *content_type;
} pages[] = {
    {"/metrics", make_metrics, "text/plain; version=0.0.4; charset=utf-8"},
    {"/live", make_live, "text/plain; charset=utf-8"},
    {"/ready", make_ready, "text/plain; charset=utf-8"},
};

/* Sends `text`, which it takes over. */
static enum MHD_Result send_text(struct MHD_Connection *connection, unsigned status,
                                 const char *content_type, char *text)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);

    if (response == NULL) {
        free(text);
        return MHD_NO;
    }
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, content_type);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED) {
        MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    }

    enum MHD_Result result = MHD_queue_response(connection, status, response);

    MHD_destroy_response(response);
    return result;
}

static bool has_body(struct MHD_Connection *connection)
{
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
                                       MHD_HTTP_HEADER_CONTENT_LENGTH) != NULL ||
           MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
                                       MHD_HTTP_HEADER_TRANSFER_ENCODING) != NULL;
}

/* Called when the header of a request is there, and again when the request is complete. An answer
 * at the first call makes the library close the connection without reading on: right for a body,
 * which nobody needs here, but not for a scraper, which wants to keep its connection. */
/* NOLINTNEXTLINE(readability-function-size): as the library calls it */
static enum MHD_Result answer(void *context, struct MHD_Connection *connection, const char *path,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_size, void **request)
{
    const struct metrics_server *server = context;
    const char *plain = "text/plain; charset=utf-8";

    (void)version, (void)upload, (void)upload_size;
    if (*request == NULL && !has_body(connection)) {
        *request = context; /* anything but NULL: the first call is over */
        return MHD_YES;
    }
    for (size_t i = 0; i < ARRAY_LENGTH(pages); i++) {
        if (strcmp(path, pages[i].path) != 0) {
            continue;
        }
        if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0) {
            return send_text(connection, MHD_HTTP_METHOD_NOT_ALLOWED, plain,
                             xstrdup("only GET and HEAD are understood\n"));
        }

        unsigned status = MHD_HTTP_OK;
        char *text = pages[i].make(server, &status);

        return send_text(connection, status, pages[i].content_type, text);
    }
    return send_text(connection, MHD_HTTP_NOT_FOUND, plain,
                     xstrdup("not found; there are /metrics, /live and /ready\n"));
}

/* Waits until there is a connection to accept or, without `is_listening`, until it is time to look
 * again. False when it is time to stop. */
static bool wait_for(const struct metrics_server *server, bool is_listening)
{
    struct pollfd descriptors[] = {
        {.fd = server->stop.descriptor, .events = POLLIN},
        {.fd = server->listener, .events = POLLIN},
    };
    int ready = is_listening ? poll(descriptors, 2, -1) : poll(descriptors, 1, ACCEPT_RETRY_MS);

    return ready < 0 ? errno == EINTR : descriptors[0].revents == 0;
}

static void *accept_main(void *context)
{
    const struct metrics_server *server = context;
    bool can_accept = true;

    while (wait_for(server, can_accept)) {
        struct sockaddr_storage address;
        socklen_t length = sizeof(address);
        int connection = accept4(server->listener, (struct sockaddr *)&address, &length,
                                 SOCK_CLOEXEC | SOCK_NONBLOCK);

        /* One that came to nothing is no trouble; no descriptor or memory is one that may pass. */
        can_accept = connection >= 0 || errno == EAGAIN || errno == ECONNABORTED || errno == EINTR;
        if (connection >= 0) {
            /* It closes the connection when it cannot take it. */
            (void)MHD_add_connection(server->daemon, connection, (struct sockaddr *)&address,
                                     length);
        }
    }
    return NULL;
}

/* Starts both threads with all signals blocked: they belong to main(). */
static bool start_threads(struct metrics_server *server)
{
    unsigned flags =
        MHD_USE_AUTO | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_ITC | MHD_USE_NO_LISTEN_SOCKET;
    sigset_t all;
    sigset_t before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    errno = 0;
    server->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, answer, server, MHD_OPTION_CONNECTION_LIMIT, CONNECTION_LIMIT,
        MHD_OPTION_CONNECTION_TIMEOUT, CONNECTION_TIMEOUT_SECONDS,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, REQUEST_MEMORY, MHD_OPTION_END);

    int reason =
        server->daemon == NULL ? errno : pthread_create(&server->thread, NULL, accept_main, server);

    server->has_thread = server->daemon != NULL && reason == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = reason;
    return server->has_thread;
}

bool metrics_server_start(const char *address, metrics_ready_callback *ready, void *context,
                          struct metrics_server **ret_server, struct error *err)
{
    AUTO(metrics_server) struct metrics_server *server = xcalloc(1, sizeof(struct metrics_server));

    server->ready = ready;
    server->context = context;
    server->listener = -1;
    server->stop = (struct wakeup)WAKEUP_INIT;
    if (!listener_open(address, BACKLOG, &server->listener, err)) {
        return error_prefix(err, "cannot serve metrics on '%s'", address);
    }
    if (!wakeup_open(&server->stop, err)) {
        return error_prefix(err, "cannot serve metrics");
    }
    if (!start_threads(server)) {
        return error_set(err, ERROR_SYSTEM, "cannot serve metrics: %s", error_reason(errno));
    }
    LOG_INFO("serving metrics", LOG_INT("port", metrics_server_port(server)));
    *ret_server = steal_ptr(&server);

    return true;
}

uint16_t metrics_server_port(const struct metrics_server *server)
{
    return listener_port(server->listener);
}

void metrics_server_stop(struct metrics_server *server)
{
    if (server == NULL) {
        return;
    }
    if (server->has_thread) {
        wakeup_ring(&server->stop);
        pthread_join(server->thread, NULL);
    }
    if (server->daemon != NULL) {
        MHD_stop_daemon(server->daemon);
    }
    if (server->listener >= 0) {
        close(server->listener);
    }
    wakeup_close(&server->stop);
    free(server);
}
