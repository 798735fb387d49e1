#include "worker/jobs/poll_known.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/ascii.h"
#include "common/memory.h"

#define DIGITS         16
#define FIRST_CAPACITY 16

/* A state: whether the database knows the hash, and the turn in which it was last seen (0: none).
 */
#define STATE_KNOWN 0x80U
#define STATE_TURN  0x7FU

/* The slot of a key, or the free one where it belongs. */
static size_t find_slot(const struct poll_known *known, uint64_t key)
{
    size_t slot = (size_t)key & (known->capacity - 1);

    while (known->keys[slot] != 0 && known->keys[slot] != key) {
        slot = (slot + 1) & (known->capacity - 1);
    }
    return slot;
}

static void put(struct poll_known *known, uint64_t key, unsigned state)
{
    size_t slot = find_slot(known, key);

    known->count += known->keys[slot] == 0;
    known->keys[slot] = key;
    known->states[slot] = (unsigned char)state;
}

/* Makes the table large enough to stay at most half full with `count` keys. */
static void make_room(struct poll_known *known, size_t count)
{
    struct poll_known old = *known;
    size_t capacity = old.capacity > 0 ? old.capacity : FIRST_CAPACITY;

    while (capacity < count * 2) {
        capacity *= 2;
    }
    if (capacity == old.capacity) {
        return;
    }
    *known = (struct poll_known){
        .keys = xcalloc(capacity, sizeof(*known->keys)),
        .states = xcalloc(capacity, sizeof(*known->states)),
        .capacity = capacity,
        .has_known = old.has_known,
    };
    for (size_t i = 0; i < old.capacity; i++) {
        if (old.keys[i] != 0) {
            put(known, old.keys[i], old.states[i]);
        }
    }
    poll_known_release(&old);
}

/* Reads one hash; false when a digit is none. */
static bool read_hash(const char *text, uint64_t *ret_hash)
{
    uint64_t hash = 0;

    for (int i = 0; i < DIGITS; i++) {
        int value = ascii_hex_value(text[i]);

        if (value < 0) {
            return false;
        }
        hash = hash << 4 | (uint64_t)value;
    }
    *ret_hash = hash;
    return true;
}

void poll_known_init(struct poll_known *known, const char *hexadecimal)
{
    size_t count = hexadecimal != NULL ? strlen(hexadecimal) / DIGITS : 0;

    *known = (struct poll_known){.capacity = 0};
    make_room(known, count);
    for (size_t i = 0; i < count; i++) {
        uint64_t hash = 0;

        if (read_hash(hexadecimal + i * DIGITS, &hash) && hash != 0) {
            put(known, hash, STATE_KNOWN);
            known->has_known = true;
        }
    }
}

void poll_known_release(struct poll_known *known)
{
    free(known->keys);
    free(known->states);
    *known = (struct poll_known){.capacity = 0};
}

enum poll_sight poll_known_see(struct poll_known *known, uint64_t hash, unsigned turn)
{
    make_room(known, known->count + 1);

    size_t slot = find_slot(known, hash);

    if (known->keys[slot] == 0) {
        put(known, hash, turn);
        return POLL_SIGHT_NEW;
    }

    unsigned before = known->states[slot] & STATE_TURN;

    known->states[slot] = (unsigned char)((known->states[slot] & STATE_KNOWN) | turn);
    if (before == 0) {
        return POLL_SIGHT_KNOWN;
    }
    return before == turn ? POLL_SIGHT_AGAIN : POLL_SIGHT_ELSEWHERE;
}

bool poll_known_was_seen(const struct poll_known *known, uint64_t hash, unsigned turn)
{
    size_t slot = find_slot(known, hash);

    return known->keys[slot] != 0 && (known->states[slot] & STATE_TURN) == turn;
}

bool poll_known_has(const struct poll_known *known, uint64_t hash)
{
    return known->keys[find_slot(known, hash)] != 0;
}

char *poll_known_missing(const struct poll_known *known)
{
    char *text = xcalloc(known->count * DIGITS + 1, 1);
    size_t length = 0;

    for (size_t i = 0; i < known->capacity; i++) {
        if (known->keys[i] != 0 && known->states[i] == STATE_KNOWN) {
            snprintf(text + length, DIGITS + 1, "%016llx", (unsigned long long)known->keys[i]);
            length += DIGITS;
        }
    }
    return text;
}
