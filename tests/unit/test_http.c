/* A call over HTTP: what a service is asked, and what comes of everything it may do. */
#include "tests/unit/unit.h"

#include "tests/unit/http_helpers.h"

#define LONG_ENOUGH_US (5 * INT64_C(1000000))
#define SHORT_US       (100 * INT64_C(1000))

TEST(an_answer_that_comes_whole_is_told)
{
    const struct http_request request = some_request();
    AUTO(result) struct result result = {.times = 0};
    struct http_rig rig;

    http_rig_start(&rig, LONG_ENOUGH_US);
    http_rig_ask(&rig, &request, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n[{}]", &result);
    assert_int_equal(result.answer.transport, ERROR_CLASS_OK);
    assert_int_equal(result.answer.status, 200);
    assert_string_equal(result.body, "[{}]");
    assert_int_equal(result.answer.length, 4);
    assert_int_equal(result.answer.retry_after_ms, -1);
    assert_string_equal(result.trouble, "");
    assert_int_equal(http_client_deadline_us(rig.client), INT64_MAX);
    http_rig_stop(&rig);
}

TEST(an_answer_without_a_body_is_an_answer)
{
    const struct http_request request = some_request();
    AUTO(result) struct result result = {.times = 0};
    struct http_rig rig;

    http_rig_start(&rig, LONG_ENOUGH_US);
    http_rig_ask(&rig, &request, "HTTP/1.1 204 No Content\r\n\r\n", &result);
    assert_int_equal(result.answer.transport, ERROR_CLASS_OK);
    assert_int_equal(result.answer.status, 204);
    assert_string_equal(result.body, "");
    http_rig_stop(&rig);
}

TEST(an_answer_may_come_in_chunks_and_byte_by_byte)
{
    static const char words[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                "2\r\n[1\r\n3\r\n,2]\r\n0\r\n\r\n";
    const struct http_request request = some_request();
    AUTO(result) struct result result = {.times = 0};
    struct http_rig rig;

    http_rig_start(&rig, LONG_ENOUGH_US);
    http_rig_send(&rig, &request, &result);
    http_rig_accept(&rig);
    http_rig_hear(&rig, "\r\n\r\n");
    for (size_t i = 0; i < sizeof(words) - 1; i++) {
        assert_int_equal(result.times, 0);
        scripted_peer_say_bytes(&rig.peer, words + i, 1);
        http_rig_round(&rig, 100);
    }
    http_rig_await(&rig, &result);
    assert_string_equal(result.body, "[1,2]");
    http_rig_stop(&rig);
}

TEST(headers_that_do_not_end_are_unreadable)
{
    const struct http_request request = some_request();
    AUTO(result) struct result result = {.times = 0};
    char line[1024];
    struct http_rig rig;

    memset(line, 'x', sizeof(line));
    memcpy(line, "X-Y: ", 5);
    memcpy(line + sizeof(line) - 2, "\r\n", 2);
    http_rig_start(&rig, LONG_ENOUGH_US);
    http_rig_send(&rig, &request, &result);
    http_rig_accept(&rig);
    http_rig_hear(&rig, "\r\n\r\n");
    scripted_peer_say(&rig.peer, "HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < 64 && result.times == 0; i++) {
        http_rig_say_much(&rig, line, sizeof(line), &result);
    }
    http_rig_await(&rig, &result);
    assert_int_equal(result.answer.transport, ERROR_CLASS_UNREADABLE);
    assert_int_equal(result.answer.status, 0);
    assert_string_equal(result.trouble, "the headers of the answer are larger than 64 KiB");
    http_rig_stop(&rig);
}

/* Answers with that many bytes, by their count or in chunks. */
static void answer_with_bytes(size_t length, struct result *result)
{
    const struct http_request request = some_request();
    AUTO(free) char *bytes = xcalloc(1, length + 1);
    char head[100];
    struct http_rig rig;

    memset(bytes, ' ', length);
    snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", length);
    http_rig_start(&rig, 4 * LONG_ENOUGH_US);
    http_rig_send(&rig, &request, result);
    http_rig_accept(&rig);
    http_rig_hear(&rig, "\r\n\r\n");
    scripted_peer_say(&rig.peer, head);
    http_rig_say_much(&rig, bytes, length, result);
    http_rig_await(&rig, result);
    http_rig_stop(&rig);
}

TEST(a_body_has_at_most_16_mib)
{
    AUTO(result) struct result fits = {.times = 0};
    AUTO(result) struct result too_large = {.times = 0};

    answer_with_bytes((size_t)16 << 20, &fits);
    assert_int_equal(fits.answer.transport, ERROR_CLASS_OK);
    assert_int_equal(fits.answer.length, (size_t)16 << 20);
    answer_with_bytes(((size_t)16 << 20) + 1, &too_large);
    assert_int_equal(too_large.answer.transport, ERROR_CLASS_UNREADABLE);
    assert_int_equal(too_large.answer.status, 0);
    assert_string_equal(too_large.trouble, "the answer is larger than 16 MiB");
    assert_true(too_large.answer.is_too_large);
}

/* How a service may break off, and what that is called. */
TEST(an_answer_that_breaks_off_is_no_answer)
{
    static const struct {
        const char *words;
        enum error_class error_class;
    } cases[] = {
        {"", ERROR_CLASS_NETWORK},
        {"HTTP/1.1 200 OK\r\nContent-Le", ERROR_CLASS_NETWORK},
        {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n", ERROR_CLASS_NETWORK},
        {"HTTP/1.1 100 Continue\r\n\r\n", ERROR_CLASS_NETWORK},
        {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n", ERROR_CLASS_NETWORK},
        {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n[{}", ERROR_CLASS_NETWORK},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n[{}\r\n", ERROR_CLASS_NETWORK},
        {"SSH-2.0-OpenSSH_9.2\r\n", ERROR_CLASS_UNREADABLE},
        {"HTTP/1.1 OK\r\n\r\n", ERROR_CLASS_UNREADABLE},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(cases) * 2; i++) {
        struct http_request request = some_request();
        AUTO(result) struct result result = {.times = 0};
        struct http_rig rig;

        request.not_repeatable = i % 2 == 1;
        http_rig_start(&rig, LONG_ENOUGH_US);
        http_rig_send(&rig, &request, &result);
        http_rig_accept(&rig);
        http_rig_hear(&rig, "\r\n\r\n");
        scripted_peer_say(&rig.peer, cases[i / 2].words);
        scripted_peer_hang_up(&rig.peer);
        http_rig_await(&rig, &result);
        assert_int_equal(result.answer.transport, request.not_repeatable
                                                      ? ERROR_CLASS_UNKNOWN_OUTCOME
                                                      : cases[i / 2].error_class);
        assert_int_equal(result.answer.status, 0);
        assert_true(strlen(result.trouble) > 0);
        http_rig_stop(&rig);
    }
}

TEST(a_redirect_is_not_followed)
{
    const struct http_request request = some_request();
    AUTO(result) struct result result = {.times = 0};
    char words[200];
    struct http_rig rig;

    http_rig_start(&rig, LONG_ENOUGH_US);
    snprintf(words, sizeof(words),
             "HTTP/1.1 302 Found\r\nLocation: %s/elsewhere\r\nContent-Length: 0\r\n\r\n", rig.url);
    http_rig_ask(&rig, &request, words, &result);
    assert_int_equal(result.answer.status, 302);
    http_rig_round(&rig, 10);
    assert_null(strstr(rig.peer.heard.bytes, "elsewhere"));
    assert_true(scripted_peer_hear(&rig.peer));
    assert_null(strstr(rig.peer.heard.bytes, "elsewhere"));
    assert_false(scripted_peer_has_visitor(&rig.peer));
    http_rig_stop(&rig);
}

TEST(retry_after_is_read_from_the_headers)
{
    static const struct {
        const char *line;
        int64_t least_ms, most_ms;
    } cases[] = {
        {"Retry-After: 17", 17000, 17000},
        {"retry-after:\t17 ", 17000, 17000},
        {"RETRY-AFTER:0", 0, 0},
        {"Retry-After: Sun, 06 Nov 1994 08:49:37 GMT", 0, 0},
        {"Retry-After: Fri, 31 Dec 2199 23:59:59 GMT", 3600000, 3600000},
        {"Retry-After: soon", -1, -1},
        {"Retry-After:", -1, -1},
        {"Retry-Afterwards: 17", -1, -1},
        {"X-Retry-After: 17", -1, -1},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        const struct http_request request = some_request();
        AUTO(result) struct result result = {.times = 0};
        char words[200];
        struct http_rig rig;

        http_rig_start(&rig, LONG_ENOUGH_US);
        snprintf(words, sizeof(words), "HTTP/1.1 429 Slow\r\n%s\r\nContent-Length: 0\r\n\r\n",
                 cases[i].line);
        http_rig_ask(&rig, &request, words, &result);
        assert_int_equal(result.answer.status, 429);
        assert_true(result.answer.retry_after_ms >= cases[i].least_ms &&
                    result.answer.retry_after_ms <= cases[i].most_ms);
        http_rig_stop(&rig);
    }
}

/* The clock is handed in. */
TEST(retry_after_counts_from_now_and_ends_after_an_hour)
{
    const int64_t now_s = 784111777; /* Sun, 06 Nov 1994 08:49:37 GMT */

    assert_int_equal(http_retry_after_ms("Sun, 06 Nov 1994 08:50:00 GMT", now_s), 23000);
    assert_int_equal(http_retry_after_ms("Sun, 06 Nov 1994 08:49:00 GMT", now_s), 0);
    assert_int_equal(http_retry_after_ms("Mon, 07 Nov 1994 08:49:37 GMT", now_s), 3600000);
    assert_int_equal(http_retry_after_ms("99999999999999999999", now_s), 3600000);
    assert_int_equal(http_retry_after_ms("12 monkeys", now_s), -1);
    assert_int_equal(http_retry_after_ms("-5", now_s), -1);
    assert_int_equal(http_retry_after_ms("", now_s), -1);
}

TEST(a_service_that_says_nothing_is_given_up_in_time)
{
    for (int i = 0; i < 2; i++) {
        struct http_request request = some_request();
        AUTO(result) struct result result = {.times = 0};
        struct http_rig rig;

        request.not_repeatable = i == 1;
        http_rig_start(&rig, SHORT_US);
        int64_t sent_us = clock_monotonic_us();
        http_rig_send(&rig, &request, &result);
        http_rig_accept(&rig);
        http_rig_hear(&rig, "\r\n\r\n");
        assert_in_range(http_client_deadline_us(rig.client), sent_us, sent_us + 2 * SHORT_US);
        http_rig_await(&rig, &result);
        assert_true(clock_monotonic_us() >= sent_us + SHORT_US - 1000);
        assert_int_equal(result.answer.transport,
                         i == 1 ? ERROR_CLASS_UNKNOWN_OUTCOME : ERROR_CLASS_TIMEOUT);
        assert_int_equal(result.answer.status, 0);
        http_rig_stop(&rig);
    }
}

/* It waits for the handshake: what it wants to ask stays here. */
TEST(a_service_that_does_not_shake_hands_was_asked_nothing)
{
    struct http_request request = some_request();
    AUTO(result) struct result result = {.times = 0};
    struct http_rig rig;

    request.not_repeatable = true;
    http_rig_start(&rig, SHORT_US);
    snprintf(rig.url, sizeof(rig.url), "https://127.0.0.1:%d", rig.peer.port);
    http_rig_send(&rig, &request, &result);
    http_rig_accept(&rig);
    http_rig_await(&rig, &result);
    assert_int_equal(result.answer.transport, ERROR_CLASS_TIMEOUT);
    http_rig_stop(&rig);
}

/* Goes on as if that much time had passed without a byte. */
static void let_time_pass(struct http_rig *rig, int64_t us)
{
    http_client_advance(rig->client, clock_monotonic_us() + us);
}

/* A service that thinks for long is not dead; one that stops within its answer is. */
TEST(only_a_body_that_has_begun_can_stall)
{
    static const char *const thoughts[] = {"", "HTTP/1.1 200 OK\r\n", "Content-Length: 9999\r\n",
                                           "\r\n"};
    struct http_request request = some_request();
    AUTO(result) struct result result = {.times = 0};
    struct http_rig rig;

    http_rig_start(&rig, 300 * INT64_C(1000000));
    request.not_repeatable = true;
    http_rig_send(&rig, &request, &result);
    http_rig_accept(&rig);
    http_rig_hear(&rig, "\r\n\r\n");
    for (size_t i = 0; i < ARRAY_LENGTH(thoughts); i++) {
        scripted_peer_say(&rig.peer, thoughts[i]);
        http_rig_round(&rig, 10);
        let_time_pass(&rig, 299 * INT64_C(1000000));
        assert_int_equal(result.times, 0);
    }
    scripted_peer_say(&rig.peer, "[");
    http_rig_round(&rig, 100);
    let_time_pass(&rig, 9 * INT64_C(1000000));
    assert_int_equal(result.times, 0);
    assert_true(http_client_deadline_us(rig.client) <=
                clock_monotonic_us() + 10 * INT64_C(1000000));
    let_time_pass(&rig, 10 * INT64_C(1000000));
    assert_int_equal(result.times, 1);
    assert_int_equal(result.answer.transport, ERROR_CLASS_UNKNOWN_OUTCOME);
    assert_string_equal(result.trouble, "the answer stopped coming in");
    assert_int_equal(http_client_deadline_us(rig.client), INT64_MAX);
    http_rig_stop(&rig);
}

/* Some bytes are not enough: a drip could go on for ever. */
TEST(a_drip_is_given_up_and_a_flow_is_not)
{
    static const char bytes[600] = "[";
    struct http_request request = some_request();
    AUTO(result) struct result dripping = {.times = 0};
    AUTO(result) struct result flowing = {.times = 0};
    struct http_rig rig;

    http_rig_start(&rig, 300 * INT64_C(1000000));
    http_rig_send(&rig, &request, &dripping);
    http_rig_accept(&rig);
    http_rig_hear(&rig, "\r\n\r\n");
    scripted_peer_say(&rig.peer, "HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n[");
    http_rig_round(&rig, 100);
    int64_t begun_us = clock_monotonic_us();
    struct scripted_peer first = rig.peer;
    rig.peer.socket = -1;
    rig.peer.heard = (struct buffer)BUFFER_INIT(1U << 20);
    http_rig_send(&rig, &request, &flowing);
    http_rig_accept(&rig);
    http_rig_hear(&rig, "\r\n\r\n");
    scripted_peer_say(&rig.peer, "HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n");
    scripted_peer_say_bytes(&first, bytes, 100);
    scripted_peer_say_bytes(&rig.peer, bytes, 100);
    http_rig_round(&rig, 100);
    while (clock_monotonic_us() < begun_us + 50000) { /* the windows differ by so much */
        http_rig_round(&rig, 50);
    }
    scripted_peer_say_bytes(&rig.peer, bytes, sizeof(bytes));
    http_rig_round(&rig, 100);
    http_client_advance(rig.client, begun_us + 10 * INT64_C(1000000) + 25000);
    assert_int_equal(dripping.times, 1);
    assert_int_equal(dripping.answer.transport, ERROR_CLASS_TIMEOUT);
    assert_int_equal(flowing.times, 0);
    scripted_peer_hang_up(&first);
    buffer_release(&first.heard);
    http_rig_stop(&rig);
}

TEST(a_refused_connection_is_the_network_and_nothing_was_sent)
{
    struct http_request request = some_request();
    AUTO(result) struct result result = {.times = 0};
    struct http_rig rig;

    request.not_repeatable = true;
    http_rig_start(&rig, LONG_ENOUGH_US);
    scripted_peer_refuse(&rig.peer);
    http_rig_send(&rig, &request, &result);
    http_rig_await(&rig, &result);
    assert_int_equal(result.answer.transport, ERROR_CLASS_NETWORK);
    http_rig_stop(&rig);
}

TEST(a_call_that_is_cancelled_is_not_told_and_hangs_up)
{
    const struct http_request request = some_request();
    AUTO(result) struct result result = {.times = 0};
    struct http_rig rig;

    http_rig_start(&rig, LONG_ENOUGH_US);
    struct http_call *call = http_rig_send(&rig, &request, &result);
    http_rig_accept(&rig);
    http_rig_hear(&rig, "\r\n\r\n");
    scripted_peer_say(&rig.peer, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n[{}");
    http_rig_round(&rig, 100);
    http_cancel(rig.client, call);
    assert_true(scripted_peer_waits(rig.peer.socket, PEER_PATIENCE_MS));
    assert_false(scripted_peer_hear(&rig.peer));
    http_rig_round(&rig, 0);
    assert_int_equal(result.times, 0);
    http_rig_ask(&rig, &request, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]", &result);
    assert_string_equal(result.body, "[]"); /* nothing of the call before */
    http_rig_stop(&rig);
}

TEST(what_is_in_flight_when_the_client_goes_is_not_told)
{
    const struct http_request request = some_request();
    AUTO(result) struct result result = {.times = 0};
    struct http_rig rig;

    http_rig_start(&rig, LONG_ENOUGH_US);
    http_rig_send(&rig, &request, &result);
    http_rig_send(&rig, &request, &result);
    http_rig_accept(&rig);
    http_rig_stop(&rig);
    assert_int_equal(result.times, 0);
}
