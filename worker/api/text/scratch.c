#include "worker/api/text/scratch.h"

#include <jansson.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/wiping.h"

/* Room for what an order of a usual shop becomes; a larger one takes more of them. */
#define BLOCK_BYTES ((size_t)32 << 10)

struct block {
    struct block *next;
    size_t size; /* of `bytes` */
    size_t used;
    alignas(max_align_t) unsigned char bytes[];
};

static _Thread_local struct {
    struct block *blocks; /* the one that has room first */
    bool is_open;
} scratch;

#if defined(__SANITIZE_ADDRESS__)
#define ONE_BY_ONE true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ONE_BY_ONE true
#endif
#endif
#ifndef ONE_BY_ONE
#define ONE_BY_ONE false
#endif

void scratch_install(void)
{
    json_set_alloc_funcs(scratch_malloc, scratch_free);
}

void scratch_open(void)
{
    scratch.is_open = true;
}

void scratch_close(void)
{
    while (scratch.blocks != NULL) {
        struct block *block = scratch.blocks;

        scratch.blocks = block->next;
        explicit_bzero(block->bytes, block->used);
        free(block);
    }
    scratch.is_open = false;
}

static struct block *add_block(size_t least)
{
    size_t size = least > BLOCK_BYTES ? least : BLOCK_BYTES;
    struct block *block = wiping_malloc(sizeof(*block) + size);

    *block = (struct block){.next = scratch.blocks, .size = size};
    scratch.blocks = block;
    return block;
}

void *scratch_malloc(size_t size)
{
    const size_t grain = alignof(max_align_t);
    struct block *block = scratch.blocks;

    if (!scratch.is_open || ONE_BY_ONE || size > SIZE_MAX / 2) {
        return wiping_malloc(size);
    }
    size = (size + grain - 1) / grain * grain;
    if (block == NULL || block->size - block->used < size) {
        block = add_block(size);
    }
    void *memory = block->bytes + block->used;

    block->used += size;
    return memory;
}

void scratch_free(void *memory)
{
    uintptr_t address = (uintptr_t)memory;

    for (const struct block *block = scratch.blocks; block != NULL; block = block->next) {
        uintptr_t start = (uintptr_t)block->bytes;

        if (address >= start && address < start + block->size) {
            return;
        }
    }
    wiping_free(memory);
}
