/*
 * Where calls go: an API and its environment, the calls that wait for a connection to it, and the
 * connections.
 *
 * DESIGN. A call waits in the queue of its origin until the gate lets it in (gate.h). Then curl has
 * it, and finds or opens a connection; it counts as looking until its request leaves.
 *
 * On a kept or shared connection that breaks, or that the service has closed meanwhile, curl sends
 * a request once more by itself, over a connection of its own for each. So it is not allowed to
 * open one for a call whose request has left: the call comes back into the queue. What must not be
 * repeated has a connection of its own, since a service that ends a shared one (nginx does after a
 * thousand requests) leaves in doubt what was just sent; others may join it there. It comes back
 * only if nothing of its request was written.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "worker/calls/http_internal.h"
#include "worker/calls/http_tally.h"

/* A peer that acknowledges nothing for so long is dead, and with it what all calls on that
 * connection wait for. Longer than a connection may take, which has its own words. */
#define DEAD_MS 12000U
/* Calls give up together when nobody has found a connection for so long. */
#define NO_CONNECTION_US (10 * INT64_C(1000000))

/* A call that a shared connection failed so often has one of its own the next time, the last. */
enum { SHARED_TRIES = 3, TRIES_MOST = 4 };

static bool is_tls(const char *url)
{
    return url != NULL && strncmp(url, "https:", 6) == 0;
}

static void init(struct http_client *client, int place, const char *url)
{
    struct http_origin *origin = &client->origins[place];

    origin->is_tls = is_tls(url);
    gate_init(&origin->gate, !origin->is_tls, client->config->connections);
}

void http_origins_init(struct http_client *client)
{
    init(client, HTTP_ORIGIN_SHOPS, client->config->mijnwebwinkel_url);
    init(client, HTTP_ORIGIN_BOOKING, client->config->boekuwzending_url);
    init(client, HTTP_ORIGIN_STAGING, client->config->boekuwzending_staging_url);
}

struct http_origin *http_origin_of(struct http_client *client, const struct http_request *request)
{
    if (request->api == API_MIJNWEBWINKEL) {
        return &client->origins[HTTP_ORIGIN_SHOPS];
    }
    return &client->origins[request->environment == ENVIRONMENT_STAGING ? HTTP_ORIGIN_STAGING
                                                                        : HTTP_ORIGIN_BOOKING];
}

/* Whether a request that had left may leave once more. */
static bool may_leave_again(const struct http_call *call)
{
    long written = 0;

    if (!call->not_repeatable) {
        return true;
    }
    return curl_easy_getinfo(call->easy, CURLINFO_REQUEST_SIZE, &written) == CURLE_OK &&
           written == 0;
}

/* Nobody joins the call on its new connection before that was heard of; unless its service is known
 * to take one call at a time. */
static void await_greeting(struct http_call *call)
{
    struct http_client *client = call->client;
    struct http_origin *origin = call->origin;

    if (origin->is_tls && (origin->is_multiplexed || !origin->has_answered) &&
        client->greeting_count < HTTP_GREETINGS) {
        client->greeting[client->greeting_count++] = call;
        call->awaits_greeting = true;
        gate_await_greeting(&origin->gate);
    }
}

static void greet(struct http_call *call)
{
    struct http_client *client = call->client;

    if (!call->awaits_greeting) {
        return;
    }
    call->awaits_greeting = false;
    gate_greet(&call->origin->gate);
    for (int i = 0; i < client->greeting_count; i++) {
        if (client->greeting[i] == call) {
            client->greeting[i] = client->greeting[--client->greeting_count];
            return;
        }
    }
}

void http_origins_received(struct http_client *client, int descriptor)
{
    for (int i = 0; i < client->greeting_count; i++) {
        if (client->greeting[i]->descriptor == descriptor) {
            greet(client->greeting[i]);
            return;
        }
    }
}

