#include "panel/server/server.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/listener.h"
#include "common/log.h"
#include "common/memory.h"
#include "panel/server/peers.h"
#include "panel/server/send.h"
#include "panel/server/serving.h"

#define BACKLOG 256

/* From a connection, or the end of an answer, to a whole request; and from there to the end of the
 * answer. */
#define REQUEST_US (20 * INT64_C(1000000))
#define ANSWER_US  (60 * INT64_C(1000000))

/* How long stopping waits for answers, in steps. */
#define STOP_STEPS   50
#define STOP_STEP_NS 100000000L

/* How long connections that were made with the certificate before may last. */
#define RETIRED_US (90 * INT64_C(1000000))

struct server {
    const struct server_options *options;
    struct serving_calls calls;
    struct serving now;
    struct serving retired; /* takes no more connections; daemon NULL: there is none */
    int64_t retired_until_us;
    struct peers peers;
    struct send_options sending;
    int listener;
    atomic_int answering;
};

/* A request on its way; made when its first line is there, freed when it is over. */
struct exchange {
    struct request request;
    char *target; /* path and query, owned */
    size_t target_length;
    bool has_begun;
    bool is_too_large;
    bool is_answering;
};

static struct peer *peer_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    return info != NULL ? info->socket_context : NULL;
}

static void allow(struct server *server, struct MHD_Connection *connection, int64_t how_long_us)
{
    struct peer *peer = peer_of(connection);

    if (peer != NULL) {
        peers_allow(&server->peers, peer, clock_monotonic_us() + how_long_us);
    }
}

static void on_connection(void *context, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode what)
{
    struct server *server = context;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

    if (what == MHD_CONNECTION_NOTIFY_STARTED && info != NULL) {
        *socket_context =
            peers_enter(&server->peers, info->connect_fd, clock_monotonic_us() + REQUEST_US);
    } else if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
        peers_leave(&server->peers, *socket_context);
        *socket_context = NULL;
    }
}

/* The first line of a request is there; what this returns is the request's from now on. */
static void *on_target(void *context, const char *target, struct MHD_Connection *connection)
{
    struct exchange *exchange = xcalloc(1, sizeof(*exchange));
    size_t path_length = strcspn(target, "?");

    (void)context, (void)connection;
    exchange->target = xstrdup(target);
    exchange->target_length = strlen(target);
    exchange->request.body = (struct buffer)BUFFER_INIT(REQUEST_BODY_LIMIT + 1);
    exchange->request.path = exchange->target;
    exchange->request.query = "";
    if (target[path_length] == '?') {
        exchange->target[path_length] = '\0';
        exchange->request.query = exchange->target + path_length + 1;
        /* We read the fields ourselves. The library would make a record of each, in the memory that
         * it has for the header: some 300 exhaust it, and then nobody is answered at all. */
        ((char *)without_const(target))[path_length + 1] = '\0';
    }
    return exchange;
}

static void on_completed(void *context, struct MHD_Connection *connection, void **request,
                         enum MHD_RequestTerminationCode why)
{
    struct server *server = context;
    struct exchange *exchange = *request;

    (void)why;
    if (exchange == NULL) {
        return;
    }
    if (exchange->is_answering) {
        atomic_fetch_sub(&server->answering, 1);
    }
    if (exchange->request.body.bytes != NULL) {
        explicit_bzero(exchange->request.body.bytes, exchange->request.body.length);
    }
    buffer_release(&exchange->request.body);
    /* The query may have a portal's token. */
    explicit_bzero(exchange->target, exchange->target_length);
    free(exchange->target);
    free(exchange);
    *request = NULL;
    allow(server, connection, REQUEST_US);
}

static bool is_among(const char *list, const char *address)
{
    size_t length = strlen(address);

    for (const char *at = list; at != NULL && *at != '\0';) {
        size_t one = strcspn(at, ",");

        if (one == length && strncmp(at, address, length) == 0) {
            return true;
        }
        at += one + (at[one] == ',' ? 1 : 0);
    }
    return false;
}

