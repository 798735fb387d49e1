#include "worker/api/text/entities.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistr.h>

#include "common/memory.h"
#include "worker/api/text/tables.h"

/* Longer names and numbers are none. */
#define NAME_LENGTH 10

/* &#128; to &#159; are meant as Windows has them, as in HTML; 0: it has none there. */
static const uint16_t windows[32] = {
    0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017D, 0,      0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178,
};

static int compare_name(const void *key, const void *entity)
{
    return strcmp(key, ((const struct entity *)entity)->name);
}

/* The character with this name, or 0. */
static uint32_t named(const char *name)
{
    const struct entity *entity =
        bsearch(name, text_entities, text_entities_count, sizeof(text_entities[0]), compare_name);

    return entity != NULL ? entity->point : 0;
}

/* The character with this number ("39", "x27"), or 0. */
static uint32_t numbered(const char *number)
{
    bool is_hexadecimal = number[0] == 'x' || number[0] == 'X';
    const char *digits = number + (is_hexadecimal ? 1 : 0);
    const char *allowed = is_hexadecimal ? "0123456789abcdefABCDEF" : "0123456789";

    if (digits[0] == '\0' || digits[strspn(digits, allowed)] != '\0') {
        return 0;
    }

    unsigned long point = strtoul(digits, NULL, is_hexadecimal ? 16 : 10);

    if (point >= 0x80 && point < 0xA0) {
        return windows[point - 0x80];
    }
    return point > 0x10FFFF || (point >= 0xD800 && point < 0xE000) ? 0 : (uint32_t)point;
}

/* The character that the reference at `at`, an ampersand, stands for, or 0. */
static uint32_t referred(const char *at, size_t left, size_t *ret_length)
{
    char name[NAME_LENGTH + 1] = "";
    const char *end = memchr(at, ';', left < NAME_LENGTH + 2 ? left : NAME_LENGTH + 2);

    if (end == NULL || end == at + 1 || memchr(at, '\0', (size_t)(end - at)) != NULL) {
        return 0;
    }
    memcpy(name, at + 1, (size_t)(end - at) - 1);
    *ret_length = (size_t)(end - at) + 1;
    return name[0] == '#' ? numbered(name + 1) : named(name);
}

char *entities_decode(const char *bytes, size_t length, size_t *ret_length)
{
    char *decoded = xcalloc(length + 1, 1); /* no character is longer than its reference */
    size_t used = 0;

    for (size_t at = 0; at < length;) {
        size_t taken = 0;
        uint32_t character = bytes[at] == '&' ? referred(bytes + at, length - at, &taken) : 0;

        if (character != 0) {
            used += (size_t)u8_uctomb((uint8_t *)decoded + used, character, 4);
            at += taken;
        } else {
            decoded[used++] = bytes[at++];
        }
    }
    *ret_length = used;
    return decoded;
}