/* A connection is there; the request leaves when this returns. */
static int on_leaving(void *context, char *peer, char *own, int peer_port, int own_port)
{
    struct http_call *call = context;
    struct http_origin *origin = call->origin;

    (void)peer;
    (void)own;
    (void)peer_port;
    (void)own_port;
    if (call->has_left) {
        bool may = may_leave_again(call);

        call->trouble = may ? NULL : "the connection broke, and the request is not sent again";
        return may ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
    }
    call->has_left = true;
    call->goes_again = false; /* one of several addresses was refused, another was not */
    call->left_us = clock_monotonic_us();
    if (call->has_opened) {
        http_tally_opened(origin->is_tls);
        await_greeting(call);
    }
    gate_pass(&origin->gate, call->has_opened, call->left_us);
    http_call_leave(call);
    http_call_enter(call, &call->client->waiting);
    return CURL_PREREQFUNC_OK;
}

/* curl finds no connection with room for a call, and wants one more. */
static curl_socket_t on_opening(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct http_call *call = context;
    const unsigned dead_ms = DEAD_MS;

    (void)purpose;
    if (call->has_left) {
        call->goes_again = call->tries < TRIES_MOST && may_leave_again(call);
        return CURL_SOCKET_BAD;
    }
    if (!gate_connect(&call->origin->gate)) {
        call->goes_again = true;
        return CURL_SOCKET_BAD;
    }
    int descriptor = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (descriptor < 0) {
        gate_disconnect(&call->origin->gate);
        return CURL_SOCKET_BAD;
    }
    (void)setsockopt(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT, &dead_ms, sizeof(dead_ms));
    call->has_opened = true;
    call->descriptor = descriptor;
    http_tally_open(1);
    return descriptor;
}

static int on_closing(void *context, curl_socket_t descriptor)
{
    struct http_origin *origin = context;

    gate_disconnect(&origin->gate);
    http_tally_open(-1);
    return close(descriptor);
}

void http_origin_set_up(struct http_call *call)
{
    curl_easy_setopt(call->easy, CURLOPT_PREREQFUNCTION, on_leaving);
    curl_easy_setopt(call->easy, CURLOPT_PREREQDATA, call);
    curl_easy_setopt(call->easy, CURLOPT_OPENSOCKETFUNCTION, on_opening);
    curl_easy_setopt(call->easy, CURLOPT_OPENSOCKETDATA, call);
    curl_easy_setopt(call->easy, CURLOPT_CLOSESOCKETFUNCTION, on_closing);
}

static void let_in(struct http_call *call, int64_t now_us)
{
    http_call_leave(call);
    http_call_enter(call, &call->origin->looking);
    gate_look(&call->origin->gate, now_us);
    call->tries++;
    bool is_alone = call->not_repeatable || call->tries > SHARED_TRIES;
    curl_easy_setopt(call->easy, CURLOPT_FRESH_CONNECT, is_alone ? 1L : 0L);
    /* With HTTP/2 there is one for the others; with HTTP/1.1 it serves them later. */
    curl_easy_setopt(call->easy, CURLOPT_FORBID_REUSE,
                     is_alone && call->origin->is_multiplexed ? 1L : 0L);
    CURLMcode code = curl_multi_add_handle(call->client->multi, call->easy);
    if (code != CURLM_OK) {
        LOG_ERROR("curl refuses a call", LOG_TEXT("reason", curl_multi_strerror(code)));

        abort(); /* a handle that is in use or none: a defect */
    }
}

static int let_in_some(struct http_origin *origin, int64_t now_us)
{
    int count = 0;

    while (origin->queue.first != NULL && gate_lets_in(&origin->gate, now_us)) {
        let_in(origin->queue.first, now_us);
        count++;
    }
    return count;
}

void http_origin_enter(struct http_call *call)
{
    call->queued_us = clock_monotonic_us();
    call->has_left = false;
    call->has_opened = false;
    call->goes_again = false;
    curl_easy_setopt(call->easy, CURLOPT_CLOSESOCKETDATA, call->origin);
    http_call_enter(call, &call->origin->queue);
    (void)let_in_some(call->origin, call->queued_us);
}

bool http_origins_let_in(struct http_client *client)
{
    int64_t now_us = clock_monotonic_us();
    int count = 0;

    for (int i = 0; i < HTTP_ORIGINS; i++) {
        count += let_in_some(&client->origins[i], now_us);
    }
    return count > 0;
}

