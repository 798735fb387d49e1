/*
 * The store behind a token: GET /v1/store answers one Store object, not wrapped [MWW-220]. Its id
 * identifies the shop for good; its primary domain may be {name}.myonline.store or any
 * domain of the merchant's own [MWW-222]. Pure; any thread.
 */
#ifndef WORKER_API_SHOP_STORE_H
#define WORKER_API_SHOP_STORE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"

/* Owned texts, cleaned; NULL for what the answer does not say. */
struct store {
    char *id;          /* a uuid in lower case; NULL if it has not that form */
    char *name;        /* at most 200 characters */
    char *domain;      /* host of primary_domain: lower case, no scheme, port or path */
    char *region_code; /* ISO 3166-1 alpha-2 */
    char *currency;    /* ISO 4217 */
};

/* Reads an answer. ERROR_DATA when it is no JSON object with an id; *ret_store is then empty. */
bool store_read(const char *body, size_t length, struct store *ret_store,
                struct error *err) MUSTCHECK;
void store_release(struct store *store);

static inline void store_cleanup(struct store *store)
{
    store_release(store);
}

/* The host in a web address as people and shops write it: "https://WWW.shop.nl:8080/path",
 * "shop.nl/". Lower case; NULL when there is none. The caller frees it. */
char *store_host_of(const char *address) MUSTCHECK;

enum store_match {
    STORE_SAME,       /* the address that the merchant gave */
    STORE_OTHER_SHOP, /* the *.myonline.store address of somebody else: the token is not this shop's
                       */
    STORE_OWN_DOMAIN, /* the merchant's own domain: nothing can be concluded */
    STORE_UNKNOWN,    /* no domain given */
};

/* Compares the store's domain (may be NULL) with the host that the merchant gave. A "www." in front
 * makes no difference. */
enum store_match store_compare(const char *domain, const char *shop_host) MUSTCHECK;

#endif
