/*
 * Chance that repeats: the same seed gives the same rolls. Not for secrets. Not thread-safe.
 */
#ifndef SIMULATOR_DICE_H
#define SIMULATOR_DICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dice {
    uint64_t state;
};

#define UUID_SIZE 37 /* with the terminating zero */

/* Dice whose rolls follow from all three. `name` may be NULL. */
struct dice dice_new(uint64_t seed, const char *name, uint64_t index);

/* 0 .. sides - 1; sides is at least 1. */
uint64_t dice_roll(struct dice *dice, uint64_t sides);

/* True this many times in a hundred. */
bool dice_chance(struct dice *dice, unsigned percent);

/* A version 4 UUID in lower case. */
void dice_uuid(struct dice *dice, char ret_uuid[UUID_SIZE]);

/* FNV-1a of a text. */
uint64_t text_hash(const char *text);

#endif
