#include "common/sealing.h"

#include <sodium.h>
#include <string.h>
#include <sys/mman.h>

#include "common/ascii.h"
#include "common/memory.h"

/*
 * A bound value is: marker, host, newline, secret. A secret never starts with the marker, since it
 * holds no control character; so neither form can be taken for the other.
 */
#define MARKER        "\x01koppeling-shop:"
#define MARKER_LENGTH (sizeof(MARKER) - 1)
#define HOST_LIMIT    253
#define PLAIN_LIMIT   (MARKER_LENGTH + HOST_LIMIT + 1 + SEALING_SECRET_LIMIT)

struct key_pair {
    unsigned char public_key[crypto_box_PUBLICKEYBYTES];
    unsigned char secret_key[crypto_box_SECRETKEYBYTES];
};

struct sealing_key {
    size_t count;
    bool is_locked; /* in memory: it is never written to swap */
    /* The present one, and the previous one while keys are being changed. */
    struct key_pair pairs[2];
};

/* What a value may hold between opening and checking: wiped with its length, since it may hold zero
 * bytes, where free_secret() would stop. */
struct plain {
    size_t length;
    unsigned char bytes[];
};

static struct plain *plain_new(size_t length)
{
    struct plain *plain = xcalloc(1, sizeof(struct plain) + length);

    plain->length = length;
    return plain;
}

static void plain_free(struct plain *plain)
{
    if (plain != NULL) {
        sodium_memzero(plain->bytes, plain->length);
        free(plain);
    }
}
DEFINE_CLEANUP(plain, struct plain *, plain_free);

bool sealing_start(struct error *err)
{
    /* 1 means that it had been started before. */
    if (sodium_init() < 0) {
        return error_set(err, ERROR_SYSTEM, "cannot start the cryptographic library");
    }
    return true;
}

static char *base64_new(const unsigned char *bytes, size_t length)
{
    size_t size = sodium_base64_encoded_len(length, sodium_base64_VARIANT_ORIGINAL);
    char *text = xcalloc(size, 1);

    return sodium_bin2base64(text, size, bytes, length, sodium_base64_VARIANT_ORIGINAL);
}

/* Reads exactly `size` bytes; anything else, blanks included, is refused. */
static bool base64_read(const char *text, unsigned char *ret_bytes, size_t size)
{
    size_t length = 0;

    return sodium_base642bin(ret_bytes, size, text, strlen(text), NULL, &length, NULL,
                             sodium_base64_VARIANT_ORIGINAL) == 0 &&
           length == size;
}

bool sealing_generate(char **ret_public_base64, char **ret_secret_base64, struct error *err)
{
    struct key_pair pair;

    if (crypto_box_keypair(pair.public_key, pair.secret_key) != 0) {
        return error_set(err, ERROR_SYSTEM, "cannot make a key pair");
    }
    *ret_public_base64 = base64_new(pair.public_key, sizeof(pair.public_key));
    *ret_secret_base64 = base64_new(pair.secret_key, sizeof(pair.secret_key));
    sodium_memzero(&pair, sizeof(pair));
    return true;
}

static bool read_key_pair(const char *secret_base64, struct key_pair *ret_pair, const char *which,
                          struct error *err)
{
    if (!base64_read(secret_base64, ret_pair->secret_key, sizeof(ret_pair->secret_key)) ||
        crypto_scalarmult_base(ret_pair->public_key, ret_pair->secret_key) != 0) {
        return error_set(err, ERROR_CONFIG, "cannot use the %s: not 32 bytes in base64", which);
    }
    return true;
}

bool sealing_key_new(const char *secret_base64, const char *previous_base64,
                     struct sealing_key **ret_key, struct error *err)
{
    /* Between guard pages, left out of core files, and locked if the limits allow: a failing
     * mlock() is ignored in there, so it is asked for again to know. */
    AUTO(sealing_key) struct sealing_key *key = sodium_malloc(sizeof(struct sealing_key));

