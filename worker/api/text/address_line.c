#include "worker/api/text/address_line.h"

#include <string.h>

#include "common/ascii.h"

/* Shortest name before glued digits: "Weg12" is split, "Q7" is not. */
#define GLUED_NAME 3

/* More digits than this are a house number only perhaps. */
#define SURE_DIGITS 5

static const char digits[] = "0123456789";

/* Suffixes that French addresses put between the number and the street. */
static const char *const leading_suffixes[] = {"bis", "ter", "quater"};

/* Whether a word may be the house number; a year or an ordinal only if nothing behind it can. */
static bool may_be_number(const struct address_words *words, size_t index)
{
    enum address_word kind = address_word_kind(words, index);

    if (kind != ADDRESS_YEAR && kind != ADDRESS_ORDINAL) {
        return kind == ADDRESS_NUMBER;
    }
    for (size_t i = index + 1; i < words->count; i++) {
        enum address_word later = address_word_kind(words, i);

        if (later != ADDRESS_NO_NUMBER && later != ADDRESS_DATE) {
            return false;
        }
    }
    return true;
}

/* Rule 1: where the last word group "12 bus 3" begins, or 0. *ret_sure: "bus" is a known word. */
static size_t find_part(const struct address_words *words, bool *ret_sure)
{
    for (size_t i = words->count; i-- > 1;) {
        if (address_leading_digits(words, i) == 0) {
            continue;
        }
        for (size_t j = i + 2; j < words->count; j++) {
            if (ascii_is_digit(words->at[j][0]) && !ascii_is_digit(words->at[j - 1][0])) {
                *ret_sure = address_is_part_word(words, j - 1);
                if (may_be_number(words, i) ||
                    (*ret_sure && address_word_kind(words, i) == ADDRESS_YEAR)) {
                    return i;
                }
                break;
            }
        }
    }
    return 0;
}

/* Rule 2: the last house number with a comma behind it, or 0. */
static size_t find_comma(const struct address_words *words)
{
    for (size_t i = words->count - 1; i-- > 1;) {
        bool comma = words->at[i][words->length[i] - 1] == ',' || words->at[i + 1][0] == ',';

        if (comma && may_be_number(words, i)) {
            return i;
        }
    }
    return 0;
}

/* Rule 3: the last house number, or 0. */
static size_t find_number(const struct address_words *words)
{
    for (size_t i = words->count; i-- > 1;) {
        if (may_be_number(words, i)) {
            return i;
        }
    }
    return 0;
}

/* Whether another word before `index` could be the house number as well. */
static bool has_rival(const struct address_words *words, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (address_word_kind(words, i) != ADDRESS_NO_NUMBER) {
            return true;
        }
    }
    return false;
}

static bool has_sure_digits(const char *number)
{
    return strspn(number, digits) <= SURE_DIGITS;
}

/* The number from the word at `index` to the end, the street before it. */
static struct address_place place_behind(const struct address_words *words, size_t index)
{
    const char *number = words->at[index];

    return (struct address_place){
        .street = words->text,
        .street_length = (size_t)(number - words->text),
        .number = number,
        .number_length = strlen(number),
        .is_sure = has_sure_digits(number),
    };
}

/* Rules 1 to 3. */
static bool find_behind_street(const struct address_words *words, struct address_place *ret_place)
{
    bool sure = true;
    size_t index = find_part(words, &sure);

    if (index == 0) {
        sure = true;
        index = find_comma(words);
    }
    if (index == 0) {
        index = find_number(words);
        sure = index > 0 && !address_is_year(words, index);
    }
    if (index == 0) {
        return false;
    }
    *ret_place = place_behind(words, index);
    ret_place->is_sure &= sure && !has_rival(words, index);
    return true;
}

/* Rule 4. */
static bool find_before_street(const struct address_words *words, struct address_place *ret_place)
{
    enum address_word kind = address_word_kind(words, 0);
    size_t month = address_month_of_day(words, 0);
    bool suffixed =
        words->count > 2 && ADDRESS_IS_LISTED(leading_suffixes, words->at[1], words->length[1]);
    size_t street = suffixed ? 2 : 1;

    if (words->count < 2 || kind == ADDRESS_NO_NUMBER ||
        (kind == ADDRESS_DATE &&
         (month + 1 >= words->count || address_is_year(words, month + 1)))) {
        return false;
    }
    *ret_place = (struct address_place){
        .street = words->at[street],
        .street_length = strlen(words->at[street]),
        .number = words->at[0],
        .number_length = (size_t)(words->at[street] - words->at[0]),
        .is_sure = kind != ADDRESS_DATE,
    };
    return true;
}

/* Rule 5. */
static bool find_glued(const struct address_words *words, struct address_place *ret_place)
{
    for (size_t i = words->count; i-- > 0;) {
        size_t letters = strcspn(words->at[i], digits);
        size_t count = strspn(words->at[i] + letters, digits);

        if (letters >= GLUED_NAME && letters < words->length[i] && count <= ADDRESS_NUMBER_DIGITS) {
            const char *number = words->at[i] + letters;

            *ret_place = (struct address_place){
                .street = words->text,
                .street_length = (size_t)(number - words->text),
                .number = number,
                .number_length = strlen(number),
                .is_sure = true,
            };
            return true;
        }
    }
    return false;
}

struct address_place address_line_find(const struct address_words *words)
{
    struct address_place place = {.street = words->text, .is_sure = true};
    bool is_number_alone =
        address_word_kind(words, 0) != ADDRESS_NO_NUMBER && address_is_addition(words, 1);

    if (is_number_alone) {
        place = place_behind(words, 0);
        place.is_sure &= !address_is_year(words, 0);
    } else if (!find_behind_street(words, &place) && !find_before_street(words, &place) &&
               !find_glued(words, &place)) {
        place.street_length = strlen(words->text);
    }
    return place;
}
