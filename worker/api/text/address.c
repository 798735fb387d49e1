#include "worker/api/text/address.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "common/ascii.h"
#include "common/memory.h"

/* Digits of a house number; more are a phone number or a mistake. */
#define NUMBER_DIGITS 10

/* More digits than this are a house number only perhaps. */
#define SURE_DIGITS 5

/* More words are a story and not an address. */
#define WORDS 32

/* Shortest name before glued digits: "Weg12" is split, "Q7" is not. */
#define GLUED_NAME 3

static const char digits[] = "0123456789";

/* Words between a house number and the number of a part of the house. */
static const char *const part_words[] = {
    "bus",   "box",        "bte",         "boite",     "bo\xC3\xAEte", "b",     "app",
    "appt",  "apt",        "appartement", "apartment", "unit",         "kamer", "k",
    "etage", "verdieping", "verd",        "flat",      "huis",         "top",
};

/* What people write before the number in the field for the number. */
static const char *const number_words[] = {
    "nr", "no", "nummer", "huisnr", "huisnummer", "num", "n\xC2\xB0", "#",
};

/* Endings that make "1" a "1st". */
static const char *const ordinal_endings[] = {
    "e", "de", "ste", "er", "ere", "eme", "\xC3\xA8me", "st", "nd", "rd", "th",
};

/* Suffixes that French addresses put between the number and the street. */
static const char *const leading_suffixes[] = {"bis", "ter", "quater"};

/* One line of words, divided by single blanks. */
struct words {
    const char *text;
    const char *at[WORDS];
    size_t length[WORDS];
    size_t count;
};

/* True when the bytes, a full stop or colon at the end aside, are in the list, in either case. */
static bool is_listed(const char *const *list, size_t count, const char *text, size_t length)
{
    while (length > 1 && (text[length - 1] == '.' || text[length - 1] == ':')) {
        length--;
    }
    for (size_t i = 0; i < count; i++) {
        if (strlen(list[i]) == length && strncasecmp(list[i], text, length) == 0) {
            return true;
        }
    }
    return false;
}

#define IS_LISTED(list, text, length) is_listed((list), ARRAY_LENGTH(list), (text), (length))

/* A copy without any of `edges` at both ends; NULL when nothing is left. */
static char *trimmed(const char *text, size_t length, const char *edges)
{
    while (length > 0 && strchr(edges, text[0]) != NULL) {
        text++;
        length--;
    }
    while (length > 0 && strchr(edges, text[length - 1]) != NULL) {
        length--;
    }
    return length > 0 ? xstrndup(text, length) : NULL;
}

static char *addition_of(const char *text)
{
    return trimmed(text, strlen(text), " -/.,");
}

static char *street_of(const char *text, size_t length)
{
    return trimmed(text, length, " ,");
}

static bool words_init(struct words *words, const char *text)
{
    *words = (struct words){.text = text};
    for (const char *at = text; *at != '\0';) {
        size_t length = strcspn(at, " ");

        if (words->count == WORDS) {
            return false;
        }
        words->at[words->count] = at;
        words->length[words->count++] = length;
        at += length + strspn(at + length, " ");
    }
    return words->count > 0;
}

/* Whether a word may be a house number: digits first, not too many, and no ordinal in a name. */
static bool may_be_number(const struct words *words, size_t index)
{
    const char *word = words->at[index];
    size_t count = strspn(word, digits);
    size_t length = words->length[index];

    if (count == 0 || count > NUMBER_DIGITS) {
        return false;
    }
    return index + 1 == words->count || !IS_LISTED(ordinal_endings, word + count, length - count);
}

/* Rule 1: where the last word group "12 bus 3" begins, or 0. *ret_sure: "bus" is a known word. */
static size_t find_part(const struct words *words, bool *ret_sure)
{
    for (size_t i = words->count; i-- > 1;) {
        if (!may_be_number(words, i)) {
            continue;
        }
        for (size_t j = i + 2; j < words->count; j++) {
            if (ascii_is_digit(words->at[j][0]) && !ascii_is_digit(words->at[j - 1][0])) {
                *ret_sure = IS_LISTED(part_words, words->at[j - 1], words->length[j - 1]);
                return i;
            }
        }
    }
    return 0;
}

/* Rule 2: the last house number with a comma behind it, or 0. */
static size_t find_comma(const struct words *words)
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
static size_t find_number(const struct words *words)
{
    for (size_t i = words->count; i-- > 1;) {
        if (may_be_number(words, i)) {
            return i;
        }
    }
    return 0;
}

