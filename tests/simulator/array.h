/*
 * Growing arrays: a pointer to the elements, a count and a capacity, kept by the owner.
 */
#ifndef SIMULATOR_ARRAY_H
#define SIMULATOR_ARRAY_H

#include <stddef.h>

#include "common/memory.h"

/* Returns the elements, moved if need be, with room for one more than `count` of `size` bytes. */
static inline void *array_grow(void *items, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity) {
        return items;
    }
    *capacity = *capacity > 0 ? *capacity * 2 : 16;
    return xreallocarray(items, *capacity, size);
}

#endif
