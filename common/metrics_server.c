/*
 * The HTTP server that shows metrics and health.
 *
 * DESIGN: libmicrohttpd runs one thread of its own, which calls answer(); that reads atomics and
 * asks the ready callback, and touches nothing else of the process. It is made for a few scrapers
 * in a trusted network: few connections, short waits, small requests, nothing but GET and HEAD.
 */
#include "common/metrics.h"

#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "common/host_port.h"
#include "common/memory.h"

#define CONNECTION_LIMIT           32U
#define CONNECTION_TIMEOUT_SECONDS 10U
#define REQUEST_MEMORY             ((size_t)8192)
#define REASON_SIZE                256

struct metrics_server {
    struct MHD_Daemon *daemon;
    metrics_ready_callback *ready;
    void *context;
};

/* Makes the text of a page, to be freed, and says its HTTP status. */
typedef char *page_callback(const struct metrics_server *server, unsigned *ret_status);

static char *make_metrics(const struct metrics_server *server, unsigned *ret_status)
{
    (void)server;
    *ret_status = MHD_HTTP_OK;
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

/* Starts the library's thread with all signals blocked: they belong to main(). */
static struct MHD_Daemon *start_daemon(struct metrics_server *server,
                                       const struct sockaddr *address)
{
    unsigned flags = MHD_USE_AUTO | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_ITC;
    sigset_t all;
    sigset_t before;

    if (address->sa_family == AF_INET6) {
        flags |= MHD_USE_DUAL_STACK;
    }
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    errno = 0;

    struct MHD_Daemon *daemon =
        MHD_start_daemon(flags, 0, NULL, NULL, answer, server, MHD_OPTION_SOCK_ADDR, address,
                         MHD_OPTION_CONNECTION_LIMIT, CONNECTION_LIMIT,
                         MHD_OPTION_CONNECTION_TIMEOUT, CONNECTION_TIMEOUT_SECONDS,
                         MHD_OPTION_CONNECTION_MEMORY_LIMIT, REQUEST_MEMORY, MHD_OPTION_END);
    int reason = errno;

    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = reason;
    return daemon;
}

static void free_addresses(struct addrinfo *addresses)
{
    if (addresses != NULL) {
        freeaddrinfo(addresses);
    }
}
DEFINE_CLEANUP(addresses, struct addrinfo *, free_addresses);

/* Listens on the first address of the host that can be had. */
static bool listen_on(struct metrics_server *server, const char *host, uint16_t port,
                      struct error *err)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    AUTO(addresses) struct addrinfo *addresses = NULL;
    char service[8];

    snprintf(service, sizeof(service), "%u", port);

    int trouble = getaddrinfo(host, service, &hints, &addresses);

    if (trouble != 0) {
        return error_set(err, ERROR_CONFIG, "%s", gai_strerror(trouble));
    }
    for (const struct addrinfo *each = addresses; each != NULL; each = each->ai_next) {
        server->daemon = start_daemon(server, each->ai_addr);
        if (server->daemon != NULL) {
            return true;
        }
    }
    return error_set(err, ERROR_SYSTEM, "%s", error_reason(errno));
}

bool metrics_server_start(const char *address, metrics_ready_callback *ready, void *context,
                          struct metrics_server **ret_server, struct error *err)
{
    AUTO(free) struct metrics_server *server = xcalloc(1, sizeof(struct metrics_server));
    struct host_port parts;

    server->ready = ready;
    server->context = context;
    if (!host_port_split(address, &parts, err)) {
        return error_prefix(err, "cannot serve metrics on '%s'", address);
    }
    /* "::" takes IPv4 too; a machine without IPv6 refuses it. */
    if (parts.host[0] == '\0' ? !listen_on(server, "::", parts.port, NULL) &&
                                    !listen_on(server, "0.0.0.0", parts.port, err)
                              : !listen_on(server, parts.host, parts.port, err)) {
        return error_prefix(err, "cannot serve metrics on '%s'", address);
    }
    *ret_server = steal_ptr(&server);
    return true;
}

uint16_t metrics_server_port(const struct metrics_server *server)
{
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT);

    return info != NULL ? info->port : 0;
}

void metrics_server_stop(struct metrics_server *server)
{
    if (server != NULL) {
        MHD_stop_daemon(server->daemon);
        free(server);
    }
}