/* Whether another word before `index` could be the house number as well. */
static bool has_rival(const struct words *words, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (may_be_number(words, i)) {
            return true;
        }
    }
    return false;
}

/* "Plein 1944" may be a street without a number. */
static bool looks_like_year(const char *word)
{
    return (strncmp(word, "18", 2) == 0 || strncmp(word, "19", 2) == 0 ||
            strncmp(word, "20", 2) == 0) &&
           strspn(word, digits) == 4 && word[4] == '\0';
}

/* Takes number and addition from `at`, which begins with digits. Returns whether that is certain.
 */
static bool take_number(struct address *address, const char *at)
{
    size_t count = strspn(at, digits);

    address->number = xstrndup(at, count);
    address->addition = addition_of(at + count);
    return count <= SURE_DIGITS;
}

/* Rules 1 to 3. */
static bool split_behind_street(const struct words *words, struct address *address, bool *ret_sure)
{
    bool sure = true;
    size_t index = find_part(words, &sure);

    if (index == 0) {
        index = find_comma(words);
    }
    if (index == 0) {
        index = find_number(words);
        sure = index > 0 && !looks_like_year(words->at[index]);
    }
    if (index == 0) {
        return false;
    }
    address->street = street_of(words->text, (size_t)(words->at[index] - words->text));
    *ret_sure = take_number(address, words->at[index]) && sure && !has_rival(words, index);
    return true;
}

/* Rule 4. */
static bool split_before_street(const struct words *words, struct address *address)
{
    if (words->count < 2 || !may_be_number(words, 0)) {
        return false;
    }

    size_t count = strspn(words->at[0], digits);
    bool suffixed = words->count > 2 && IS_LISTED(leading_suffixes, words->at[1], words->length[1]);
    const char *street = words->at[suffixed ? 2 : 1];
    const char *rest = words->at[0] + count;
    AUTO(free) char *suffix = xstrndup(rest, (size_t)(street - rest));

    address->number = xstrndup(words->at[0], count);
    address->addition = addition_of(suffix);
    address->street = street_of(street, strlen(street));
    return true;
}

/* Rule 5. */
static bool split_glued(const struct words *words, struct address *address)
{
    for (size_t i = words->count; i-- > 0;) {
        size_t letters = strcspn(words->at[i], digits);
        size_t count = strspn(words->at[i] + letters, digits);

        if (letters >= GLUED_NAME && letters < words->length[i] && count <= NUMBER_DIGITS) {
            const char *at = words->at[i] + letters;

            address->street = street_of(words->text, (size_t)(at - words->text));
            (void)take_number(address, at);
            return true;
        }
    }
    return false;
}

/* Splits one line; returns whether it is certain. */
static bool split_line(const char *line, struct address *address)
{
    struct words words;
    bool sure = true;

    if (words_init(&words, line)) {
        if (split_behind_street(&words, address, &sure)) {
            return sure;
        }
        if (split_before_street(&words, address) || split_glued(&words, address)) {
            return true;
        }
    }
    address->street = street_of(line, strlen(line));
    return true;
}

/* Digits first, or "nr. 12". Returns where the digits begin, or NULL. */
static const char *number_start(const char *number)
{
    size_t before = number != NULL ? strcspn(number, digits) : 0;

    if (number == NULL || number[before] == '\0' ||
        strspn(number + before, digits) > NUMBER_DIGITS) {
        return NULL;
    }

    AUTO(free) char *word = trimmed(number, before, " .:");

    return word == NULL || IS_LISTED(number_words, word, strlen(word)) ? number + before : NULL;
}

/* Adds the text of the number field, which holds no number, to the addition. */
static void append_addition(struct address *address, const char *text)
{
    if (address->addition == NULL) {
        address->addition = addition_of(text);
    } else {
        AUTO(free) char *first = steal_ptr(&address->addition);

        address->addition = xasprintf("%s %s", first, text);
    }
}

void address_split(const char *street, const char *number, struct address *ret_address)
{
    const char *start = number_start(number);
    bool sure = true;

    *ret_address = (struct address){.street = NULL};
    if (start != NULL) {
        sure = take_number(ret_address, start) && start == number;
        ret_address->street = xstrdup(street);
    } else if (street != NULL) {
        sure = split_line(street, ret_address) && number == NULL;
        if (number != NULL) {
            append_addition(ret_address, number);
        }
    } else if (number != NULL) {
        sure = split_line(number, ret_address);
    }
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