static void write_address(struct MHD_Connection *connection, char *ret_text, socklen_t size)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *address = info != NULL ? info->client_addr : NULL;

    ret_text[0] = '\0';
    if (address != NULL && address->sa_family == AF_INET) {
        const struct sockaddr_in *four = (const void *)address;

        (void)inet_ntop(AF_INET, &four->sin_addr, ret_text, size);
    } else if (address != NULL && address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *six = (const void *)address;

        if (IN6_IS_ADDR_V4MAPPED(&six->sin6_addr)) {
            (void)inet_ntop(AF_INET, &six->sin6_addr.s6_addr[12], ret_text, size);
        } else {
            (void)inet_ntop(AF_INET6, &six->sin6_addr, ret_text, size);
        }
    }
}

/* Behind a proxy of ours, the last address that it wrote down is the browser's. */
static void find_address(const struct server *server, struct MHD_Connection *connection,
                         struct request *request)
{
    char last[sizeof(request->address)];
    unsigned char ignored[sizeof(struct in6_addr)];

    write_address(connection, request->address, sizeof(request->address));
    request->is_from_proxy = is_among(server->options->proxies, request->address);
    if (request->forwarded_for == NULL || !request->is_from_proxy) {
        return;
    }

    const char *comma = strrchr(request->forwarded_for, ',');
    const char *text = comma != NULL ? comma + 1 : request->forwarded_for;

    text += strspn(text, " \t");
    snprintf(last, sizeof(last), "%.*s", (int)strcspn(text, " \t"), text);
    if (inet_pton(AF_INET, last, ignored) == 1 || inet_pton(AF_INET6, last, ignored) == 1) {
        memcpy(request->address, last, sizeof(last));
    }
}

