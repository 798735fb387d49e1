#include "worker/api/text/unicode.h"

#include <string.h>
#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

#include "common/utf8.h"

/* What stands for a byte that is part of no character. */
#define REPLACEMENT 0xFFFD

/* The difference between U+FF01..U+FF5E and ASCII. */
#define WIDE_FIRST  0xFF01
#define WIDE_LAST   0xFF5E
#define WIDE_OFFSET 0xFEE0

/* Words that one name has and another of the same country has not, and one that has many forms. */
static const char *const left_out[] = {"the", "and", "en", "und", "et"};
static const char *const saints[] = {"saint", "sint", "sankt"};

/* Letters that Unicode does not take apart. */
static const struct {
    uint32_t letter;
    char instead[3];
} letters[] = {
    {0xDF, "ss"}, {0xE6, "ae"}, {0x153, "oe"}, {0xF8, "o"},  {0x142, "l"},
    {0x111, "d"}, {0xF0, "d"},  {0xFE, "th"},  {0x131, "i"},
};

/* The result of folding, and where its last word begins. */
struct folding {
    char *key;
    size_t used;
    size_t word;
    bool overflows;
    bool keeps_all; /* no word is left out */
};

size_t unicode_next(const char *bytes, size_t left, uint32_t *ret_character)
{
    size_t length = utf8_decode(bytes, left, ret_character);

    if (length == 0) {
        *ret_character = REPLACEMENT;
        return 1;
    }
    return length;
}

/* Nearly all characters are ASCII, and need no table. */
static enum unicode_use ascii_use(uint32_t character)
{
    if (character > ' ' && character != 0x7F) {
        return UNICODE_KEPT;
    }
    return character == ' ' || (character >= '\t' && character <= '\r') ? UNICODE_BLANK
                                                                        : UNICODE_DROPPED;
}

enum unicode_use unicode_use(uint32_t character)
{
    if (character < 0x80) {
        return ascii_use(character);
    }
    if (character == 0x200C || character == 0x200D) {
        return UNICODE_JOINER;
    }
    if (uc_is_property_white_space(character)) {
        return UNICODE_BLANK;
    }
    if (uc_is_property_default_ignorable_code_point(character) ||
        uc_is_general_category_withtable(character, UC_CATEGORY_MASK_Cc)) {
        return UNICODE_DROPPED;
    }
    return UNICODE_KEPT;
}

bool unicode_is_joinable(uint32_t character)
{
    return uc_is_general_category_withtable(character, UC_CATEGORY_MASK_L | UC_CATEGORY_MASK_M |
                                                           UC_CATEGORY_MASK_S);
}

uint32_t unicode_plain(uint32_t character)
{
    if (character < 0x80) {
        return character;
    }

    int digit = uc_decimal_value(character);

    if (digit >= 0) {
        return '0' + (uint32_t)digit;
    }
    if (uc_is_property_dash(character)) {
        return '-';
    }
    return character >= WIDE_FIRST && character <= WIDE_LAST ? character - WIDE_OFFSET : character;
}

uint32_t unicode_compose(uint32_t letter, uint32_t mark)
{
    return letter != 0 && mark >= 0x80 ? uc_composition(letter, mark) : 0;
}

bool unicode_says_something(const char *text)
{
    size_t left = text != NULL ? strlen(text) : 0;

    for (uint32_t character = 0; left > 0;) {
        size_t length = unicode_next(text, left, &character);

        if (uc_is_general_category_withtable(character, UC_CATEGORY_MASK_L | UC_CATEGORY_MASK_N)) {
            return true;
        }
        text += length;
        left -= length;
    }
    return false;
}

static void append(struct folding *folding, const void *bytes, size_t count)
{
    if (folding->used + count >= UNICODE_KEY_SIZE) {
        folding->overflows = true;
        return;
    }
    memcpy(folding->key + folding->used, bytes, count);
    folding->used += count;
}

static bool is_word(const struct folding *folding, const char *word)
{
    size_t length = folding->used - folding->word;

    return strlen(word) == length && memcmp(folding->key + folding->word, word, length) == 0;
}

static void end_word(struct folding *folding)
{
    for (size_t i = 0; i < ARRAY_LENGTH(left_out) && !folding->keeps_all; i++) {
        if (is_word(folding, left_out[i])) {
            folding->used = folding->word;
        }
    }
    for (size_t i = 0; i < ARRAY_LENGTH(saints); i++) {
        if (is_word(folding, saints[i])) {
            folding->used = folding->word;
            append(folding, "st", 2);
        }
    }
    folding->word = folding->used;
}

static void append_letter(struct folding *folding, uint32_t letter)
{
    uint8_t bytes[6];

    for (size_t i = 0; i < ARRAY_LENGTH(letters); i++) {
        if (letters[i].letter == letter) {
            append(folding, letters[i].instead, strlen(letters[i].instead));
            return;
        }
    }
    append(folding, bytes, (size_t)u8_uctomb(bytes, letter, sizeof(bytes)));
}

static void fold_character(struct folding *folding, uint32_t character)
{
    ucs4_t parts[UC_DECOMPOSITION_MAX_LENGTH];
    int tag = 0;
    int count = uc_decomposition(character, &tag, parts);

    for (int i = 0; i < count; i++) {
        fold_character(folding, parts[i]);
    }
    if (count > 0 || uc_is_general_category_withtable(character, UC_CATEGORY_MASK_Mn)) {
        return;
    }
    if (uc_is_general_category_withtable(character, UC_CATEGORY_MASK_L | UC_CATEGORY_MASK_N)) {
        append_letter(folding, uc_tolower(character));
    } else {
        end_word(folding);
    }
}

static void fold(struct folding *folding, const char *text, size_t length)
{
    for (uint32_t character = 0; length > 0;) {
        size_t count = unicode_next(text, length, &character);

        fold_character(folding, character);
        text += count;
        length -= count;
    }
    end_word(folding);
}

bool unicode_fold(const char *text, size_t length, char ret_key[UNICODE_KEY_SIZE])
{
    struct folding folding = {.key = ret_key};

    fold(&folding, text, length);
    if (folding.used == 0) {
        folding.keeps_all = true; /* "AND" alone is Andorra, and "ET" Ethiopia */
        fold(&folding, text, length);
    }
    ret_key[folding.overflows ? 0 : folding.used] = '\0';
    return !folding.overflows;
}
