/* An HTTP client and the scripted service that it talks to. What the client was told is kept. */
#ifndef TESTS_UNIT_HTTP_HELPERS_H
#define TESTS_UNIT_HTTP_HELPERS_H

#include "tests/unit/scripted_peer.h"

#include <curl/curl.h>
#include <stdio.h>
#include <sys/epoll.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"
#include "worker/calls/http.h"

/* What came of one call; the texts are copies. */
struct result {
    int times; /* how often it was told */
    struct http_response answer;
    char *body;
    char *trouble;
};

struct http_rig {
    struct scripted_peer peer;
    char url[60];
    struct config config;
    int epoll;
    struct http_client *client;
};

static inline void http_rig_start(struct http_rig *rig, int64_t timeout_us)
{
    log_setup(LOG_LEVEL_ERROR, LOG_FORMAT_LOGFMT);
    scripted_peer_open(&rig->peer);
    snprintf(rig->url, sizeof(rig->url), "http://127.0.0.1:%d", rig->peer.port);
    rig->config = (struct config){
        .mijnwebwinkel_url = rig->url,
        .boekuwzending_url = rig->url,
        .boekuwzending_staging_url = rig->url,
        .request_timeout_us = timeout_us,
        .connections = 100,
    };
    rig->epoll = epoll_create1(EPOLL_CLOEXEC);
    rig->client = http_client_new(&rig->config, rig->epoll, 3, 10);
}

static inline void http_rig_stop(struct http_rig *rig)
{
    http_client_free(rig->client);
    close(rig->epoll);
    scripted_peer_close(&rig->peer);
}

static inline void keep_result(void *context, const struct http_response *answer)
{
    struct result *result = context;

    assert_int_equal(answer->body[answer->length], '\0');
    result->times++;
    result->answer = *answer;
    free(result->body);
    free(result->trouble);
    result->body = xstrdup(answer->body);
    result->trouble = xstrdup(answer->trouble);
    result->answer.body = result->body;
    result->answer.trouble = result->trouble;
}

static inline void result_cleanup(struct result *result)
{
    free(result->body);
    free(result->trouble);
}

/* A GET of a shop. */
static inline struct http_request some_request(void)
{
    return (struct http_request){
        .method = HTTP_GET,
        .api = API_MIJNWEBWINKEL,
        .auth = HTTP_AUTH_STORE,
        .path = "/v1/orders",
        .query = "limit=1",
    };
}

static inline struct http_call *
http_rig_send(struct http_rig *rig, const struct http_request *request, struct result *result)
{
    const struct http_secrets secrets = {.store_token = "a/b", .bearer_token = "bearer-1"};

    return http_send(rig->client, request, &secrets, keep_result, result);
}

/* One round of the loop: waits for a socket, or for what is due, at most so long. */
static inline void http_rig_round(struct http_rig *rig, int longest_ms)
{
    struct epoll_event events[8];
    int64_t left_us = http_client_deadline_us(rig->client) - clock_monotonic_us();
    int wait_ms = left_us < 0                            ? 0
                  : left_us < longest_ms * INT64_C(1000) ? (int)(left_us / 1000 + 1)
                                                         : longest_ms;
    int count = epoll_wait(rig->epoll, events, 8, wait_ms);

    for (int i = 0; i < count; i++) {
        assert_int_equal(events[i].data.u64 >> 32, 3);
        http_client_on_socket(rig->client, (int)(events[i].data.u64 & UINT32_MAX),
                              events[i].events);
    }
    http_client_advance(rig->client, clock_monotonic_us());
}

/* Goes on until the call is over. */
static inline void http_rig_await(struct http_rig *rig, const struct result *result)
{
    int64_t give_up_us = clock_monotonic_us() + PEER_PATIENCE_MS * INT64_C(1000);

    while (result->times == 0 && clock_monotonic_us() < give_up_us) {
        http_rig_round(rig, 100);
    }
    assert_int_equal(result->times, 1);
}

/* Goes on until somebody has come to the service. */
static inline void http_rig_accept(struct http_rig *rig)
{
    int64_t give_up_us = clock_monotonic_us() + PEER_PATIENCE_MS * INT64_C(1000);

    while (!scripted_peer_has_visitor(&rig->peer) && clock_monotonic_us() < give_up_us) {
        http_rig_round(rig, 10);
    }
    scripted_peer_accept(&rig->peer);
}

/* Goes on until the service has heard the words. */
static inline void http_rig_hear(struct http_rig *rig, const char *words)
{
    int64_t give_up_us = clock_monotonic_us() + PEER_PATIENCE_MS * INT64_C(1000);

    do {
        http_rig_round(rig, 10);
        assert_true(scripted_peer_hear(&rig->peer));
    } while ((rig->peer.heard.length == 0 || strstr(rig->peer.heard.bytes, words) == NULL) &&
             clock_monotonic_us() < give_up_us);
    assert_non_null(rig->peer.heard.bytes);
    assert_non_null(strstr(rig->peer.heard.bytes, words));
}

/* Says what does not fit into the buffers of the sockets, while the client reads. */
static inline void http_rig_say_much(struct http_rig *rig, const char *bytes, size_t length,
                                     const struct result *result)
{
    size_t said = 0;

    while (said < length && result->times == 0) {
        ssize_t count = send(rig->peer.socket, bytes + said, length - said, MSG_NOSIGNAL);

        said += count > 0 ? (size_t)count : 0;
        http_rig_round(rig, 10);
    }
}

/* The whole of a call: what is asked, answered with these words on a new connection. */
static inline void http_rig_ask(struct http_rig *rig, const struct http_request *request,
                                const char *answer, struct result *result)
{
    http_rig_send(rig, request, result);
    http_rig_accept(rig);
    http_rig_hear(rig, "\r\n\r\n");
    scripted_peer_say(&rig->peer, answer);
    http_rig_await(rig, result);
}

/* The same with a body of any bytes, of which `headers` say what they are. */
static inline void http_rig_ask_bytes(struct http_rig *rig, const char *headers,
                                      const struct buffer *body, struct result *result)
{
    const struct http_request request = some_request();
    AUTO(free)
    char *head =
        xasprintf("HTTP/1.1 200 OK\r\n%sContent-Length: %zu\r\n\r\n", headers, body->length);

    http_rig_send(rig, &request, result);
    http_rig_accept(rig);
    http_rig_hear(rig, "\r\n\r\n");
    scripted_peer_say(&rig->peer, head);
    http_rig_say_much(rig, body->bytes, body->length, result);
    http_rig_await(rig, result);
}

#endif
