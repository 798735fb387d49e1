/*
 * The fault "encoded": the true answer, but packed, in another character set, or behind a mark.
 */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "common/memory.h"
#include "common/utf8.h"
#include "tests/simulator/faults.h"
#include "tests/simulator/json_text.h"

/* What zlib calls its ways of packing. */
#define GZIP    (15 + 16)
#define DEFLATE 15

static void put_packed(struct buffer *packed, int way, const struct buffer *body)
{
    z_stream stream = {.zalloc = NULL};
    unsigned char piece[4096];
    int end = Z_OK;

    if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, way, 9, Z_DEFAULT_STRATEGY) != Z_OK) {
        memory_exhausted();
    }
    stream.next_in = (unsigned char *)body->bytes;
    stream.avail_in = (unsigned)body->length;
    while (end == Z_OK) {
        stream.next_out = piece;
        stream.avail_out = sizeof(piece);
        end = deflate(&stream, Z_FINISH);
        put_bytes(packed, (const char *)piece, sizeof(piece) - stream.avail_out);
    }
    deflateEnd(&stream);
}

static void replace_body(struct answer *answer, const struct buffer *body)
{
    buffer_release(&answer->body);
    answer->body = *body;
}

static void pack(struct answer *answer, int way)
{
    struct buffer packed = TEXT_INIT;

    put_packed(&packed, way, &answer->body);
    replace_body(answer, &packed);
}

static void apply_gzip(struct answer *answer)
{
    pack(answer, GZIP);
    answer->content_encoding = "gzip";
}

static void apply_deflate(struct answer *answer)
{
    pack(answer, DEFLATE);
    answer->content_encoding = "deflate";
}

/* Packed by somebody who does not say so. */
static void apply_bare_gzip(struct answer *answer)
{
    pack(answer, GZIP);
}

/* Not packed by somebody who says so. */
static void apply_false_gzip(struct answer *answer)
{
    answer->content_encoding = "gzip";
}

/* Some 60 kB that are 64 MB when they are unpacked. */
static void apply_bomb(struct answer *answer)
{
    AUTO(buffer) struct buffer blanks = TEXT_INIT;
    AUTO(free) char *block = xcalloc(1, 1U << 20);

    memset(block, ' ', 1U << 20);
    for (int i = 0; i < 64; i++) {
        put_bytes(&blanks, block, 1U << 20);
    }
    put_bytes(&blanks, answer->body.bytes, answer->body.length);
    struct buffer packed = TEXT_INIT;
    put_packed(&packed, GZIP, &blanks);
    replace_body(answer, &packed);
    answer->content_encoding = "gzip";
}

static void apply_mark(struct answer *answer)
{
    struct buffer marked = TEXT_INIT;

    put_text(&marked, "\xEF\xBB\xBF");
    put_bytes(&marked, answer->body.bytes, answer->body.length);
    replace_body(answer, &marked);
}

/* Characters that Latin-1 does not have become question marks. */
static void apply_latin1(struct answer *answer)
{
    struct buffer latin = TEXT_INIT;
    const char *at = answer->body.bytes;
    size_t left = answer->body.length;

    while (left > 0) {
        uint32_t code_point = 0;
        size_t length = utf8_decode(at, left, &code_point);
        char byte = length > 0 && code_point < 256 ? (char)code_point : '?';

        put_bytes(&latin, &byte, 1);
        at += length > 0 ? length : 1;
        left -= length > 0 ? length : 1;
    }
    replace_body(answer, &latin);
    answer->content_type = "application/json; charset=ISO-8859-1";
}

void apply_encoded(const struct fault *fault, enum api api, struct answer *answer)
{
    static const struct {
        const char *variant;
        void (*apply)(struct answer *answer);
    } variants[] = {
        {"gzip", apply_gzip},           {"deflate", apply_deflate},
        {"bare_gzip", apply_bare_gzip}, {"false_gzip", apply_false_gzip},
        {"bomb", apply_bomb},           {"mark", apply_mark},
        {"latin1", apply_latin1},
    };

    (void)api;
    for (size_t i = 0; i < ARRAY_LENGTH(variants) && fault->settings.variant != NULL; i++) {
        if (strcmp(variants[i].variant, fault->settings.variant) == 0 && answer->body.length > 0) {
            variants[i].apply(answer);
        }
    }
}
