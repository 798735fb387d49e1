#include "worker/api/text/address_words.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/ascii.h"
#include "worker/api/text/tables.h"
#include "worker/api/text/unicode.h"

static const char digits[] = "0123456789";

/* Words between a house number and the number of a part of the house. */
static const char *const part_words[] = {
    "bus",   "box",        "bte",         "boite",     "bo\xC3\xAEte", "b",     "app",
    "appt",  "apt",        "appartement", "apartment", "unit",         "kamer", "k",
    "etage", "verdieping", "verd",        "flat",      "huis",         "top",
};

/* Words behind a house number; single letters too. */
static const char *const additions[] = {
    "bis", "ter", "quater", "hs", "sous", "boven", "beneden", "onder", "rd",
    "zw",  "ii",  "iii",    "iv", "vi",   "vii",   "viii",    "ix",
};

/* Endings that make "1" a "1st". */
static const char *const ordinal_endings[] = {
    "e", "de", "ste", "er", "ere", "eme", "\xC3\xA8me", "st", "nd", "rd", "th",
};

/* Words between the day and the month: "25 de Abril". */
static const char *const date_links[] = {"de", "di", "van", "of", "ta"};

/* Words between two years. */
static const char *const until_words[] = {"en", "et", "and", "und", "tot", "bis"};

/* Wars that streets are named after. */
static const char *const wars[][2] = {{"1914", "1918"}, {"1940", "1945"}, {"1939", "1945"}};

bool address_is_listed(const char *const *list, size_t count, const char *text, size_t length)
{
    while (length > 1 && strchr(".:,", text[length - 1]) != NULL) {
        length--;
    }
    for (size_t i = 0; i < count; i++) {
        if (strlen(list[i]) == length && strncasecmp(list[i], text, length) == 0) {
            return true;
        }
    }
    return false;
}

bool address_words_init(struct address_words *words, const char *line)
{
    *words = (struct address_words){.text = line};
    for (const char *at = line; *at != '\0';) {
        size_t length = strcspn(at, " ");

        if (words->count == ADDRESS_WORDS) {
            return false;
        }
        words->at[words->count] = at;
        words->length[words->count++] = length;
        at += length + strspn(at + length, " ");
    }
    return words->count > 0;
}

size_t address_leading_digits(const struct address_words *words, size_t index)
{
    size_t count = index < words->count ? strspn(words->at[index], digits) : 0;

    return count <= ADDRESS_NUMBER_DIGITS ? count : 0;
}

static int compare_month(const void *key, const void *month)
{
    return strcmp(key, ((const struct month *)month)->key);
}

static bool is_month(const struct address_words *words, size_t index)
{
    char key[UNICODE_KEY_SIZE];

    return index < words->count && unicode_fold(words->at[index], words->length[index], key) &&
           bsearch(key, text_months, text_months_count, sizeof(text_months[0]), compare_month) !=
               NULL;
}

size_t address_month_of_day(const struct address_words *words, size_t index)
{
    size_t count = address_leading_digits(words, index);
    size_t month = index + 1;

    if (count < 1 || count > 2 || words->length[index] - count > 1 ||
        strchr(" .,", words->at[index][count]) == NULL) {
        return 0;
    }
    if (month < words->count &&
        ADDRESS_IS_LISTED(date_links, words->at[month], words->length[month])) {
        month++;
    }
    return is_month(words, month) ? month : 0;
}

bool address_is_year(const struct address_words *words, size_t index)
{
    const char *word = index < words->count ? words->at[index] : "";

    return address_leading_digits(words, index) == 4 &&
           (strncmp(word, "18", 2) == 0 || strncmp(word, "19", 2) == 0 ||
            strncmp(word, "20", 2) == 0) &&
           words->length[index] - 4 <= (word[words->length[index] - 1] == ',' ? 1 : 0);
}

/* Whether the word is the year of a date whose day and month stand before it. */
static bool is_year_of_date(const struct address_words *words, size_t index)
{
    for (size_t day = index < 3 ? 0 : index - 3; day + 2 <= index; day++) {
        if (address_month_of_day(words, day) == index - 1 && address_is_year(words, index)) {
            return true;
        }
    }
    return false;
}

/* Whether it stands between two years: a dash, or a word. */
static bool is_until(const char *text, size_t length)
{
    char key[UNICODE_KEY_SIZE];

    return length > 0 && unicode_fold(text, length, key) &&
           (key[0] == '\0' || ADDRESS_IS_LISTED(until_words, text, length));
}

/* Whether "1940 - 1945" begins with the word. */
static bool begins_war(const struct address_words *words, size_t index)
{
    for (size_t i = 0; i < ARRAY_LENGTH(wars) && index + 2 < words->count; i++) {
        if (address_is_year(words, index) && strncmp(words->at[index], wars[i][0], 4) == 0 &&
            is_until(words->at[index + 1], words->length[index + 1]) &&
            address_is_year(words, index + 2) &&
            strncmp(words->at[index + 2], wars[i][1], 4) == 0) {
            return true;
        }
    }
    return false;
}

/* Whether the word is "1940-1945". */
static bool is_war(const char *word, size_t length)
{
    for (size_t i = 0; i < ARRAY_LENGTH(wars) && length > 8; i++) {
        if (strncmp(word, wars[i][0], 4) == 0 && is_until(word + 4, length - 8) &&
            strncmp(word + length - 4, wars[i][1], 4) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_year_of_war(const struct address_words *words, size_t index)
{
    return is_war(words->at[index], words->length[index]) || begins_war(words, index) ||
           (index >= 2 && begins_war(words, index - 2));
}

/* Whether the word is "17." before a word that is a name. */
static bool is_ordinal(const struct address_words *words, size_t index)
{
    size_t count = address_leading_digits(words, index);

    return index + 1 < words->count && words->length[index] == count + 1 &&
           words->at[index][count] == '.' && !ascii_is_digit(words->at[index + 1][0]) &&
           !address_is_part_word(words, index + 1);
}

enum address_word address_word_kind(const struct address_words *words, size_t index)
{
    const char *word = words->at[index];
    size_t count = address_leading_digits(words, index);

    if (count == 0 ||
        (index + 1 < words->count &&
         ADDRESS_IS_LISTED(ordinal_endings, word + count, words->length[index] - count))) {
        return ADDRESS_NO_NUMBER;
    }
    if (address_month_of_day(words, index) != 0 || is_year_of_date(words, index) ||
        is_year_of_war(words, index)) {
        return ADDRESS_DATE;
    }
    if (address_is_year(words, index)) {
        return ADDRESS_YEAR;
    }
    return is_ordinal(words, index) ? ADDRESS_ORDINAL : ADDRESS_NUMBER;
}

bool address_is_part_word(const struct address_words *words, size_t index)
{
    return ADDRESS_IS_LISTED(part_words, words->at[index], words->length[index]);
}

bool address_is_addition(const struct address_words *words, size_t index)
{
    for (size_t i = index; i < words->count; i++) {
        const char *word = words->at[i];
        size_t length = words->length[i];
        bool is_counted = i > index && address_is_part_word(words, i - 1);
        bool is_short = length == 1 || (length == 2 && strchr(".,", word[1]) != NULL);

        if (ascii_is_digit(word[0]) ? !is_counted
                                    : !is_short && !ADDRESS_IS_LISTED(additions, word, length) &&
                                          !address_is_part_word(words, i)) {
            return false;
        }
    }
    return true;
}