    if (key == NULL) {
        return error_set(err, ERROR_SYSTEM, "cannot get protected memory for the secret key");
    }
    key->is_locked = mlock(key, sizeof(*key)) == 0;
    key->count = 1;
    if (!read_key_pair(secret_base64, &key->pairs[0], "secret key", err)) {
        return false;
    }
    if (previous_base64 != NULL) {
        key->count = 2;
        if (!read_key_pair(previous_base64, &key->pairs[1], "previous secret key", err)) {
            return false;
        }
    }
    sodium_mprotect_readonly(key);
    *ret_key = steal_ptr(&key);

    return true;
}

bool sealing_key_is_locked(const struct sealing_key *key)
{
    return key->is_locked;
}

void sealing_key_free(struct sealing_key *key)
{
    sodium_free(key); /* wipes; accepts NULL */
}

/* A secret becomes a header or a part of a URL: a control character in it can only be a mistake (a
 * newline from a file) or an attack. */
static bool check_secret(const unsigned char *secret, size_t length, struct error *err)
{
    if (length == 0) {
        return error_set(err, ERROR_DATA, "it is empty");
    }
    if (length > SEALING_SECRET_LIMIT) {
        return error_set(err, ERROR_DATA, "it is longer than %d bytes", SEALING_SECRET_LIMIT);
    }
    for (size_t i = 0; i < length; i++) {
        if (secret[i] == 0) {
            return error_set(err, ERROR_DATA, "it holds a zero byte");
        }
        if (secret[i] < ' ' || secret[i] == 0x7F) {
            return error_set(err, ERROR_DATA,
                             "it holds a control character, perhaps a newline at its end");
        }
    }
    return true;
}

static bool is_host(const char *host)
{
    size_t length = strlen(host);

    return length > 0 && length <= HOST_LIMIT &&
           strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-") ==
               length;
}

static struct plain *bind_to_host(const char *shop_host, struct sealing_bytes secret)
{
    size_t host_length = shop_host != NULL ? strlen(shop_host) : 0;
    size_t prefix = shop_host != NULL ? MARKER_LENGTH + host_length + 1 : 0;
    struct plain *plain = plain_new(prefix + secret.length);

    if (shop_host != NULL) {
        memcpy(plain->bytes, MARKER, MARKER_LENGTH);
        for (size_t i = 0; i < host_length; i++) {
            plain->bytes[MARKER_LENGTH + i] = (unsigned char)ascii_lower(shop_host[i]);
        }
        plain->bytes[prefix - 1] = '\n';
    }
    memcpy(plain->bytes + prefix, secret.bytes, secret.length);
    return plain;
}

bool sealing_seal(const char *public_base64, const char *shop_host, struct sealing_bytes secret,
                  char **ret_sealed_base64, struct error *err)
{
    unsigned char public_key[crypto_box_PUBLICKEYBYTES];

    if (!base64_read(public_base64, public_key, sizeof(public_key))) {
        return error_set(err, ERROR_CONFIG, "cannot use the public key: not 32 bytes in base64");
    }
    if (shop_host != NULL && !is_host(shop_host)) {
        return error_set(err, ERROR_DATA, "cannot seal the secret: the shop is not a host name");
    }
    if (!check_secret(secret.bytes, secret.length, err)) {
        return error_prefix(err, "cannot seal the secret");
    }

    AUTO(plain) struct plain *plain = bind_to_host(shop_host, secret);
    size_t sealed_length = crypto_box_SEALBYTES + plain->length;
    AUTO(free) unsigned char *sealed = xcalloc(sealed_length, 1);

    /* Refuses public keys that give a shared secret known to everyone, such as all zeros. */
    if (crypto_box_seal(sealed, plain->bytes, plain->length, public_key) != 0) {
        return error_set(err, ERROR_CONFIG, "cannot use the public key: it is a weak one");
    }
    *ret_sealed_base64 = base64_new(sealed, sealed_length);
    return true;
}

