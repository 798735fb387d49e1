/* A direct-mapped cache of opened secrets. */
#include "worker/calls/token_cache.h"

#include <libpq-fe.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"

enum { SLOTS = 65536, KEY_BYTES = 16 };

struct slot {
    unsigned char key[KEY_BYTES];
    char *secret;
};

struct token_cache {
    const struct sealing_key *key;
    struct slot slots[SLOTS];
};

struct token_cache *token_cache_new(const struct sealing_key *key)
{
    struct token_cache *cache = xcalloc(1, sizeof(*cache));

    cache->key = key;
    return cache;
}

void token_cache_free(struct token_cache *cache)
{
    if (cache == NULL) {
        return;
    }
    for (size_t i = 0; i < SLOTS; i++) {
        free_secret(cache->slots[i].secret);
    }
    free(cache);
}

/* Sealed bytes and shop together: the same box on another row is another entry, and is checked
 * anew. */
static void make_key(const char *sealed, const char *shop_host, unsigned char ret_key[KEY_BYTES])
{
    crypto_generichash_state state;

    crypto_generichash_init(&state, NULL, 0, KEY_BYTES);
    crypto_generichash_update(&state, (const unsigned char *)sealed, strlen(sealed) + 1);
    if (shop_host != NULL) {
        crypto_generichash_update(&state, (const unsigned char *)shop_host, strlen(shop_host));
    }
    crypto_generichash_final(&state, ret_key, KEY_BYTES);
}

static char *open_sealed(const struct token_cache *cache, const char *sealed, const char *shop_host,
                         struct error *err)
{
    char *secret = NULL;
    size_t length = 0;

    if (cache->key == NULL) {
        (void)error_set(err, ERROR_CONFIG,
                        "cannot be opened: this worker has no KOPPELING_SECRET_KEY");
        return NULL;
    }
    unsigned char *bytes = PQunescapeBytea((const unsigned char *)sealed, &length);
    if (bytes == NULL) {
        memory_exhausted();
    }
    if (!sealing_open(cache->key, (struct sealing_bytes){bytes, length}, shop_host, &secret, err)) {
        secret = NULL;
    }
    PQfreemem(bytes);
    return secret;
}

void token_cache_open(struct token_cache *cache, const char *sealed, const char *shop_host,
                      char **ret_secret, char **ret_problem)
{
    unsigned char key[KEY_BYTES];
    struct error err = ERROR_INIT;

    *ret_secret = *ret_problem = NULL;
    make_key(sealed, shop_host, key);
    struct slot *slot = &cache->slots[(size_t)(key[0] | key[1] << 8) % SLOTS];
    if (slot->secret == NULL || memcmp(slot->key, key, KEY_BYTES) != 0) {
        char *secret = open_sealed(cache, sealed, shop_host, &err);

        if (secret == NULL) {
            *ret_problem = xstrdup(err.text);
            return;
        }
        free_secret(slot->secret);
        slot->secret = secret;
        memcpy(slot->key, key, KEY_BYTES);
    }
    *ret_secret = xstrdup(slot->secret);
}
