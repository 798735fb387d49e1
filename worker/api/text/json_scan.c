#include "worker/api/text/json_scan.h"

#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* One bit for each byte of a block, the first byte lowest. */
struct masks {
    uint64_t quotes;
    uint64_t backslashes;
    uint64_t structure; /* brackets and commas */
};

/* '{' and '[', '}' and ']' differ in this bit only. */
#define BRACE_BIT 0x20

#ifdef __SSE2__
static uint64_t equal_bytes(__m128i bytes, char value)
{
    return (uint64_t)(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(value)));
}

static struct masks look_at(const char *block)
{
    struct masks masks = {0};

    for (size_t part = 0; part < JSON_SCAN_BLOCK / 16; part++) {
        __m128i bytes;

        memcpy(&bytes, block + part * 16, sizeof(bytes));

        __m128i folded = _mm_or_si128(bytes, _mm_set1_epi8(BRACE_BIT));
        uint64_t structure =
            equal_bytes(folded, '{') | equal_bytes(folded, '}') | equal_bytes(bytes, ',');

        masks.quotes |= equal_bytes(bytes, '"') << (part * 16);
        masks.backslashes |= equal_bytes(bytes, '\\') << (part * 16);
        masks.structure |= structure << (part * 16);
    }
    return masks;
}
#else
static struct masks look_at(const char *block)
{
    struct masks masks = {0};

    for (int i = 0; i < JSON_SCAN_BLOCK; i++) {
        char folded = (char)(block[i] | BRACE_BIT);

        masks.quotes |= (uint64_t)(block[i] == '"') << i;
        masks.backslashes |= (uint64_t)(block[i] == '\\') << i;
        masks.structure |= (uint64_t)(folded == '{' || folded == '}' || block[i] == ',') << i;
    }
    return masks;
}
#endif

/* The bytes that follow a backslash which is not itself escaped. Backslashes are rare, so this
 * goes from one to the next. */
static uint64_t escaped_bytes(uint64_t backslashes, bool *first_escaped)
{
    uint64_t escaped = *first_escaped ? 1 : 0;

    *first_escaped = false;
    while (backslashes != 0) {
        int at = __builtin_ctzll(backslashes);

        backslashes &= backslashes - 1;
        if ((escaped >> at & 1) != 0) {
            continue;
        }
        if (at == JSON_SCAN_BLOCK - 1) {
            *first_escaped = true;
        } else {
            escaped |= UINT64_C(2) << at;
        }
    }
    return escaped;
}

/* Bit i of the result is the parity of bits 0..i. */
static uint64_t running_parity(uint64_t bits)
{
    for (int shift = 1; shift < 64; shift *= 2) {
        bits ^= bits << shift;
    }
    return bits;
}

static void take_block(struct json_scan *scan)
{
    char padded[JSON_SCAN_BLOCK];
    const char *block = scan->block;
    size_t left = (size_t)(scan->end - block);

    if (left < JSON_SCAN_BLOCK) {
        memset(padded, 0, sizeof(padded));
        memcpy(padded, block, left);
        block = padded;
    }

    struct masks masks = look_at(block);
    bool was_in_string = scan->in_string;

    if (masks.backslashes != 0 || scan->escaped) {
        masks.quotes &= ~escaped_bytes(masks.backslashes, &scan->escaped);
    }

    uint64_t inside = running_parity(masks.quotes) ^ (was_in_string ? UINT64_MAX : 0);

    scan->in_string = inside >> (JSON_SCAN_BLOCK - 1) != 0;
    scan->found = masks.structure & ~inside;
}

bool json_scan_refill(struct json_scan *scan)
{
    for (;;) {
        if (scan->started) {
            if (scan->end - scan->block <= JSON_SCAN_BLOCK) {
                return false;
            }
            scan->block += JSON_SCAN_BLOCK;
        }
        scan->started = true;
        if (scan->block == scan->end) {
            return false;
        }
        take_block(scan);
        if (scan->found != 0) {
            return true;
        }
    }
}
