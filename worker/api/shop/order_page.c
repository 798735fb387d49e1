#include "worker/api/shop/order_page.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "worker/api/text/charset.h"
#include "worker/api/text/json_scan.h"

/* The first allocation holds the default page of a small shop. */
#define FIRST_SLICES 32

/* The open brackets of one element. The innermost is the lowest bit: 1 for '{', 0 for '['. */
struct nesting {
    uint64_t braces;
    unsigned depth;  /* how many bits of `braces` count; at most ORDER_PAGE_DEPTH */
    uint64_t excess; /* brackets opened beyond that, of either kind */
    bool too_deep;
};

/* Whoever forged two equal hashes would only keep a change of an own order from being noticed.
 * SipHash costs a quarter of BLAKE2b. */
static uint64_t hash_with(const unsigned char key[crypto_shorthash_KEYBYTES], const void *bytes,
                          size_t length)
{
    unsigned char digest[crypto_shorthash_BYTES];
    uint64_t hash = 0;

    crypto_shorthash(digest, bytes, length, key);
    for (size_t i = 0; i < sizeof(digest); i++) {
        hash = hash << 8 | digest[i];
    }
    return hash != 0 ? hash : 1;
}

uint64_t order_page_hash(const void *bytes, size_t length)
{
    static const unsigned char key[crypto_shorthash_KEYBYTES] = "koppeling knows";

    return hash_with(key, bytes, length);
}

uint64_t order_page_former_hash(const void *bytes, size_t length)
{
    static const unsigned char key[crypto_shorthash_KEYBYTES] = "koppeling reads";

    return hash_with(key, bytes, length);
}

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static const char *skip_space(const char *at, const char *end)
{
    while (at < end && is_space(*at)) {
        at++;
    }
    return at;
}

static void nesting_open(struct nesting *nesting, char bracket)
{
    if (nesting->depth == ORDER_PAGE_DEPTH) {
        nesting->excess++;
        nesting->too_deep = true;
        return;
    }
    nesting->braces = nesting->braces << 1 | (bracket == '{' ? 1 : 0);
    nesting->depth++;
}

/* Closes the nearest bracket of its kind, and what was left open inside it. */
static void nesting_close(struct nesting *nesting, char bracket)
{
    if (nesting->excess > 0) {
        nesting->excess--;
        return;
    }

    uint64_t valid = nesting->depth == 64 ? UINT64_MAX : (UINT64_C(1) << nesting->depth) - 1;
    uint64_t same_kind = (bracket == '}' ? nesting->braces : ~nesting->braces) & valid;

    if (same_kind == 0) {
        return;
    }

    unsigned closed = (unsigned)__builtin_ctzll(same_kind) + 1;

    nesting->braces = closed == 64 ? 0 : nesting->braces >> closed;
    nesting->depth -= closed;
}

/* The comma or bracket of the page itself at which the current element ends, or NULL. */
static const char *find_stop(struct json_scan *scan, struct nesting *nesting)
{
    const char *at;

    while ((at = json_scan_next(scan)) != NULL) {
        bool on_page = nesting->depth == 0 && nesting->excess == 0;

        if (*at == '{' || *at == '[') {
            nesting_open(nesting, *at);
        } else if (on_page && *at != '}') {
            return at;
        } else if (*at != ',') {
            nesting_close(nesting, *at);
        }
    }
    return NULL;
}

static void add_slice(struct order_page *page, const char *text, size_t length, bool too_deep)
{
    /* Room doubles: at FIRST_SLICES and at each power of two above. */
    if (page->count == 0 ||
        (page->count >= FIRST_SLICES && (page->count & (page->count - 1)) == 0)) {
        size_t room = page->count == 0 ? FIRST_SLICES : page->count * 2;

        page->slices = xreallocarray(page->slices, room, sizeof(*page->slices));
    }
    page->slices[page->count++] = (struct order_slice){
        .text = text,
        .length = length,
        .hash = order_page_hash(text, length),
        .flaw = length > ORDER_PAGE_ELEMENT ? ORDER_FLAW_TOO_LARGE
                : too_deep                  ? ORDER_FLAW_TOO_DEEP
                                            : ORDER_FLAW_NONE,
    };
}

/* Cuts what follows the opening bracket; returns where the array ends, or NULL. */
static const char *split(struct order_page *page, const char *at, const char *end)
{
    struct json_scan scan;
    const char *stop = NULL;

    json_scan_init(&scan, at, (size_t)(end - at));
    do {
        struct nesting nesting = {.depth = 0};
        const char *start = skip_space(at, end);

        stop = find_stop(&scan, &nesting);
        if (stop == NULL) {
            return NULL;
        }

        const char *last = stop;

        while (last > start && is_space(last[-1])) {
            last--;
        }
        if (last > start && page->count == ORDER_PAGE_COUNT) {
            page->state = ORDER_PAGE_TOO_MANY;
            return NULL;
        }
        if (last > start) {
            add_slice(page, start, (size_t)(last - start), nesting.too_deep);
        }
        at = stop + 1;
    } while (*stop == ',');
    return at;
}

void order_page_init(struct order_page *page, const char *body, size_t length)
{
    const char *end = body + length;
    const char *at = body + charset_mark_length(body, length);

    *page = (struct order_page){.state = ORDER_PAGE_NOT_A_LIST};
    at = skip_space(at, end);
    if (at == end || *at != '[') {
        return;
    }
    page->state = ORDER_PAGE_CUT;
    at = split(page, at + 1, end);
    if (at != NULL) {
        page->state = skip_space(at, end) == end ? ORDER_PAGE_WHOLE : ORDER_PAGE_TRAILED;
    }
}

void order_page_release(struct order_page *page)
{
    free(page->slices);
    page->slices = NULL;
    page->count = 0;
}
