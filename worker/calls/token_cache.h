/*
 * Opened secrets by their sealed bytes. Opening a sealed box costs two scalar multiplications (some
 * 100 us), several times the rest of a poll, so a thread remembers what it has opened lately.
 * Entries live in this process only, are wiped when replaced, and a changed token is another entry.
 */
#ifndef WORKER_CALLS_TOKEN_CACHE_H
#define WORKER_CALLS_TOKEN_CACHE_H

#include "common/sealing.h"

struct token_cache;

/* `key` may be NULL (no KOPPELING_SECRET_KEY): then every secret has a problem. It is borrowed. */
struct token_cache *token_cache_new(const struct sealing_key *key);
void token_cache_free(struct token_cache *cache);

/*
 * The secret in `sealed` (as PostgreSQL writes bytea, "\x…"), for the row of `shop_host` (NULL:
 * none). On success *ret_secret is the caller's, to be freed with free_secret(), and *ret_problem
 * is NULL; else *ret_problem says why not, to be freed, and *ret_secret is NULL.
 */
void token_cache_open(struct token_cache *cache, const char *sealed, const char *shop_host,
                      char **ret_secret, char **ret_problem);

#endif