static const char *header(struct MHD_Connection *connection, const char *name)
{
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

static enum MHD_Result note_last(void *context, enum MHD_ValueKind kind, const char *name,
                                 const char *value)
{
    const char **last = context;

    (void)kind;
    if (strcasecmp(name, "X-Forwarded-For") == 0) {
        *last = value;
    }
    return MHD_YES;
}

/* Some proxies add a line of their own to those that came in, and the library finds the first one:
 * that is what the browser wrote. */
static const char *last_forwarded_for(struct MHD_Connection *connection)
{
    const char *last = NULL;

    (void)MHD_get_connection_values(connection, MHD_HEADER_KIND, note_last, &last);
    return last;
}

static void begin(const struct server *server, struct MHD_Connection *connection,
                  const char *method, struct exchange *exchange)
{
    struct request *request = &exchange->request;
    const char *length = header(connection, MHD_HTTP_HEADER_CONTENT_LENGTH);

    request->method =
        strcmp(method, MHD_HTTP_METHOD_POST) == 0 ? REQUEST_POST
        : strcmp(method, MHD_HTTP_METHOD_GET) == 0 || strcmp(method, MHD_HTTP_METHOD_HEAD) == 0
            ? REQUEST_GET
            : REQUEST_OTHER;
    request->accept = header(connection, MHD_HTTP_HEADER_ACCEPT);
    request->accept_language = header(connection, MHD_HTTP_HEADER_ACCEPT_LANGUAGE);
    request->authorization = header(connection, MHD_HTTP_HEADER_AUTHORIZATION);
    request->content_type = header(connection, MHD_HTTP_HEADER_CONTENT_TYPE);
    request->cookies = header(connection, MHD_HTTP_HEADER_COOKIE);
    request->fetch_site = header(connection, "Sec-Fetch-Site");
    request->forwarded_for = last_forwarded_for(connection);
    request->idempotency_key = header(connection, "Idempotency-Key");
    request->if_none_match = header(connection, MHD_HTTP_HEADER_IF_NONE_MATCH);
    request->user_agent = header(connection, MHD_HTTP_HEADER_USER_AGENT);
    request->origin = header(connection, MHD_HTTP_HEADER_ORIGIN);
    request->host = header(connection, MHD_HTTP_HEADER_HOST);
    find_address(server, connection, request);
    exchange->is_too_large =
        length != NULL && (strlen(length) > 9 || strtol(length, NULL, 10) > REQUEST_BODY_LIMIT);
    exchange->has_begun = true;
}

static enum MHD_Result answer_now(struct server *server, struct MHD_Connection *connection,
                                  struct exchange *exchange)
{
    AUTO(reply) struct reply reply = {.status = 0};

    exchange->is_answering = true;
    atomic_fetch_add(&server->answering, 1);
    allow(server, connection, ANSWER_US);
    if (exchange->is_too_large) {
        reply_set_text(&reply, MHD_HTTP_CONTENT_TOO_LARGE, "more than a megabyte is not taken\n");
    } else {
        server->options->handler(server->options->context, &exchange->request, &reply);
    }
    return send_reply(connection, &server->sending, &reply);
}

static void take_body(struct exchange *exchange, const char *bytes, size_t length)
{
    if (!exchange->is_too_large && !buffer_append(&exchange->request.body, bytes, length)) {
        exchange->is_too_large = true;
        buffer_clear(&exchange->request.body);
    }
}

/* Called when the header of a request is there, then with each part of its body, and when it is
 * whole. An answer at the first call closes the connection: right for what is too large. */
/* NOLINTNEXTLINE(readability-function-size): as the library calls it */
static enum MHD_Result on_request(void *context, struct MHD_Connection *connection,
                                  const char *path, const char *method, const char *version,
                                  const char *upload, size_t *upload_size, void **request)
{
    struct server *server = context;
    struct exchange *exchange = *request;

    (void)path, (void)version;
    if (!exchange->has_begun) {
        begin(server, connection, method, exchange);
        return exchange->is_too_large ? answer_now(server, connection, exchange) : MHD_YES;
    }
    if (*upload_size > 0) {
        take_body(exchange, upload, *upload_size);
        *upload_size = 0;
        /* Without a length that could be refused, it is cut off. */
        return exchange->is_too_large ? MHD_NO : MHD_YES;
    }
    return answer_now(server, connection, exchange);
}

bool server_start(const struct server_options *options, struct server **ret_server,
                  struct error *err)
{
    AUTO(server) struct server *server = xcalloc(1, sizeof(struct server));

    server->options = options;
    server->listener = -1;
    server->sending = (struct send_options){options->certificate != NULL, options->is_insecure};
    peers_init(&server->peers);
    if (!listener_open(options->address, BACKLOG, &server->listener, err)) {
        return error_prefix(err, "cannot serve pages on '%s'", options->address);
    }
    server->calls = (struct serving_calls){
        .on_request = on_request,
        .on_target = on_target,
        .on_completed = on_completed,
        .on_connection = on_connection,
        .context = server,
        .threads = (unsigned)options->threads,
    };
    if (!serving_start(&server->calls, options->certificate, server->listener, &server->now, err)) {
        return false;
    }
    *ret_server = steal_ptr(&server);

    return true;
}

void server_sweep(struct server *server)
{
    int count = peers_sweep(&server->peers, clock_monotonic_us());

    if (count > 0) {
        LOG_INFO("connections that took too long were closed", LOG_INT("count", count));
    }
    if (server->retired.daemon != NULL &&
        (clock_monotonic_us() > server->retired_until_us || serving_count(&server->retired) == 0)) {
        serving_end(&server->retired);
    }
}

bool server_renew(struct server *server, const struct server_certificate *certificate,
                  struct error *err)
{
    struct serving renewed;

    if (!serving_start(&server->calls, certificate, server->listener, &renewed, err)) {
        return false;
    }
    serving_end(&server->retired);
    serving_quiesce(&server->now);
    server->retired = server->now;
    server->retired_until_us = clock_monotonic_us() + RETIRED_US;
    server->now = renewed;

    return true;
}

void server_stop(struct server *server)
{
    if (server == NULL) {
        return;
    }
    if (server->now.daemon != NULL) {
        serving_quiesce(&server->now);
        for (int i = 0; i < STOP_STEPS && atomic_load(&server->answering) > 0; i++) {
            nanosleep(&(struct timespec){.tv_nsec = STOP_STEP_NS}, NULL);
        }
        serving_end(&server->now);
        serving_end(&server->retired);
    }
    if (server->listener >= 0) {
        close(server->listener);
    }
    peers_release(&server->peers);
    free(server);
}

uint16_t server_port(const struct server *server)
{
    return listener_port(server->listener);
}
