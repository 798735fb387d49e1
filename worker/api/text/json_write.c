#include "worker/api/text/json_write.h"

#include <stdint.h>

#include "common/buffer.h"

/* As buffer_append() is called by json_dump_callback(). */
static int take(const char *bytes, size_t length, void *buffer)
{
    return buffer_append(buffer, bytes, length) ? 0 : -1;
}

char *json_write(const json_t *json, size_t flags, size_t *ret_length)
{
    struct buffer text = BUFFER_INIT(SIZE_MAX / 2);

    if (json_dump_callback(json, take, &text, flags) != 0) {
        buffer_release(&text);
        return NULL;
    }
    if (ret_length != NULL) {
        *ret_length = text.length;
    }
    return buffer_steal(&text);
}
