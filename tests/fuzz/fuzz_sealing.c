/*
 * Sealed values. The first byte says what the rest is: sealed bytes, the text that PostgreSQL
 * writes for bytea, what is to be sealed and opened again, or the inside of a box that somebody
 * else made.
 */
#include <sodium.h>

#include "common/sealing.h"
#include "tests/fuzz/fuzz.h"
#include "worker/calls/token_cache.h"

static const char host[] = "voorbeeld.myonline.store";

/* A key pair for tests; 32 bytes each, in base64. */
static const char secret_base64[] = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";
static unsigned char public_key[crypto_box_PUBLICKEYBYTES];
static char public_base64[64];
static const char next_base64[] = "CAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg=";
static struct sealing_key *key;
static struct sealing_key *next_key; /* which also opens what is sealed for the one before */
static struct token_cache *cache;

static void start_once(void)
{
    unsigned char secret_key[crypto_box_SECRETKEYBYTES];

    if (key != NULL) {
        return;
    }
    REQUIRE(sealing_start(NULL) && sealing_key_new(secret_base64, NULL, &key, NULL) &&
            sealing_key_new(next_base64, secret_base64, &next_key, NULL));
    memset(secret_key, 7, sizeof(secret_key));
    REQUIRE(crypto_scalarmult_base(public_key, secret_key) == 0);
    sodium_bin2base64(public_base64, sizeof(public_base64), public_key, sizeof(public_key),
                      sodium_base64_VARIANT_ORIGINAL);
    cache = token_cache_new(key);
}

static void require_secret(const char *secret)
{
    REQUIRE(secret[0] != '\0' && strlen(secret) <= SEALING_SECRET_LIMIT);
    for (const char *at = secret; *at != '\0'; at++) {
        REQUIRE((unsigned char)*at >= ' ' && *at != 0x7F);
    }
}

static void open_bytes(const void *bytes, size_t length, const char *shop_host)
{
    struct error err = ERROR_INIT;
    char *secret = NULL;

    if (sealing_open(key, (struct sealing_bytes){bytes, length}, shop_host, &secret, &err)) {
        require_secret(secret);
        free_secret(secret);
    } else {
        REQUIRE(secret == NULL && err.code == ERROR_DATA);
        fuzz_require_line(err.text);
    }
}

static void open_text(const char *text)
{
    char *secret = NULL;
    char *problem = NULL;

    token_cache_open(cache, text, host, &secret, &problem);
    REQUIRE((secret == NULL) != (problem == NULL));
    if (secret != NULL) {
        require_secret(secret);
    } else {
        fuzz_require_line(problem);
    }
    free_secret(secret);
    free(problem);
}

/* What seals must open, for the same shop only. */
static void seal_and_open(const char *secret, size_t length)
{
    struct error err = ERROR_INIT;
    AUTO(free) char *sealed = NULL;
    AUTO(free_secret) char *opened = NULL;
    unsigned char bytes[8192];
    size_t sealed_length = 0;

    if (!sealing_seal(public_base64, host, (struct sealing_bytes){secret, length}, &sealed, &err)) {
        REQUIRE(err.code == ERROR_DATA && sealed == NULL);
        return;
    }
    REQUIRE(sodium_base642bin(bytes, sizeof(bytes), sealed, strlen(sealed), NULL, &sealed_length,
                              NULL, sodium_base64_VARIANT_ORIGINAL) == 0);
    REQUIRE(sealing_open(key, (struct sealing_bytes){bytes, sealed_length},
                         "VOORBEELD.myonline.store", &opened, NULL));
    REQUIRE(strlen(opened) == length && memcmp(opened, secret, length) == 0);

    char *other = NULL;

    REQUIRE(!sealing_open(key, (struct sealing_bytes){bytes, sealed_length}, "other.myonline.store",
                          &other, NULL));
    REQUIRE(!sealing_open(key, (struct sealing_bytes){bytes, sealed_length}, NULL, &other, NULL));
}

/* Through a change of keys whatever is inside stays what it was. */
static void reseal(struct sealing_bytes sealed)
{
    AUTO(free) unsigned char *bytes = xcalloc(sealed.length, 1);
    const struct sealing_bytes anew = {bytes, sealed.length};
    AUTO(free_secret) char *before = NULL;
    AUTO(free_secret) char *after = NULL;
    bool opens = sealing_open(key, sealed, host, &before, NULL);

    if (sealing_reseal(next_key, sealed, bytes) == SEALING_CANNOT_OPEN) {
        REQUIRE(!opens);
        return;
    }
    REQUIRE(sealing_reseal(next_key, anew, bytes) == SEALING_IS_CURRENT);
    REQUIRE(sealing_open(next_key, anew, host, &after, NULL) == opens);
    REQUIRE(!opens || strcmp(before, after) == 0);
}

/* A box whose inside anyone may have written. */
static void open_made_elsewhere(const char *plain, size_t length)
{
    AUTO(free) unsigned char *sealed = xcalloc(length + crypto_box_SEALBYTES, 1);

    REQUIRE(crypto_box_seal(sealed, (const unsigned char *)plain, length, public_key) == 0);
    open_bytes(sealed, length + crypto_box_SEALBYTES, host);
    open_bytes(sealed, length + crypto_box_SEALBYTES, NULL);
    reseal((struct sealing_bytes){sealed, length + crypto_box_SEALBYTES});
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    uint8_t what = fuzz_take_byte(&input);
    AUTO(free) char *rest = xstrndup((const char *)input.at, input.left);

    start_once();
    switch (what % 4) {
    case 0:
        open_bytes(rest, input.left, host);
        break;
    case 1:
        open_text(rest);
        break;
    case 2:
        seal_and_open(rest, input.left);
        break;
    default:
        open_made_elsewhere(rest, input.left);
        break;
    }
    return 0;
}
