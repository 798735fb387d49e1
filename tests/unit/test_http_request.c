/* What goes over the wire for a request, and over which connection. */
#include "tests/unit/unit.h"

#include "tests/unit/http_helpers.h"

#define LONG_ENOUGH_US (5 * INT64_C(1000000))
#define EMPTY_ANSWER   "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"

static void assert_heard(const struct http_rig *rig, const char *words)
{
    if (strstr(rig->peer.heard.bytes, words) == NULL) {
        fail_msg("'%s' is not in '%s'", words, rig->peer.heard.bytes);
    }
}

static void assert_not_heard(const struct http_rig *rig, const char *words)
{
    if (strcasestr(rig->peer.heard.bytes, words) != NULL) {
        fail_msg("'%s' is in '%s'", words, rig->peer.heard.bytes);
    }
}

/* Sends over a connection that is there already. */
static void ask_again(struct http_rig *rig, const struct http_request *request,
                      struct result *result)
{
    buffer_clear(&rig->peer.heard);
    result->times = 0;
    http_rig_send(rig, request, result);
    http_rig_hear(rig, "\r\n\r\n");
    scripted_peer_say(&rig->peer, EMPTY_ANSWER);
    http_rig_await(rig, result);
}

TEST(a_shop_gets_its_token_and_ours_in_the_query)
{
    struct http_request request = some_request();
    AUTO(result) struct result result = {.times = 0};
    struct http_rig rig;
    char partner[] = "p&q";

    http_rig_start(&rig, LONG_ENOUGH_US);
    rig.config.partner_token = partner;
    http_rig_ask(&rig, &request, EMPTY_ANSWER, &result);
    assert_heard(&rig, "GET /v1/orders?limit=1&token=a%2Fb&partner_token=p%26q HTTP/1.1\r\n");
    assert_heard(&rig, "\r\nAccept: application/json\r\n");
    assert_heard(&rig, "\r\nUser-Agent: Koppeling/" KOPPELING_VERSION "\r\n");
    assert_not_heard(&rig, "authorization");
    assert_not_heard(&rig, "expect");
    request.auth = HTTP_AUTH_PARTNER;
    ask_again(&rig, &request, &result);
    assert_heard(&rig, "GET /v1/orders?limit=1&partner_token=p%26q HTTP/1.1\r\n");
    http_rig_stop(&rig);
}

TEST(a_request_with_an_id_carries_it_and_the_next_one_without_does_not)
{
    struct http_request request = some_request();
    AUTO(result) struct result result = {.times = 0};
    struct http_rig rig;

    http_rig_start(&rig, LONG_ENOUGH_US);
    request.id = "koppeling-9223372036854775807-2147483647-2147483647";
    http_rig_ask(&rig, &request, EMPTY_ANSWER, &result);
    assert_heard(&rig, "\r\nX-Request-Id: koppeling-9223372036854775807-2147483647-2147483647\r\n");
    assert_heard(&rig, "\r\nAccept: application/json\r\n");
    request.id = "koppeling-1-1-2";
    request.method = HTTP_POST;
    request.body = xstrdup("{}");
    ask_again(&rig, &request, &result);
    assert_heard(&rig, "\r\nX-Request-Id: koppeling-1-1-2\r\n");
    assert_heard(&rig, "\r\nContent-Type: application/json\r\n");
    request.id = NULL;
    ask_again(&rig, &request, &result);
    assert_not_heard(&rig, "x-request-id");
    http_request_release(&request);
    http_rig_stop(&rig);
}

TEST(a_question_mark_needs_a_query_behind_it)
{
    struct http_request request = some_request();
    AUTO(result) struct result result = {.times = 0};
    struct http_rig rig;

    http_rig_start(&rig, LONG_ENOUGH_US);
    request.query[0] = '\0';
    http_rig_ask(&rig, &request, EMPTY_ANSWER, &result);
    assert_heard(&rig, "GET /v1/orders?token=a%2Fb HTTP/1.1\r\n");
    request.api = API_BOEKUWZENDING;
    request.auth = HTTP_AUTH_BEARER;
    ask_again(&rig, &request, &result);
    assert_heard(&rig, "GET /v1/orders HTTP/1.1\r\n");
    http_rig_stop(&rig);
}

TEST(a_bearer_token_stands_in_a_header_of_its_own_request_only)
{
    struct http_request request = some_request();
    AUTO(result) struct result result = {.times = 0};
    struct http_rig rig;

    http_rig_start(&rig, LONG_ENOUGH_US);
    request.api = API_BOEKUWZENDING;
    request.auth = HTTP_AUTH_BEARER;
    request.environment = ENVIRONMENT_STAGING;
    http_rig_ask(&rig, &request, EMPTY_ANSWER, &result);
    assert_heard(&rig, "GET /v1/orders?limit=1 HTTP/1.1\r\n");
    assert_heard(&rig, "\r\nAuthorization: Bearer bearer-1\r\n");
    assert_not_heard(&rig, "token=");
    request = some_request(); /* the same handle and connection, another API */
    ask_again(&rig, &request, &result);
    assert_heard(&rig, "token=a%2Fb");
    assert_not_heard(&rig, "authorization");
    http_rig_stop(&rig);
}

