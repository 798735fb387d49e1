/*
 * From a text to a thing: open addressing, linear probing.
 *
 * The key is borrowed: it must live, unchanged, as long as its entry (keep it inside the value).
 * The map never owns a value. Not thread-safe. A zeroed struct is an empty map.
 */
#ifndef SIMULATOR_MAP_H
#define SIMULATOR_MAP_H

#include <stddef.h>
#include <stdint.h>

struct map_slot {
    const char *key; /* NULL: free */
    void *value;
    uint64_t hash;
};

struct map {
    struct map_slot *slots;
    size_t capacity; /* 0 or a power of two */
    size_t count;
};

/* The value, or NULL. */
void *map_find(const struct map *map, const char *key);

/* Adds or replaces; the key is replaced too. */
void map_put(struct map *map, const char *key, void *value);

/* Forgets the key if it is there. */
void map_remove(struct map *map, const char *key);

/* Frees the table, not the values; leaves an empty map. */
void map_release(struct map *map);

#endif
