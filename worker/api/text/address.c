#include "worker/api/text/address.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/memory.h"
#include "worker/api/text/address_line.h"
#include "worker/api/text/address_words.h"
#include "worker/api/text/unicode.h"

/* More digits than this are a house number only perhaps. */
#define SURE_DIGITS 5

static const char digits[] = "0123456789";

/* What people write before the number in the field for the number. */
static const char *const number_words[] = {
    "nr", "no", "nummer", "huisnr", "huisnummer", "num", "n\xC2\xB0", "#",
};

static bool is_edge(uint32_t character, const char *edges)
{
    uint32_t plain = unicode_plain(character);

    return plain < 0x80 && strchr(edges, (int)plain) != NULL;
}

/* A copy without any of `edges` at both ends, where "-" is any dash; NULL when nothing is left. */
static char *trimmed(const char *text, size_t length, const char *edges)
{
    size_t start = length;
    size_t end = 0;

    for (size_t at = 0; at < length;) {
        uint32_t character = 0;
        size_t size = unicode_next(text + at, length - at, &character);

        if (!is_edge(character, edges)) {
            start = at < start ? at : start;
            end = at + size;
        }
        at += size;
    }
    return end > start ? xstrndup(text + start, end - start) : NULL;
}

static char *addition_of(const char *text, size_t length)
{
    return trimmed(text, length, " -/.,");
}

static char *street_of(const char *text, size_t length)
{
    return trimmed(text, length, " ,");
}

/* Takes number and addition from `length` bytes, which begin with digits. Returns whether that is
 * certain. */
static bool take_number(struct address *address, const char *text, size_t length)
{
    size_t count = strspn(text, digits);

    address->number = xstrndup(text, count);
    address->addition = addition_of(text + count, length - count);
    return count <= SURE_DIGITS;
}

/* Whether the word stands before a house number. */
static bool is_number_word(const char *word)
{
    for (size_t i = 0; i < ARRAY_LENGTH(number_words); i++) {
        if (strcasecmp(number_words[i], word) == 0) {
            return true;
        }
    }
    return false;
}

/* Takes the last word off "Beispielstraße, Nr." Returns whether there was such a word. */
static bool drop_number_word(struct address *address)
{
    const char *last = address->street != NULL ? strrchr(address->street, ' ') : NULL;
    AUTO(free) char *word = last != NULL ? trimmed(last, strlen(last), " .:") : NULL;

    if (word == NULL || !is_number_word(word)) {
        return false;
    }

    AUTO(free) char *whole = steal_ptr(&address->street);

    address->street = street_of(whole, (size_t)(last - whole));
    return true;
}

/* Splits one line; returns whether it is certain. */
static bool split_line(const char *line, struct address *address)
{
    struct address_words words;
    struct address_place place = {.street = line, .is_sure = true};

    if (address_words_init(&words, line)) {
        place = address_line_find(&words);
    } else {
        place.street_length = strlen(line);
    }
    address->street = street_of(place.street, place.street_length);
    if (place.number != NULL) {
        (void)take_number(address, place.number, place.number_length);
        place.is_sure &= !drop_number_word(address);
    }
    return place.is_sure;
}

/* Digits first, or "nr. 12". Returns where the digits begin, or NULL. */
static const char *number_start(const char *number)
{
    size_t before = number != NULL ? strcspn(number, digits) : 0;

    if (number == NULL || number[before] == '\0' ||
        strspn(number + before, digits) > ADDRESS_NUMBER_DIGITS) {
        return NULL;
    }

    AUTO(free) char *word = trimmed(number, before, " .:");

    return word == NULL || is_number_word(word) ? number + before : NULL;
}

/* How the house number in a street compares to the one in its own field. */
enum echo {
    ECHO_NONE,
    ECHO_SAME, /* or the street has only its digits */
    ECHO_MORE, /* the street has an addition that the field has not */
};

/* Compares by letters and digits: "12-A", "12 a" and "12A" are the same. */
static enum echo echo_of(const char *in_street, size_t length, const char *number,
                         bool is_addition_behind)
{
    char said[UNICODE_KEY_SIZE];
    char given[UNICODE_KEY_SIZE];
    size_t count = strspn(number, digits);

    if (count == 0 || strspn(in_street, digits) != count ||
        strncmp(in_street, number, count) != 0 || !unicode_fold(in_street, length, said) ||
        !unicode_fold(number, strlen(number), given)) {
        return ECHO_NONE;
    }
    if (strcmp(said, given) == 0 || said[count] == '\0') {
        return ECHO_SAME;
    }
    return given[count] == '\0' && is_addition_behind ? ECHO_MORE : ECHO_NONE;
}

