/*
 * A page of orders, cut into its elements without parsing them.
 *
 * GET /v1/orders answers a bare JSON array [MWW-301]. Almost always nothing has changed since the
 * last poll, so the page is only scanned: quotes, escapes and brackets tell where each element
 * begins and ends, and a hash of its bytes tells whether it is known. One broken element does not
 * spoil the others: a closing bracket closes the nearest opening one of its kind inside the
 * element, and never the element of a neighbour.
 *
 * Slices point into the body and are valid as long as it is. Pure; any thread. sodium_init() makes
 * the hash faster when called first, but is not needed.
 */
#ifndef WORKER_API_SHOP_ORDER_PAGE_H
#define WORKER_API_SHOP_ORDER_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ORDER_PAGE_DEPTH   64      /* deeper elements are not parsed */
#define ORDER_PAGE_ELEMENT 1048576 /* larger elements are not parsed; bytes */
#define ORDER_PAGE_COUNT   10000   /* more elements are not a page */

enum order_flaw { ORDER_FLAW_NONE, ORDER_FLAW_TOO_DEEP, ORDER_FLAW_TOO_LARGE };

struct order_slice {
    const char *text;
    size_t length;
    uint64_t hash;        /* payload_hash: as int64_t in the database; never 0 */
    enum order_flaw flaw; /* the element must not be parsed */
};

enum order_page_state {
    ORDER_PAGE_WHOLE,      /* an array from bracket to bracket and nothing else */
    ORDER_PAGE_CUT,        /* the array does not end; the slices before are whole */
    ORDER_PAGE_TRAILED,    /* something follows the array */
    ORDER_PAGE_TOO_MANY,   /* over ORDER_PAGE_COUNT elements; the rest was not looked at */
    ORDER_PAGE_NOT_A_LIST, /* the body does not begin with an array */
};

struct order_page {
    enum order_page_state state;
    struct order_slice *slices; /* owned */
    size_t count;
};

/* Cuts `body`. Never fails: the state tells what it was. Release it in any case. */
void order_page_init(struct order_page *page, const char *body, size_t length);
void order_page_release(struct order_page *page);

static inline void order_page_cleanup(struct order_page *page)
{
    order_page_release(page);
}

/* SipHash-2-4 over the bytes under a fixed key, big endian, so that its 16 hexadecimal digits are
 * those of the digest; 0 becomes 1. What is stored is found again as long as the key stays. When a
 * version understands orders otherwise than the one before, it gets another key, so that each order
 * is read once more. */
uint64_t order_page_hash(const void *bytes, size_t length);

/* The same under the key of the version before: tells that bytes are read again only for that
 * reason, and were not changed. */
uint64_t order_page_former_hash(const void *bytes, size_t length);

#endif
