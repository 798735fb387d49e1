/*
 * The words of a line with a street, and which of them may be a house number. Used by
 * address_line.c and address.c. Pure; any thread.
 */
#ifndef WORKER_API_TEXT_ADDRESS_WORDS_H
#define WORKER_API_TEXT_ADDRESS_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/cleanup.h"

/* More words are a story and not an address. */
#define ADDRESS_WORDS 32

/* Digits of a house number; more are a phone number or a mistake. */
#define ADDRESS_NUMBER_DIGITS 10

/* One line of words, divided by single blanks. */
struct address_words {
    const char *text;
    const char *at[ADDRESS_WORDS];
    size_t length[ADDRESS_WORDS];
    size_t count;
};

/* What a word may be. */
enum address_word {
    ADDRESS_NO_NUMBER,
    ADDRESS_NUMBER,
    ADDRESS_YEAR,    /* a year, or the first of two: a house number if no other word is one */
    ADDRESS_ORDINAL, /* "17.": the same */
    ADDRESS_DATE,    /* of a date that the street is named after, or of a war: no house number */
};

/* False for a line without words, and for a story. */
bool address_words_init(struct address_words *words, const char *line) MUSTCHECK;

enum address_word address_word_kind(const struct address_words *words, size_t index) MUSTCHECK;

/* How many digits the word begins with; 0 for too many, and for a word that is not there. */
size_t address_leading_digits(const struct address_words *words, size_t index) MUSTCHECK;

/* Whether the word is "1944", a comma at its end aside. */
bool address_is_year(const struct address_words *words, size_t index) MUSTCHECK;

/* Where the month stands that makes the word the day of a date, or 0. */
size_t address_month_of_day(const struct address_words *words, size_t index) MUSTCHECK;

/* Whether the word stands before the number of a part of the house: "bus", "apt.". */
bool address_is_part_word(const struct address_words *words, size_t index) MUSTCHECK;

/* Whether all words from `index` on can follow a house number: "A", "bis", "bus 3". */
bool address_is_addition(const struct address_words *words, size_t index) MUSTCHECK;

/* Whether the bytes, a full stop, colon or comma at the end aside, are in the list, in either case.
 */
bool address_is_listed(const char *const *list, size_t count, const char *text,
                       size_t length) MUSTCHECK;

#define ADDRESS_IS_LISTED(list, text, length)                                                      \
    address_is_listed((list), ARRAY_LENGTH(list), (text), (length))

#endif
