#include "tests/unit/unit.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "common/sealing.h"
#include "panel/session/portal_token.h"

#define KEY "0123456789abcdef0123456789abcdef"
#define NOW 1800000000

static void start(void)
{
    struct error err = ERROR_INIT;

    assert_true(sealing_start(&err));
}

FIXTURE(.before_all = start)

static char *base64(const void *bytes, size_t length)
{
    size_t size = sodium_base64_encoded_len(length, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    char *text = xcalloc(size, 1);

    sodium_bin2base64(text, size, bytes, length, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    return text;
}

/* A token of this header and these claims, to be freed. */
static char *sign(const char *header, const char *claims)
{
    unsigned char hash[crypto_auth_hmacsha256_BYTES];
    crypto_auth_hmacsha256_state state;
    AUTO(free) char *first = base64(header, strlen(header));
    AUTO(free) char *second = base64(claims, strlen(claims));
    AUTO(free) char *both = xasprintf("%s.%s", first, second);

    crypto_auth_hmacsha256_init(&state, (const unsigned char *)KEY, strlen(KEY));
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)both, strlen(both));
    crypto_auth_hmacsha256_final(&state, hash);
    AUTO(free) char *third = base64(hash, sizeof(hash));

    return xasprintf("%s.%s", both, third);
}

#define HEADER "{\"alg\":\"HS256\",\"typ\":\"JWT\"}"

/* What opening such a token says: "" when it is good. */
static const char *open_claims(const char *header, const char *claims)
{
    static struct error err;
    AUTO(free) char *token = sign(header, claims);
    json_t *opened = NULL;

    err = (struct error)ERROR_INIT;
    if (portal_token_open(token, KEY, NOW, &opened, &err)) {
        assert_string_equal(json_string_value(json_object_get(opened, "person")), "anna");
        json_decref(opened);
    } else {
        assert_int_equal(err.code, ERROR_DATA);
    }
    return err.text;
}

static const char *open_until(long long end)
{
    AUTO(free)
    char *claims = xasprintf("{\"person\":\"anna\",\"role\":\"merchant\",\"account\":1,"
                             "\"jti\":\"x\",\"exp\":%lld}",
                             end);

    return open_claims(HEADER, claims);
}

TEST(a_token_of_the_portal_opens)
{
    assert_string_equal(open_until(NOW + 60), "");
    assert_string_equal(open_until(NOW + PORTAL_TOKEN_SECONDS), "");
}

TEST(one_that_is_over_or_good_for_too_long_does_not)
{
    assert_string_equal(open_until(NOW - PORTAL_TOKEN_SKEW - 1), "its time is over");
    assert_string_equal(open_until(NOW + 3600), "it is good for more than 300 s");
    assert_string_equal(open_claims(HEADER, "{\"person\":\"anna\",\"role\":\"merchant\","
                                            "\"jti\":\"x\",\"exp\":1800000060,"
                                            "\"nbf\":1800000300}"),
                        "its time has not come");
    assert_string_equal(open_claims(HEADER, "{\"person\":\"anna\",\"role\":\"merchant\","
                                            "\"jti\":\"x\",\"exp\":1800000060,"
                                            "\"nbf\":1800000300.5}"),
                        "its time has not come");
}

TEST(claims_that_are_needed_are_needed)
{
    assert_string_equal(open_claims(HEADER, "{\"role\":\"a\",\"jti\":\"x\",\"exp\":1800000060}"),
                        "it has no person");
    assert_string_equal(open_claims(HEADER, "{\"person\":\"anna\",\"role\":\"a\",\"exp\":1}"),
                        "it has no jti");
    assert_string_equal(open_claims(HEADER, "{\"person\":\"anna\",\"role\":\"a\",\"jti\":\"x\"}"),
                        "it has no exp");
    assert_string_equal(open_claims(HEADER, "[]"), "its claims are not an object");
}

TEST(no_other_algorithm_will_do)
{
    static const char claims[] =
        "{\"person\":\"anna\",\"role\":\"a\",\"jti\":\"x\",\"exp\":1800000060}";

    assert_string_equal(open_claims("{\"alg\":\"none\"}", claims), "it is not signed with HS256");
    assert_string_equal(open_claims("{\"alg\":\"HS512\"}", claims), "it is not signed with HS256");
    assert_string_equal(open_claims("{}", claims), "it is not signed with HS256");
    assert_string_equal(open_claims("{\"alg\":\"HS256\",\"crit\":[\"x\"]}", claims),
                        "it is not signed with HS256");
}

TEST(one_that_was_touched_does_not_open)
{
    AUTO(free)
    char *token = sign(HEADER, "{\"person\":\"anna\",\"role\":\"a\",\"jti\":\"x\","
                               "\"exp\":1800000060}");
    struct error err = ERROR_INIT;
    json_t *opened = NULL;

    assert_true(portal_token_open(token, KEY, NOW, &opened, &err));
    json_decref(opened);
    for (size_t i = 0; token[i] != '\0'; i++) {
        char right = token[i];

        token[i] = right == 'A' ? 'B' : 'A';
        /* The last letter has bits that mean nothing. */
        if (token[i + 1] != '\0') {
            assert_false(portal_token_open(token, KEY, NOW, &opened, &err));
        }
        token[i] = right;
    }
    assert_false(portal_token_open(token, KEY "x", NOW, &opened, &err));
    assert_false(portal_token_open("", KEY, NOW, &opened, &err));
    assert_false(portal_token_open("a.b", KEY, NOW, &opened, &err));
    assert_false(portal_token_open("...", KEY, NOW, &opened, &err));
}