/* Tries each key and tells which one fitted; NULL when none does. */
static struct plain *open_with_keys(const struct sealing_key *key, struct sealing_bytes sealed,
                                    size_t *ret_which)
{
    AUTO(plain) struct plain *plain = plain_new(sealed.length - crypto_box_SEALBYTES);

    for (size_t i = 0; i < key->count; i++) {
        if (crypto_box_seal_open(plain->bytes, sealed.bytes, sealed.length,
                                 key->pairs[i].public_key, key->pairs[i].secret_key) == 0) {
            *ret_which = i;
            return steal_ptr(&plain);
        }
    }
    return NULL;
}

static bool is_same_host(const unsigned char *host, size_t length, const char *shop_host)
{
    if (shop_host == NULL || strlen(shop_host) != length) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        if (ascii_lower((char)host[i]) != ascii_lower(shop_host[i])) {
            return false;
        }
    }
    return true;
}

/* Finds where the secret starts; checks what it is bound to. */
static bool check_binding(const struct plain *plain, const char *shop_host, size_t *ret_start,
                          struct error *err)
{
    *ret_start = 0;
    if (plain->length < MARKER_LENGTH || memcmp(plain->bytes, MARKER, MARKER_LENGTH) != 0) {
        return true;
    }

    const unsigned char *host = plain->bytes + MARKER_LENGTH;
    const unsigned char *end = memchr(host, '\n', plain->length - MARKER_LENGTH);

    if (end == NULL) {
        return error_set(err, ERROR_DATA, "its binding to a shop is damaged");
    }
    if (!is_same_host(host, (size_t)(end - host), shop_host)) {
        return error_set(err, ERROR_DATA, "it was sealed for another shop");
    }
    *ret_start = (size_t)(end - plain->bytes) + 1;
    return true;
}

bool sealing_open(const struct sealing_key *key, struct sealing_bytes sealed, const char *shop_host,
                  char **ret_secret, struct error *err)
{
    static const char context[] = "cannot open the sealed value";

    if (sealed.length < crypto_box_SEALBYTES) {
        return error_set(err, ERROR_DATA, "%s: it is too short to be one", context);
    }
    if (sealed.length > crypto_box_SEALBYTES + PLAIN_LIMIT) {
        return error_set(err, ERROR_DATA, "%s: it is too long", context);
    }

    size_t which = 0;
    AUTO(plain) struct plain *plain = open_with_keys(key, sealed, &which);
    size_t start = 0;

    if (plain == NULL) {
        return error_set(err, ERROR_DATA, "%s: it was made for another key or is damaged", context);
    }
    if (!check_binding(plain, shop_host, &start, err) ||
        !check_secret(plain->bytes + start, plain->length - start, err)) {
        return error_prefix(err, "%s", context);
    }
    *ret_secret = xstrndup((const char *)plain->bytes + start, plain->length - start);
    return true;
}

enum sealing_reseal sealing_reseal(const struct sealing_key *key, struct sealing_bytes sealed,
                                   void *ret_sealed)
{
    size_t which = 0;

    if (sealed.length < crypto_box_SEALBYTES ||
        sealed.length > crypto_box_SEALBYTES + PLAIN_LIMIT) {
        return SEALING_CANNOT_OPEN;
    }

    AUTO(plain) struct plain *plain = open_with_keys(key, sealed, &which);

    if (plain == NULL) {
        return SEALING_CANNOT_OPEN;
    }
    if (which == 0) {
        return SEALING_IS_CURRENT;
    }
    /* As it was, with its binding. Fails only for a weak key, which would not have opened it. */
    if (crypto_box_seal(ret_sealed, plain->bytes, plain->length, key->pairs[0].public_key) != 0) {
        return SEALING_CANNOT_OPEN;
    }
    return SEALING_RESEALED;
}