/* "Kerkstraat 30": where the echo of the number begins, and what it is. */
static enum echo find_echo_behind(const struct address_words *words, const char *number,
                                  struct address_place *ret_place)
{
    for (size_t i = words->count; i-- > 1;) {
        const char *at = words->at[i];
        enum address_word kind = address_word_kind(words, i);

        if (kind == ADDRESS_NO_NUMBER || kind == ADDRESS_DATE ||
            address_is_part_word(words, i - 1)) {
            continue;
        }

        bool is_addition_behind =
            at[words->length[i] - 1] == ',' || address_is_addition(words, i + 1);
        enum echo echo = echo_of(at, strlen(at), number, is_addition_behind);

        if (echo != ECHO_NONE) {
            *ret_place = (struct address_place){.street = words->text,
                                                .street_length = (size_t)(at - words->text),
                                                .number = at,
                                                .number_length = strlen(at)};
            return echo;
        }
    }
    return ECHO_NONE;
}

/* "30 Rue X", "30bis Rue X" and "Kerkstraat30": a line that would be split at the same number. */
static enum echo find_echo_elsewhere(const struct address_words *words, const char *number,
                                     struct address_place *ret_place)
{
    struct address_place place = address_line_find(words);
    enum echo echo = ECHO_NONE;

    if (place.number != NULL && address_word_kind(words, 0) != ADDRESS_DATE) {
        echo = echo_of(place.number, place.number_length, number, false);
    }
    *ret_place = place;
    return echo;
}

/* Takes the number out of a street that says it, too. False when it does not. */
static bool split_echo(const char *street, const char *number, struct address *address)
{
    struct address_words words;
    struct address_place place;
    enum echo echo = ECHO_NONE;

    if (!address_words_init(&words, street)) {
        return false;
    }
    echo = find_echo_behind(&words, number, &place);
    if (echo == ECHO_NONE) {
        echo = find_echo_elsewhere(&words, number, &place);
    }
    if (echo == ECHO_NONE) {
        return false;
    }
    address->street = street_of(place.street, place.street_length);
    if (echo == ECHO_MORE || number[strspn(number, digits)] == '\0' || address->street == NULL) {
        address->line = xstrdup(street);
    } else {
        address->line = xasprintf("%s %s", address->street, number);
    }
    if (echo == ECHO_MORE) {
        (void)take_number(address, place.number, place.number_length);
    } else {
        (void)take_number(address, number, strlen(number));
    }
    address->is_twice = true;
    return true;
}

/* Whether the line has a house number of its own. */
static bool has_number(const char *line)
{
    struct address_words words;

    return address_words_init(&words, line) && address_line_find(&words).number != NULL;
}

/* Adds the text of the number field, which holds no number, to the addition. */
static void append_addition(struct address *address, const char *text)
{
    if (address->addition == NULL) {
        address->addition = addition_of(text, strlen(text));
    } else {
        AUTO(free) char *first = steal_ptr(&address->addition);

        address->addition = xasprintf("%s %s", first, text);
    }
}

static bool begins_with(const char *text, const char *start)
{
    size_t length = strlen(start);

    return strncasecmp(text, start, length) == 0 && text[length] == ' ';
}

/* Splits where the number field holds a number, from `start` on; returns whether it is certain. */
static bool split_with_number(const char *street, const char *number, const char *start,
                              struct address *address)
{
    bool is_nothing = number[strspn(number, "0")] == '\0';

    /* 0 is what people fill in when the street has the number already. */
    if (is_nothing && street != NULL && has_number(street)) {
        (void)split_line(street, address);
        return false;
    }
    if (start == number && street != NULL && split_echo(street, number, address)) {
        return true;
    }
    address->street = xstrdup(street);
    return take_number(address, start, strlen(start)) && start == number;
}

/* Splits where it holds none; returns whether it is certain. */
static bool split_without_number(const char *street, const char *number, struct address *address)
{
    if (street == NULL) {
        return number == NULL || split_line(number, address);
    }
    if (number != NULL && begins_with(number, street) && has_number(number)) {
        address->is_twice = true;
        address->line = xstrdup(number);
        (void)split_line(number, address);
        return true;
    }

    bool sure = split_line(street, address);

    if (number != NULL) {
        append_addition(address, number);
    }
    return sure && number == NULL;
}

void address_split(const char *street, const char *number, struct address *ret_address)
{
    const char *start = number_start(number);

    *ret_address = (struct address){.street = NULL};

    bool sure = start != NULL ? split_with_number(street, number, start, ret_address)
                              : split_without_number(street, number, ret_address);

    if (!sure) {
        ret_address->line =
            xasprintf("%s%s%s", street != NULL ? street : "",
                      street != NULL && number != NULL ? " " : "", number != NULL ? number : "");
    }
}

void address_release(struct address *address)
{
    free(address->street);
    free(address->number);
    free(address->addition);
    free(address->line);
    *address = (struct address){.street = NULL};
}
