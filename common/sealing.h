/*
 * Sealed values: secrets (shop tokens, client secrets) as the database holds them. They are
 * libsodium sealed boxes (crypto_box_seal: X25519, XSalsa20-Poly1305): made with the public key by
 * anyone, opened only with the secret key, which stays in the workers' environment. The database,
 * its dumps and its administrators see ciphertext.
 *
 * A value can be bound to a shop: the plaintext then starts with a marker and the shop's host name,
 * and sealing_open() refuses it for another host. So a sealed token that is moved to another row is
 * of no use there. A plain sealed box without the marker, as another language's libsodium makes it,
 * is accepted on any row.
 *
 * sealing_start() must be called once before anything else. All functions are thread-safe.
 */
#ifndef COMMON_SEALING_H
#define COMMON_SEALING_H

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"

/* Keys to open with; opaque and read-only. Locked in memory where the limits allow, wiped when
 * freed. */
struct sealing_key;

void sealing_key_free(struct sealing_key *key);
DEFINE_CLEANUP(sealing_key, struct sealing_key *, sealing_key_free);

/* The longest secret that can be sealed, in bytes. */
#define SEALING_SECRET_LIMIT 4096

bool sealing_start(struct error *err) MUSTCHECK;

/* Makes a key pair; both in base64 (standard alphabet, padded), to be freed (free, free_secret). */
bool sealing_generate(char **ret_public_base64, char **ret_secret_base64,
                      struct error *err) MUSTCHECK;

/* Reads the secret key in base64 (ERROR_CONFIG if it is not 32 bytes). `previous_base64` may be
 * NULL. The inputs are not kept. The caller frees with sealing_key_free(). */
bool sealing_key_new(const char *secret_base64, const char *previous_base64,
                     struct sealing_key **ret_key, struct error *err) MUSTCHECK;

/* False when the limits of the process did not let the key be locked in memory: then the system may
 * write it to swap. */
bool sealing_key_is_locked(const struct sealing_key *key) MUSTCHECK;

/* A secret, or what became of it when it was sealed; borrowed during a call. */
struct sealing_bytes {
    const void *bytes;
    size_t length;
};

/* Seals `secret` for the holder of the public key; `shop_host` NULL leaves it unbound. The result
 * is base64, to be freed. ERROR_DATA for a secret that is empty, too long or holds a control
 * character, and for a shop_host that is none; ERROR_CONFIG for a bad key. */
bool sealing_seal(const char *public_base64, const char *shop_host, struct sealing_bytes secret,
                  char **ret_sealed_base64, struct error *err) MUSTCHECK;

/* Opens sealed bytes for the row of `shop_host`. *ret_secret is zero-terminated, to be freed with
 * free_secret(). Host names are compared without regard to case; with shop_host NULL a bound value
 * is refused. ERROR_DATA when no key opens it, when it is bound to another host, when it is empty,
 * too long or holds a control character (zero byte, newline); the text says which, without any part
 * of the secret. */
bool sealing_open(const struct sealing_key *key, struct sealing_bytes sealed, const char *shop_host,
                  char **ret_secret, struct error *err) MUSTCHECK;

enum sealing_reseal {
    SEALING_IS_CURRENT,  /* the present key opens it: nothing was written */
    SEALING_RESEALED,    /* the previous key opened it */
    SEALING_CANNOT_OPEN, /* neither key does, or it is no sealed value */
};

/* Seals anew, for the present key, what was sealed for the previous one. The content and what it is
 * bound to stay the same, unseen by the caller; so does the length, for which ret_sealed has room.
 */
enum sealing_reseal sealing_reseal(const struct sealing_key *key, struct sealing_bytes sealed,
                                   void *ret_sealed) MUSTCHECK;

#endif
