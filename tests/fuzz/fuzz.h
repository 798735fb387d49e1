/*
 * What the fuzz targets share. A target is one file, fuzz_<parser>.c, with one function,
 * LLVMFuzzerTestOneInput(), that feeds bytes to a parser and checks what must hold whatever the
 * bytes are. libFuzzer calls it with bytes that it makes up; main.c with those of files.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "common/utf8.h"
#include "worker/api/text/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Told what an input came to, by programs that compare it (tests/torture); others have none. */
__attribute__((weak)) void fuzz_note(const char *text, size_t length);

/* Ends the process, which is how libFuzzer learns of a finding. */
#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);         \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* Divides the fields of an input; rare in texts. */
#define FUZZ_DIVIDER 0x1E

/* What is left of an input. */
struct fuzz_input {
    const uint8_t *at;
    size_t left;
};

static inline uint8_t fuzz_take_byte(struct fuzz_input *input)
{
    if (input->left == 0) {
        return 0;
    }
    input->left--;
    return *input->at++;
}

/* A copy up to the next divider or the end, of just the right size, so that a sanitizer sees each
 * byte that is read beyond its end; to be freed. */
static inline char *fuzz_take_bytes(struct fuzz_input *input, size_t *ret_length)
{
    const uint8_t *end = input->left > 0 ? memchr(input->at, FUZZ_DIVIDER, input->left) : NULL;
    size_t length = end != NULL ? (size_t)(end - input->at) : input->left;
    char *copy = xstrndup((const char *)input->at, length);

    input->left -= length + (end != NULL ? 1 : 0);
    input->at += length + (end != NULL ? 1 : 0);
    *ret_length = length;
    return copy;
}

/* The same as a text: it ends at its first zero byte. */
static inline char *fuzz_take_text(struct fuzz_input *input)
{
    size_t length = 0;

    return fuzz_take_bytes(input, &length);
}

static inline void fuzz_require_utf8(const char *text)
{
    for (size_t left = strlen(text); left > 0;) {
        size_t length = utf8_length(text, left);

        REQUIRE(length > 0);
        text += length;
        left -= length;
    }
}

/* Valid UTF-8 in one line, without any control character: what may be stored, shown and logged. */
static inline void fuzz_require_line(const char *text)
{
    fuzz_require_utf8(text);
    for (; *text != '\0'; text++) {
        REQUIRE((unsigned char)*text >= ' ' && *text != 0x7F);
    }
}

static inline size_t fuzz_characters(const char *text)
{
    size_t count = 0;

    for (; *text != '\0'; text++) {
        count += ((unsigned char)*text & 0xC0) != 0x80 ? 1 : 0;
    }
    return count;
}

/* A text that was cleaned: NULL, or a line of 1 to `most` characters without blanks around it. */
static inline void fuzz_require_clean(const char *text, size_t most)
{
    if (text == NULL) {
        return;
    }
    fuzz_require_line(text);
    REQUIRE(text[0] != '\0' && text[0] != ' ' && text[strlen(text) - 1] != ' ');
    REQUIRE(fuzz_characters(text) <= most);
}

#endif
