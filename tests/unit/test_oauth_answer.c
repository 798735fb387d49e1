#include "tests/unit/kind_helpers.h"

#include "worker/api/boekuwzending/oauth_answer.h"

/* What came of an answer; the token is freed by forget(). */
struct seen {
    bool ok;
    char *token;
    int64_t lifetime_s;
    char problem[200];
};

static struct seen see(int status, const char *body, size_t length)
{
    AUTO(free) char *copy = xstrndup(body, length);
    struct http_response answer = {.transport = ERROR_CLASS_OK,
                                   .status = status,
                                   .body = copy,
                                   .length = length,
                                   .retry_after_ms = -1,
                                   .trouble = ""};
    struct seen seen = {.token = NULL, .lifetime_s = -7, .problem = ""};

    seen.ok = oauth_answer_read(&answer, &seen.token, &seen.lifetime_s, seen.problem,
                                sizeof(seen.problem));
    if (!seen.ok && (seen.token != NULL || seen.lifetime_s != -7)) {
        fail_msg("a refused answer changed its outputs");
    }
    return seen;
}

TEST(a_token_lasts_as_long_as_it_says)
{
    static const struct {
        const char *member;
        int64_t lifetime_s;
    } rows[] = {
        {"", 3600},
        {",\"expires_in\":null", 3600},
        {",\"expires_in\":\"soon\"", 3600},
        {",\"expires_in\":{}", 3600},
        {",\"expires_in\":1800", 1800},
        {",\"expires_in\":\"1800\"", 1800},
        {",\"expires_in\":1800.9", 1800},
        {",\"expires_in\":59", 60},
        {",\"expires_in\":0", 60},
        {",\"expires_in\":-5", 60},
        {",\"expires_in\":86400", 86400},
        {",\"expires_in\":31536000", 86400},
        {",\"expires_in\":1e300", 86400},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        AUTO(free)
        char *body = xasprintf("{\"token_type\":\"Bearer\",\"access_token\":\"eyJ0.x-_~+/=\"%s}",
                               rows[i].member);
        struct seen seen = see(200, body, strlen(body));

        ROW_CHECK(rows[i].member, seen.ok);
        ROW_CHECK(rows[i].member, seen.lifetime_s == rows[i].lifetime_s);
        check_text(rows[i].member, seen.token, "eyJ0.x-_~+/=");
        free_secret(seen.token);
    }
}

TEST(a_token_may_stand_behind_a_byte_order_mark)
{
    static const char body[] = "\xEF\xBB\xBF{\"access_token\":\"abc\"}";
    struct seen seen = see(200, body, sizeof(body) - 1);

    assert_true(seen.ok);
    assert_string_equal(seen.token, "abc");
    free_secret(seen.token);
}

TEST(what_is_no_token_is_refused)
{
    static const char *const tokens[] = {"null",
                                         "\"\"",
                                         "7",
                                         "[\"a\"]",
                                         "{}",
                                         "\"a b\"",
                                         "\"a\\nb\"",
                                         "\"a\\u0000b\"",
                                         "\"caf\xC3\xA9\"",
                                         "\"a\x7F\"",
                                         "\"a\xFF\"",
                                         "\"a\\r\\nX-Evil: 1\"",
                                         "\" spaced\""};

    for (size_t i = 0; i < ARRAY_LENGTH(tokens); i++) {
        AUTO(free) char *body = xasprintf("{\"access_token\":%s,\"expires_in\":60}", tokens[i]);
        struct seen seen = see(200, body, strlen(body));

        ROW_CHECK(tokens[i], !seen.ok);
        check_text(tokens[i], seen.problem,
                   "HTTP 200 with an object, without a usable access_token");
    }
}

TEST(a_token_has_a_limit)
{
    for (int length = 4096; length <= 4097; length++) {
        AUTO(free) char *zeros = xasprintf("%0*d", length, 0);
        AUTO(free) char *body = xasprintf("{\"access_token\":\"%s\"}", zeros);
        struct seen seen = see(200, body, strlen(body));

        assert_int_equal(seen.ok, length == 4096);
        free_secret(seen.token);
    }
}

TEST(a_refusal_is_told_without_secrets)
{
    static const struct {
        int status;
        const char *body;
        const char *problem;
    } rows[] = {
        {401,
         "{\"error\":\"invalid_client\",\"error_description\":\"Client authentication failed\","
         "\"message\":\"Client authentication failed\"}",
         "HTTP 401: invalid_client: Client authentication failed"},
        {400, "{\"error\":\"invalid_request\",\"hint\":\"x\"}", "HTTP 400: invalid_request"},
        {400, "{\"message\":\"only this\"}", "HTTP 400: only this"},
        {401, "{\"error\":\"bad secret 0123456789abcdef0123 for \\\"id7\\\"\"}",
         "HTTP 401: bad secret ... for ..."},
        {401, "{\"access_token\":\"abc\"}", "HTTP 401 with an object"},
        {503, "<html>", "HTTP 503 with an HTML page"},
        {200, "", "HTTP 200 with an empty answer, without a usable access_token"},
        {200, "[]", "HTTP 200 with a list, without a usable access_token"},
        {200, "{\"access_token\":\"abc\"",
         "HTTP 200 with an object, without a usable access_token"},
        {204, "", "HTTP 204 with an empty answer, without a usable access_token"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct seen seen = see(rows[i].status, rows[i].body, strlen(rows[i].body));

        ROW_CHECK(rows[i].body, !seen.ok);
        check_text(rows[i].body, seen.problem, rows[i].problem);
    }
}

TEST(no_answer_is_told_too)
{
    struct http_response none = {.transport = ERROR_CLASS_TIMEOUT, .body = "", .trouble = "slow"};
    char *token = NULL;
    int64_t lifetime_s = 0;
    char problem[9];

    assert_false(oauth_answer_read(&none, &token, &lifetime_s, problem, sizeof(problem)));
    assert_string_equal(problem, "no answe");
}
