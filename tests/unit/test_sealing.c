#include "tests/unit/unit.h"

#include <sodium.h>
#include <string.h>

#include "common/memory.h"
#include "common/sealing.h"

#define CANARY "hunter2canary"
#define HOST   "shop.example.com"
#define MARKER "\x01koppeling-shop:"

/* The keys of all tests. */
static char *public_key;
static char *secret_key;
static struct sealing_key *key;

static void make_keys(void)
{
    struct error err = ERROR_INIT;

    assert_true(sealing_start(&err));
    assert_true(sealing_generate(&public_key, &secret_key, &err));
    assert_true(sealing_key_new(secret_key, NULL, &key, &err));
}

static void free_keys(void)
{
    free(public_key);
    free_secret(secret_key);
    sealing_key_free(key);
}

FIXTURE(.before_all = make_keys, .after_all = free_keys)

/* What the database holds after decode(..., 'base64'). */
struct sealed {
    unsigned char bytes[8192];
    size_t length;
};

static struct sealing_bytes bytes_of(const struct sealed *sealed)
{
    return (struct sealing_bytes){sealed->bytes, sealed->length};
}

static struct sealing_bytes bytes_of_text(const char *text)
{
    return (struct sealing_bytes){text, strlen(text)};
}

static struct sealed sealed_for(const char *with_public_key, const char *host, const char *secret)
{
    struct sealed sealed = {.length = 0};
    struct error err = ERROR_INIT;
    AUTO(free) char *text = NULL;

    if (!sealing_seal(with_public_key, host, bytes_of_text(secret), &text, &err)) {
        fail_msg("%s", err.text);
    }
    assert_int_equal(sodium_base642bin(sealed.bytes, sizeof(sealed.bytes), text, strlen(text), NULL,
                                       &sealed.length, NULL, sodium_base64_VARIANT_ORIGINAL),
                     0);
    return sealed;
}

/* Seals any bytes, as another program would. */
static struct sealed sealed_raw(const void *bytes, size_t length)
{
    struct sealed sealed = {.length = length + crypto_box_SEALBYTES};
    unsigned char binary[crypto_box_PUBLICKEYBYTES];

    assert_int_equal(sodium_base642bin(binary, sizeof(binary), public_key, strlen(public_key), NULL,
                                       NULL, NULL, sodium_base64_VARIANT_ORIGINAL),
                     0);
    assert_int_equal(crypto_box_seal(sealed.bytes, bytes, length, binary), 0);
    return sealed;
}

static void assert_opens(const struct sealing_key *with_key, const struct sealed *sealed,
                         const char *host, const char *secret)
{
    struct error err = ERROR_INIT;
    AUTO(free_secret) char *opened = NULL;

    if (!sealing_open(with_key, bytes_of(sealed), host, &opened, &err)) {
        fail_msg("%s", err.text);
    }
    assert_string_equal(opened, secret);
}

static void assert_refused(const struct sealing_key *with_key, const struct sealed *sealed,
                           const char *host, const char *needle)
{
    char untouched[] = "untouched";
    struct error err = ERROR_INIT;
    char *opened = untouched;

    assert_false(sealing_open(with_key, bytes_of(sealed), host, &opened, &err));
    assert_int_equal(err.code, ERROR_DATA);
    if (strstr(err.text, needle) == NULL) {
        fail_msg("'%s' is not in '%s'", needle, err.text);
    }
    assert_null(strstr(err.text, CANARY));
    assert_ptr_equal(opened, untouched);
}

TEST(what_is_sealed_can_be_opened)
{
    static const char *const secrets[] = {"t", CANARY, "t\xC3\xB6ken with blanks ~!@#$%",
                                          "\xFF\xFE"};

    for (size_t i = 0; i < ARRAY_LENGTH(secrets); i++) {
        struct sealed plain = sealed_for(public_key, NULL, secrets[i]);
        struct sealed bound = sealed_for(public_key, HOST, secrets[i]);

        assert_opens(key, &plain, HOST, secrets[i]);
        assert_opens(key, &plain, NULL, secrets[i]);
        assert_opens(key, &bound, HOST, secrets[i]);
    }
}

