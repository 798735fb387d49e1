#include "common/buffer.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "common/memory.h"

/* The first allocation: most buffers hold at least a line. */
#define FIRST_CAPACITY 256

/* Makes capacity for `more` bytes and the terminating zero; false over the limit. */
static bool make_room(struct buffer *buffer, size_t more)
{
    if (buffer->length > buffer->limit || more > buffer->limit - buffer->length ||
        more >= SIZE_MAX - buffer->length) {
        return false;
    }

    size_t needed = buffer->length + more + 1;

    if (needed <= buffer->capacity) {
        return true;
    }

    /* Doubling keeps a run of appends linear; never more than the limit can use. */
    /* What is asked for first is as a rule all that will be needed. */
    size_t first = needed > FIRST_CAPACITY ? needed : FIRST_CAPACITY;
    size_t capacity = buffer->capacity > 0 ? buffer->capacity : first;

    while (capacity < needed) {
        capacity = capacity > SIZE_MAX / 2 ? SIZE_MAX : capacity * 2;
    }
    if (buffer->limit < SIZE_MAX && capacity > buffer->limit + 1) {
        capacity = buffer->limit + 1;
    }
    buffer->bytes = xreallocarray(buffer->bytes, capacity, 1);
    buffer->capacity = capacity;
    buffer->bytes[buffer->length] = '\0';
    return true;
}

bool buffer_append(struct buffer *buffer, const void *bytes, size_t length)
{
    if (!make_room(buffer, length)) {
        return false;
    }
    if (length > 0) {
        memcpy(buffer->bytes + buffer->length, bytes, length);
        buffer->length += length;
    }
    buffer->bytes[buffer->length] = '\0';
    return true;
}

bool buffer_append_text(struct buffer *buffer, const char *text)
{
    return buffer_append(buffer, text, strlen(text));
}

bool buffer_printf(struct buffer *buffer, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0 || !make_room(buffer, (size_t)length)) {
        return false;
    }

    va_start(arguments, format);
    vsnprintf(buffer->bytes + buffer->length, (size_t)length + 1, format, arguments);
    va_end(arguments);
    buffer->length += (size_t)length;
    return true;
}

char *buffer_reserve(struct buffer *buffer, size_t more)
{
    if (!make_room(buffer, more)) {
        return NULL;
    }
    /* Whoever fills the room whole need not think of the terminating zero. */
    buffer->bytes[buffer->length + more] = '\0';
    return buffer->bytes + buffer->length;
}

void buffer_clear(struct buffer *buffer)
{
    buffer->length = 0;
    if (buffer->bytes != NULL) {
        buffer->bytes[0] = '\0';
    }
}

char *buffer_steal(struct buffer *buffer)
{
    char *bytes = buffer->bytes != NULL ? buffer->bytes : xcalloc(1, 1);

    buffer->bytes = NULL;
    buffer->length = 0;
    buffer->capacity = 0;
    return bytes;
}

void buffer_release(struct buffer *buffer)
{
    free(buffer->bytes);
    buffer->bytes = NULL;
    buffer->length = 0;
    buffer->capacity = 0;
}
