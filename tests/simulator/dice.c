#include "tests/simulator/dice.h"

#include <stdio.h>

uint64_t text_hash(const char *text)
{
    uint64_t hash = 0xcbf29ce484222325U;

    for (const unsigned char *byte = (const unsigned char *)text; *byte != 0; byte++) {
        hash = (hash ^ *byte) * 0x100000001b3U;
    }
    return hash;
}

/* splitmix64 */
static uint64_t dice_next(struct dice *dice)
{
    dice->state += 0x9e3779b97f4a7c15U;
    uint64_t mixed = dice->state;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9U;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebU;
    return mixed ^ (mixed >> 31);
}

struct dice dice_new(uint64_t seed, const char *name, uint64_t index)
{
    struct dice dice = {.state = seed};

    dice.state = dice_next(&dice) ^ (name != NULL ? text_hash(name) : 0);
    dice.state = dice_next(&dice) ^ index;
    return dice;
}

uint64_t dice_roll(struct dice *dice, uint64_t sides)
{
    return dice_next(dice) % sides;
}

bool dice_chance(struct dice *dice, unsigned percent)
{
    return dice_roll(dice, 100) < percent;
}

void dice_uuid(struct dice *dice, char ret_uuid[UUID_SIZE])
{
    uint64_t high = dice_next(dice);
    uint64_t low = dice_next(dice);

    snprintf(ret_uuid, UUID_SIZE, "%08x-%04x-4%03x-%04x-%012llx", (unsigned)(high >> 32),
             (unsigned)(high >> 16) & 0xffffU, (unsigned)high & 0xfffU,
             ((unsigned)(low >> 48) & 0x3fffU) | 0x8000U,
             (unsigned long long)(low & 0xffffffffffffU));
}