TEST(the_longest_secret_fits_and_a_longer_one_does_not)
{
    AUTO(free) char *secret = xcalloc(SEALING_SECRET_LIMIT + 2, 1);
    AUTO(free) char *sealed_text = NULL;
    struct error err = ERROR_INIT;
    struct sealed sealed;

    memset(secret, 's', SEALING_SECRET_LIMIT + 1);
    sealed = sealed_raw(secret, SEALING_SECRET_LIMIT + 1);
    assert_refused(key, &sealed, HOST, "longer than 4096 bytes");
    assert_false(sealing_seal(public_key, HOST, bytes_of_text(secret), &sealed_text, &err));
    assert_int_equal(err.code, ERROR_DATA);
    secret[SEALING_SECRET_LIMIT] = '\0';
    sealed = sealed_for(public_key, HOST, secret);
    assert_opens(key, &sealed, HOST, secret);
}

TEST(a_bound_value_opens_for_its_shop_only)
{
    static const struct {
        const char *bound_to, *opened_for;
        bool opens;
    } cases[] = {
        {HOST, HOST, true},
        {"Shop.Example.COM", HOST, true},
        {HOST, "SHOP.example.com", true},
        {HOST, "shop.example.co", false},
        {HOST, "shop.example.com.evil", false},
        {HOST, "xshop.example.com", false},
        {HOST, "", false},
        {HOST, NULL, false},
        {HOST, HOST "\n", false},
        {"a", "b", false},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct sealed sealed = sealed_for(public_key, cases[i].bound_to, CANARY);

        if (cases[i].opens) {
            assert_opens(key, &sealed, cases[i].opened_for, CANARY);
        } else {
            assert_refused(key, &sealed, cases[i].opened_for, "sealed for another shop");
        }
    }
}

TEST(a_plain_box_of_another_program_is_accepted_on_any_row)
{
    struct sealed sealed = sealed_raw(CANARY, strlen(CANARY));

    assert_opens(key, &sealed, HOST, CANARY);
    assert_opens(key, &sealed, "other.example.com", CANARY);
    assert_opens(key, &sealed, NULL, CANARY);
}

