#include "tests/unit/unit.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "worker/calls/token_cache.h"

#define HOST "winkel.myonline.store"

static char *public_key;
static struct sealing_key *key;

static void make_keys(void)
{
    AUTO(free_secret) char *secret_key = NULL;
    struct error err = ERROR_INIT;

    assert_true(sealing_start(&err));
    assert_true(sealing_generate(&public_key, &secret_key, &err));
    assert_true(sealing_key_new(secret_key, NULL, &key, &err));
}

static void free_keys(void)
{
    free(public_key);
    sealing_key_free(key);
}

FIXTURE(.before_all = make_keys, .after_all = free_keys)

/* A secret as the database gives it; to be freed. */
static char *sealed_bytea(const char *host, const char *secret)
{
    unsigned char bytes[512];
    char hex[2 * sizeof(bytes) + 1];
    size_t length = 0;
    AUTO(free) char *text = NULL;
    struct error err = ERROR_INIT;

    assert_true(sealing_seal(public_key, host, (struct sealing_bytes){secret, strlen(secret)},
                             &text, &err));
    assert_int_equal(sodium_base642bin(bytes, sizeof(bytes), text, strlen(text), NULL, &length,
                                       NULL, sodium_base64_VARIANT_ORIGINAL),
                     0);
    return xasprintf("\\x%s", sodium_bin2hex(hex, sizeof(hex), bytes, length));
}

static void check_opens(struct token_cache *cache, const char *sealed, const char *host,
                        const char *wanted)
{
    AUTO(free_secret) char *secret = NULL;
    AUTO(free) char *problem = NULL;

    token_cache_open(cache, sealed, host, &secret, &problem);
    assert_null(problem);
    assert_string_equal(secret, wanted);
}

static void check_refuses(struct token_cache *cache, const char *sealed, const char *host,
                          const char *why)
{
    AUTO(free_secret) char *secret = NULL;
    AUTO(free) char *problem = NULL;

    token_cache_open(cache, sealed, host, &secret, &problem);
    assert_null(secret);
    assert_non_null(problem);
    if (strstr(problem, why) == NULL) {
        fail_msg("'%s' is not in '%s'", why, problem);
    }
}

TEST(a_secret_is_opened_again_and_again)
{
    struct token_cache *cache = token_cache_new(key);
    AUTO(free) char *first = sealed_bytea(HOST, "een");
    AUTO(free) char *second = sealed_bytea(HOST, "twee");

    for (int round = 0; round < 3; round++) {
        check_opens(cache, first, HOST, "een");
        check_opens(cache, second, HOST, "twee");
    }
    token_cache_free(cache);
}

/* What is remembered of one shop must not open the same bytes on the row of another. */
TEST(a_box_that_was_opened_is_checked_anew_for_another_shop)
{
    struct token_cache *cache = token_cache_new(key);
    AUTO(free) char *sealed = sealed_bytea(HOST, "geheim");

    check_opens(cache, sealed, HOST, "geheim");
    check_refuses(cache, sealed, "ander.myonline.store", "another shop");
    check_refuses(cache, sealed, NULL, "another shop");
    check_opens(cache, sealed, HOST, "geheim");
    token_cache_free(cache);
}

TEST(a_refusal_is_not_remembered)
{
    struct token_cache *cache = token_cache_new(key);
    AUTO(free) char *sealed = sealed_bytea(HOST, "geheim");
    AUTO(free) char *spoiled = xstrdup(sealed);
    char *last = &spoiled[strlen(spoiled) - 1];

    *last = *last == '0' ? '1' : '0';
    check_refuses(cache, spoiled, HOST, "cannot open the sealed value");
    check_refuses(cache, spoiled, HOST, "cannot open the sealed value");
    check_refuses(cache, "\\x", HOST, "cannot open the sealed value");
    check_refuses(cache, "", HOST, "cannot open the sealed value");
    check_opens(cache, sealed, HOST, "geheim");
    token_cache_free(cache);
}

/* There are 65,536 places; 700 secrets share some of them with a chance of 97 %. */
TEST(secrets_that_share_a_place_are_not_mixed_up)
{
    enum { COUNT = 700 };
    struct token_cache *cache = token_cache_new(key);
    static char *sealed[COUNT];

    for (int i = 0; i < COUNT; i++) {
        AUTO(free) char *secret = xasprintf("geheim-%d", i);

        sealed[i] = sealed_bytea(HOST, secret);
    }
    for (int i = 0; i < 2 * COUNT; i++) {
        AUTO(free) char *secret = xasprintf("geheim-%d", i % COUNT);

        check_opens(cache, sealed[i % COUNT], HOST, secret);
    }
    for (int i = 0; i < COUNT; i++) {
        free(sealed[i]);
    }
    token_cache_free(cache);
}

TEST(without_a_key_every_secret_has_a_problem)
{
    struct token_cache *cache = token_cache_new(NULL);
    AUTO(free) char *sealed = sealed_bytea(HOST, "geheim");

    check_refuses(cache, sealed, HOST, "no KOPPELING_SECRET_KEY");
    token_cache_free(cache);
    token_cache_free(NULL);
}
