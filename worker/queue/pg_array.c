/* Array literals for statement parameters. */
#include "worker/queue/pg_array.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/memory.h"

/* PostgreSQL takes parameters up to 1 GiB; batches are bounded far below. */
#define PG_ARRAY_LIMIT (256U << 20)

void pg_array_init(struct pg_array *array)
{
    array->text = (struct buffer)BUFFER_INIT(PG_ARRAY_LIMIT);
}

/* Batches are bounded, so this cannot happen; if it does, going on would send half a batch. */
static void append(struct pg_array *array, const char *bytes, size_t length)
{
    if (!buffer_append(&array->text, bytes, length)) {
        LOG_ERROR("a statement parameter grew over its limit");
        abort();
    }
}

static void separate(struct pg_array *array)
{
    append(array, array->text.length == 0 ? "{" : ",", 1);
}

void pg_array_integer(struct pg_array *array, int64_t value)
{
    char digits[24];
    int length = snprintf(digits, sizeof(digits), "%" PRId64, value);

    separate(array);
    append(array, digits, (size_t)length);
}

void pg_array_boolean(struct pg_array *array, bool value)
{
    separate(array);
    append(array, value ? "t" : "f", 1);
}

void pg_array_null(struct pg_array *array)
{
    separate(array);
    append(array, "NULL", 4);
}

void pg_array_text(struct pg_array *array, const char *value)
{
    if (value == NULL) {
        pg_array_null(array);
        return;
    }
    separate(array);
    append(array, "\"", 1);
    while (*value != '\0') {
        size_t plain = strcspn(value, "\"\\");

        append(array, value, plain);
        value += plain;
        if (*value != '\0') {
            append(array, "\\", 1);
            append(array, value, 1);
            value++;
        }
    }
    append(array, "\"", 1);
}

char *pg_array_copy(const struct pg_array *array)
{
    return xasprintf("%s}", array->text.length == 0 ? "{" : array->text.bytes);
}

char *pg_array_steal(struct pg_array *array)
{
    if (array->text.length == 0) {
        append(array, "{", 1);
    }
    append(array, "}", 1);
    return buffer_steal(&array->text);
}

void pg_array_release(struct pg_array *array)
{
    buffer_release(&array->text);
}