TEST(hostile_plaintexts_are_refused_with_a_constant_text)
{
#define PLAIN(text) text, sizeof(text) - 1
    static const struct {
        const char *plain;
        size_t length;
        const char *needle;
    } cases[] = {
        {PLAIN(""), "it is empty"},
        {PLAIN(CANARY "\n"), "control character"},
        {PLAIN(CANARY "\r\nHost: x"), "control character"},
        {PLAIN("\0" CANARY), "zero byte"},
        {PLAIN(CANARY "\0"), "zero byte"},
        {PLAIN(CANARY "\0" CANARY), "zero byte"},
        {PLAIN("\x01" CANARY), "control character"},
        {PLAIN("\x01koppeling-shop" CANARY), "control character"},
        {PLAIN("\x01koppeling-shopx" HOST "\n" CANARY), "control character"},
        {PLAIN(MARKER), "binding to a shop is damaged"},
        {PLAIN(MARKER HOST), "binding to a shop is damaged"},
        {PLAIN(MARKER HOST CANARY), "binding to a shop is damaged"},
        {PLAIN(MARKER "\n" CANARY), "sealed for another shop"},
        {PLAIN(MARKER HOST "\0\n" CANARY), "sealed for another shop"},
        {PLAIN(MARKER HOST "\n"), "it is empty"},
        {PLAIN(MARKER HOST "\n\n" CANARY), "control character"},
        {PLAIN(MARKER HOST "\n" MARKER HOST "\n" CANARY), "control character"},
        {PLAIN(MARKER HOST "\n" CANARY "\x7F"), "control character"},
        {PLAIN(MARKER HOST "\n" CANARY "\0"), "zero byte"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct sealed sealed = sealed_raw(cases[i].plain, cases[i].length);

        assert_refused(key, &sealed, HOST, cases[i].needle);
    }
}

TEST(each_changed_bit_makes_a_value_unreadable)
{
    struct sealed sealed = sealed_for(public_key, HOST, CANARY);

    for (size_t bit = 0; bit < sealed.length * 8; bit += 3) {
        struct sealed changed = sealed;

        changed.bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
        /* X25519 does not look at the highest bit of a point, but the nonce is made from it. */
        assert_refused(key, &changed, HOST, "made for another key or is damaged");
    }
}

TEST(a_cut_or_overlong_value_is_refused)
{
    struct sealed sealed = sealed_for(public_key, HOST, CANARY);
    size_t whole = sealed.length;

    for (sealed.length = 0; sealed.length < whole; sealed.length++) {
        assert_refused(key, &sealed, HOST, sealed.length < 48 ? "too short" : "damaged");
    }
    sealed.length = whole + 1;
    assert_refused(key, &sealed, HOST, "damaged");
    sealed.length = sizeof(sealed.bytes);
    assert_refused(key, &sealed, HOST, "too long");
    sealed.length = SIZE_MAX; /* not even looked at */
    assert_refused(key, &sealed, HOST, "too long");
}

TEST(a_value_for_another_key_is_refused_and_two_keys_open_both)
{
    AUTO(free) char *new_public = NULL;
    AUTO(free_secret) char *new_secret = NULL;
    AUTO(sealing_key) struct sealing_key *both = NULL;
    struct error err = ERROR_INIT;

    assert_true(sealing_generate(&new_public, &new_secret, &err));
    assert_true(sealing_key_new(new_secret, secret_key, &both, &err));

    struct sealed before = sealed_for(public_key, HOST, "old");
    struct sealed after = sealed_for(new_public, HOST, "new");

    assert_refused(key, &after, HOST, "made for another key or is damaged");
    assert_opens(both, &before, HOST, "old");
    assert_opens(both, &after, HOST, "new");
}

/* The same secrets, bound and not, through a change of keys. */
TEST(what_the_previous_key_opens_is_sealed_anew_and_nothing_else)
{
    AUTO(free) char *new_public = NULL;
    AUTO(free_secret) char *new_secret = NULL;
    AUTO(sealing_key) struct sealing_key *both = NULL;
    AUTO(sealing_key) struct sealing_key *new_only = NULL;
    struct error err = ERROR_INIT;
    const char *const hosts[] = {NULL, HOST};

    assert_true(sealing_generate(&new_public, &new_secret, &err));
    assert_true(sealing_key_new(new_secret, secret_key, &both, &err));
    assert_true(sealing_key_new(new_secret, NULL, &new_only, &err));
    for (size_t i = 0; i < ARRAY_LENGTH(hosts); i++) {
        struct sealed old = sealed_for(public_key, hosts[i], CANARY);
        struct sealed new = {.length = old.length};
        struct sealed same = sealed_for(new_public, hosts[i], CANARY);
        struct sealed untouched = {.length = 0};
        AUTO(free_secret) char *elsewhere = NULL;

        assert_int_equal(sealing_reseal(new_only, bytes_of(&old), new.bytes), SEALING_CANNOT_OPEN);
        assert_int_equal(sealing_reseal(both, bytes_of(&same), untouched.bytes),
                         SEALING_IS_CURRENT);
        assert_int_equal(untouched.bytes[0], 0);
        assert_int_equal(sealing_reseal(both, bytes_of(&old), new.bytes), SEALING_RESEALED);
        assert_int_equal(sealing_reseal(both, bytes_of(&new), old.bytes), SEALING_IS_CURRENT);
        assert_opens(new_only, &new, HOST, CANARY);
        assert_int_equal(
            sealing_open(new_only, bytes_of(&new), "other.example.com", &elsewhere, &err),
            hosts[i] == NULL);
    }
}

TEST(what_is_no_sealed_value_is_not_sealed_anew)
{
    static const unsigned char bytes[SEALING_SECRET_LIMIT * 2];
    static unsigned char ignored[sizeof(bytes)];

    assert_int_equal(sealing_reseal(key, (struct sealing_bytes){bytes, 0}, ignored),
                     SEALING_CANNOT_OPEN);
    assert_int_equal(
        sealing_reseal(key, (struct sealing_bytes){bytes, crypto_box_SEALBYTES}, ignored),
        SEALING_CANNOT_OPEN);
    assert_int_equal(sealing_reseal(key, (struct sealing_bytes){bytes, sizeof(bytes)}, ignored),
                     SEALING_CANNOT_OPEN);
}

TEST(what_cannot_be_a_secret_or_a_host_is_not_sealed)
{
    static const struct {
        const char *host, *secret;
        size_t length;
        const char *needle;
    } cases[] = {
        {NULL, "", 0, "it is empty"},
        {HOST, "", 0, "it is empty"},
        {NULL, "a\0b", 3, "zero byte"},
        {NULL, CANARY "\n", sizeof(CANARY), "control character"},
        {NULL, MARKER HOST "\n" CANARY, sizeof(MARKER HOST "\n" CANARY) - 1, "control character"},
        {"", CANARY, 13, "not a host name"},
        {"shop example", CANARY, 13, "not a host name"},
        {HOST "\n", CANARY, 13, "not a host name"},
        {"https://" HOST, CANARY, 13, "not a host name"},
        {HOST "/", CANARY, 13, "not a host name"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error err = ERROR_INIT;
        char *sealed = NULL;

        assert_false(sealing_seal(public_key, cases[i].host,
                                  (struct sealing_bytes){cases[i].secret, cases[i].length}, &sealed,
                                  &err));
        assert_null(sealed);
        assert_int_equal(err.code, ERROR_DATA);
        assert_non_null(strstr(err.text, cases[i].needle));
        assert_null(strstr(err.text, CANARY));
    }
}

TEST(bad_keys_are_refused_without_showing_them)
{
    static const char *const bad[] = {
        "",
        CANARY,
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",  /* no padding */
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE",  /* likewise */
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=", /* bits that belong to no byte */
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", /* 33 bytes */
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==", /* 31 bytes */
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
        " AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "AAAAAAAAAAAAAAAAAAAAAA\nAAAAAAAAAAAAAAAAAAAAA=",
        "______________________________________-_-__=", /* the alphabet for URLs */
        "00000000000000000000000000000000000000000000000000000000000000ff",
    };

    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        struct error err = ERROR_INIT;
        struct sealing_key *none = NULL;
        char *sealed = NULL;

        assert_false(sealing_key_new(bad[i], NULL, &none, &err));
        assert_int_equal(err.code, ERROR_CONFIG);
        assert_null(strstr(err.text, CANARY));
        assert_false(sealing_key_new(secret_key, bad[i], &none, &err));
        assert_non_null(strstr(err.text, "previous"));
        assert_null(none);
        assert_false(sealing_seal(bad[i], NULL, bytes_of_text("x"), &sealed, &err));
        assert_int_equal(err.code, ERROR_CONFIG);
        assert_null(sealed);
    }
}

TEST(a_weak_public_key_is_refused)
{
    struct error err = ERROR_INIT;
    char *sealed = NULL;

    assert_false(sealing_seal("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", NULL,
                              bytes_of_text("x"), &sealed, &err));
    assert_int_equal(err.code, ERROR_CONFIG);
}

TEST(generated_keys_are_base64_and_different_each_time)
{
    AUTO(free) char *other_public = NULL;
    AUTO(free_secret) char *other_secret = NULL;
    struct error err = ERROR_INIT;

    assert_true(sealing_start(&err)); /* once more does no harm */
    assert_true(sealing_generate(&other_public, &other_secret, &err));
    assert_int_equal(strlen(other_public), 44);
    assert_int_equal(strlen(other_secret), 44);
    assert_string_not_equal(other_public, public_key);
    assert_string_not_equal(other_secret, secret_key);
    assert_string_not_equal(other_secret, other_public);
    sealing_key_free(NULL);
}
