/*
 * A growing run of bytes with a hard upper limit, so that no peer can make us eat all memory.
 *
 * `bytes` is NULL or holds `length` bytes and a terminating zero (not counted). Whoever holds the
 * struct owns the bytes; buffer_release() frees them and leaves a valid empty buffer.
 */
#ifndef COMMON_BUFFER_H
#define COMMON_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

#include "common/cleanup.h"

struct buffer {
    char *bytes;
    size_t length;
    size_t capacity; /* bytes allocated, terminating zero included */
    size_t limit;    /* most bytes it may ever hold */
};

#define BUFFER_INIT(most)                                                                          \
    {                                                                                              \
        .bytes = NULL, .length = 0, .capacity = 0, .limit = (most)                                 \
    }

/* Each append returns false, with the content unchanged, when the limit would be exceeded. What is
 * appended must not lie in the buffer itself. */
bool buffer_append(struct buffer *buffer, const void *bytes, size_t length) MUSTCHECK;
bool buffer_append_text(struct buffer *buffer, const char *text) MUSTCHECK;
bool buffer_printf(struct buffer *buffer, const char *format, ...) MUSTCHECK PRINTF(2, 3);

/* Makes room for `more` bytes after `length` and returns where they go, or NULL over the limit.
 * Whoever writes there adds to `length`, and if less than `more`, sets the zero at the end. */
char *buffer_reserve(struct buffer *buffer, size_t more) MUSTCHECK;

/* Forgets the content and keeps the memory. */
void buffer_clear(struct buffer *buffer);

/* Hands the bytes (never NULL, zero-terminated) to the caller, who frees them; leaves it empty. */
char *buffer_steal(struct buffer *buffer) MUSTCHECK;

void buffer_release(struct buffer *buffer);

static inline void buffer_cleanup(struct buffer *buffer)
{
    buffer_release(buffer);
}

#endif
