#include "common/wiping.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"

void *wiping_malloc(size_t size)
{
    void *memory = malloc(size > 0 ? size : 1);

    if (memory == NULL) {
        memory_exhausted();
    }
    return memory;
}

void wiping_free(void *memory)
{
    if (memory != NULL) {
        /* All that the block could hold, since nobody knows how much of it was used. */
        explicit_bzero(memory, malloc_usable_size(memory));
        free(memory);
    }
}

void *wiping_realloc(void *memory, size_t size)
{
    size_t room = memory != NULL ? malloc_usable_size(memory) : 0;

    if (memory != NULL && size <= room) {
        return memory;
    }

    void *moved = wiping_malloc(size);

    if (memory != NULL) {
        memcpy(moved, memory, room < size ? room : size);
        wiping_free(memory);
    }
    return moved;
}