TEST(a_body_goes_with_its_method_and_its_kind)
{
    struct http_request request = some_request();
    AUTO(result) struct result result = {.times = 0};
    struct http_rig rig;

    http_rig_start(&rig, LONG_ENOUGH_US);
    request.method = HTTP_PATCH;
    request.body = xstrdup("{\"status\":2}");
    http_rig_ask(&rig, &request, EMPTY_ANSWER, &result);
    assert_heard(&rig, "PATCH /v1/orders?");
    assert_heard(&rig, "\r\nContent-Type: application/json\r\n");
    assert_heard(&rig, "\r\nContent-Length: 12\r\n");
    assert_heard(&rig, "\r\n\r\n{\"status\":2}");
    request.method = HTTP_POST;
    request.is_form = true;
    ask_again(&rig, &request, &result);
    assert_heard(&rig, "POST /v1/orders?");
    assert_heard(&rig, "\r\nContent-Type: application/x-www-form-urlencoded\r\n");
    http_request_release(&request);
    request = some_request();
    ask_again(&rig, &request, &result);
    assert_heard(&rig, "GET /v1/orders?");
    assert_not_heard(&rig, "content-");
    http_rig_stop(&rig);
}

TEST(a_connection_is_kept_for_the_next_call)
{
    const struct http_request request = some_request();
    AUTO(result) struct result result = {.times = 0};
    struct http_rig rig;

    http_rig_start(&rig, LONG_ENOUGH_US);
    http_rig_ask(&rig, &request, EMPTY_ANSWER, &result);
    ask_again(&rig, &request, &result);
    assert_int_equal(result.answer.status, 200);
    assert_false(scripted_peer_has_visitor(&rig.peer));
    http_rig_stop(&rig);
}

/* curl repeats by itself what went over a kept connection that turned out to be dead. */
TEST(what_must_not_be_repeated_has_a_connection_of_its_own)
{
    struct http_request request = some_request();
    AUTO(result) struct result result = {.times = 0};
    struct http_rig rig;

    http_rig_start(&rig, LONG_ENOUGH_US);
    http_rig_ask(&rig, &request, EMPTY_ANSWER, &result);
    request.not_repeatable = true;
    result.times = 0;
    http_rig_ask(&rig, &request, EMPTY_ANSWER, &result);
    assert_int_equal(result.answer.status, 200);
    http_rig_stop(&rig);
}

TEST(a_kept_connection_that_is_dead_is_replaced)
{
    const struct http_request request = some_request();
    AUTO(result) struct result result = {.times = 0};
    struct http_rig rig;

    http_rig_start(&rig, LONG_ENOUGH_US);
    http_rig_ask(&rig, &request, EMPTY_ANSWER, &result);
    buffer_clear(&rig.peer.heard);
    result.times = 0;
    http_rig_send(&rig, &request, &result);
    http_rig_hear(&rig, "\r\n\r\n");
    scripted_peer_hang_up(&rig.peer);
    http_rig_accept(&rig);
    http_rig_hear(&rig, "\r\n\r\n");
    scripted_peer_say(&rig.peer, EMPTY_ANSWER);
    http_rig_await(&rig, &result);
    assert_int_equal(result.answer.transport, ERROR_CLASS_OK);
    http_rig_stop(&rig);
}

TEST(a_request_that_is_absurdly_long_is_not_sent)
{
    struct http_request request = some_request();
    AUTO(result) struct result result = {.times = 0};
    AUTO(free) char *token = xcalloc(1, 9000);
    const struct http_secrets secrets = {.store_token = token};
    struct http_rig rig;

    memset(token, 'a', 8999);
    request.not_repeatable = true;
    http_rig_start(&rig, LONG_ENOUGH_US);
    http_send(rig.client, &request, &secrets, keep_result, &result);
    http_rig_await(&rig, &result);
    assert_int_equal(result.answer.transport, ERROR_CLASS_CLIENT_ERROR);
    assert_false(scripted_peer_has_visitor(&rig.peer));
    http_rig_stop(&rig);
}

/* A chain of calls: each answer starts the next one from within the callback. */
struct chain {
    struct http_rig *rig;
    struct result result;
    int left;
};

static void start_next(void *context, const struct http_response *answer)
{
    struct chain *chain = context;
    const struct http_request request = some_request();
    const struct http_secrets secrets = {.store_token = "a/b"};

    if (chain->left-- > 0) {
        http_send(chain->rig->client, &request, &secrets, start_next, chain);
    }
    assert_string_equal(answer->body, "{}"); /* not disturbed by the call that follows */
    chain->result.times = chain->left < 0;
}

TEST(whoever_is_told_may_call_again)
{
    struct http_rig rig;
    struct chain chain = {.rig = &rig, .left = 2};
    const struct http_request request = some_request();
    const struct http_secrets secrets = {.store_token = "a/b"};

    http_rig_start(&rig, LONG_ENOUGH_US);
    http_send(rig.client, &request, &secrets, start_next, &chain);
    http_rig_accept(&rig);
    for (int i = 0; i < 3; i++) {
        http_rig_hear(&rig, "\r\n\r\n");
        buffer_clear(&rig.peer.heard);
        scripted_peer_say(&rig.peer, EMPTY_ANSWER);
    }
    http_rig_await(&rig, &chain.result);
    http_rig_stop(&rig);
}