void http_origin_heard(struct http_call *call)
{
    greet(call);
}

/* A connection broke without a byte of an answer: one that others had used before, or that with
 * HTTP/2 they use too. (curl itself tries again five times in the life of a handle, then once not.)
 */
static bool may_go_again(const struct http_call *call, CURLcode code)
{
    int most = !call->has_opened ? TRIES_MOST : call->origin->is_multiplexed ? 2 : 0;

    return (code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR || code == CURLE_GOT_NOTHING ||
            code == CURLE_HTTP2 || code == CURLE_PARTIAL_FILE) &&
           call->header_bytes == 0 && call->tries < most && may_leave_again(call);
}

/* Whether the service takes several calls on a connection. If not, no greeting is awaited any more.
 */
static void learn(const struct http_call *call)
{
    struct http_client *client = call->client;
    struct http_origin *origin = call->origin;
    long version = 0;

    if (curl_easy_getinfo(call->easy, CURLINFO_HTTP_VERSION, &version) != CURLE_OK) {
        return;
    }
    origin->is_multiplexed = version >= CURL_HTTP_VERSION_2_0;
    origin->has_answered = true;
    for (int i = client->greeting_count - 1; i >= 0 && !origin->is_multiplexed; i--) {
        if (client->greeting[i]->origin == origin) {
            greet(client->greeting[i]);
        }
    }
}

bool http_origin_end(struct http_call *call, CURLcode code)
{
    struct http_origin *origin = call->origin;

    if (call->list == &origin->queue) {
        return false;
    }
    greet(call);
    if (call->has_left) {
        gate_end(&origin->gate);
    } else if (call->goes_again) {
        call->tries--;
        gate_refuse(&origin->gate);
    } else {
        gate_fail(&origin->gate);
    }
    if (code == CURLE_OK) {
        learn(call);
    }
    bool goes_again =
        code != CURLE_OK && (call->goes_again || (call->has_left && may_go_again(call, code)));
    if (goes_again && call->has_left) {
        http_tally_again();
        gate_pause(&origin->gate, clock_monotonic_us());
    }
    return goes_again;
}

void http_origin_cancel(struct http_call *call)
{
    greet(call);
    if (call->has_left) {
        gate_end(&call->origin->gate);
    } else if (call->list == &call->origin->looking) {
        gate_give_up(&call->origin->gate);
    }
}

/* When the first of the queue has waited for too long. */
static int64_t late_at_us(const struct http_client *client, const struct http_origin *origin)
{
    const struct http_call *first = origin->queue.first;

    if (first == NULL) {
        return INT64_MAX;
    }
    int64_t quiet_us =
        first->queued_us > origin->gate.passed_us ? first->queued_us : origin->gate.passed_us;
    int64_t longest_us = first->queued_us + client->config->request_timeout_us;
    if (origin->gate.is_full) {
        return longest_us; /* it waits for an answer to another, which may take as long as any */
    }
    return quiet_us + NO_CONNECTION_US < longest_us ? quiet_us + NO_CONNECTION_US : longest_us;
}

struct http_call *http_origins_find_late(const struct http_client *client, int64_t now_us)
{
    for (int i = 0; i < HTTP_ORIGINS; i++) {
        if (now_us >= late_at_us(client, &client->origins[i])) {
            client->origins[i].queue.first->trouble = "no connection had room in time";
            return client->origins[i].queue.first;
        }
    }
    return NULL;
}

int64_t http_origins_deadline_us(const struct http_client *client)
{
    int64_t nearest = INT64_MAX;
    int64_t now_us = clock_monotonic_us();

    for (int i = 0; i < HTTP_ORIGINS; i++) {
        const struct http_origin *origin = &client->origins[i];

        if (origin->queue.first != NULL) {
            int64_t opens_us = gate_opens_at_us(&origin->gate, now_us);
            int64_t late_us = late_at_us(client, origin);

            nearest = opens_us < nearest ? opens_us : nearest;
            nearest = late_us < nearest ? late_us : nearest;
        }
    }
    return nearest;
}
