#include "tests/simulator/map.h"

#include <string.h>

#include "common/memory.h"
#include "tests/simulator/dice.h"

#define FIRST_CAPACITY 16

/* The slot that holds the key, or the free one where it belongs. */
static struct map_slot *map_seek(const struct map *map, const char *key, uint64_t hash)
{
    size_t mask = map->capacity - 1;
    size_t at = hash & mask;

    while (map->slots[at].key != NULL &&
           (map->slots[at].hash != hash || strcmp(map->slots[at].key, key) != 0)) {
        at = (at + 1) & mask;
    }
    return &map->slots[at];
}

static void map_grow(struct map *map)
{
    struct map bigger = {.capacity = map->capacity ? map->capacity * 2 : FIRST_CAPACITY,
                         .count = map->count};

    bigger.slots = xcalloc(bigger.capacity, sizeof(*bigger.slots));
    for (size_t i = 0; i < map->capacity; i++) {
        const struct map_slot *slot = &map->slots[i];

        if (slot->key != NULL) {
            *map_seek(&bigger, slot->key, slot->hash) = *slot;
        }
    }
    free(map->slots);
    *map = bigger;
}

void *map_find(const struct map *map, const char *key)
{
    if (map->count == 0) {
        return NULL;
    }
    return map_seek(map, key, text_hash(key))->value;
}

void map_put(struct map *map, const char *key, void *value)
{
    if ((map->count + 1) * 4 > map->capacity * 3) {
        map_grow(map);
    }
    uint64_t hash = text_hash(key);
    struct map_slot *slot = map_seek(map, key, hash);
    if (slot->key == NULL) {
        map->count++;
    }
    *slot = (struct map_slot){.key = key, .value = value, .hash = hash};
}

void map_remove(struct map *map, const char *key)
{
    if (map->count == 0) {
        return;
    }
    struct map_slot *gone = map_seek(map, key, text_hash(key));
    if (gone->key == NULL) {
        return;
    }
    size_t mask = map->capacity - 1;
    size_t hole = (size_t)(gone - map->slots);
    /* Close the gap: an entry that probed past the hole moves back into it. */
    for (size_t at = (hole + 1) & mask; map->slots[at].key != NULL; at = (at + 1) & mask) {
        size_t home = map->slots[at].hash & mask;

        if (((at - home) & mask) >= ((at - hole) & mask)) {
            map->slots[hole] = map->slots[at];
            hole = at;
        }
    }
    map->slots[hole] = (struct map_slot){.key = NULL, .value = NULL, .hash = 0};
    map->count--;
}

void map_release(struct map *map)
{
    free(map->slots);
    *map = (struct map){.slots = NULL, .capacity = 0, .count = 0};
}
