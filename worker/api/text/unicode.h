/*
 * What characters are, by the properties that Unicode gives them (libunistring), and not by lists
 * of code points. Pure; any thread.
 */
#ifndef WORKER_API_TEXT_UNICODE_H
#define WORKER_API_TEXT_UNICODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/cleanup.h"

/* The longest name that is compared, folded, with its end. */
#define UNICODE_KEY_SIZE 100

/* Reads the character at the start of `bytes`, of which `left`, at least 1, are there; U+FFFD for a
 * byte that is part of none. Returns how many bytes it has. */
size_t unicode_next(const char *bytes, size_t left, uint32_t *ret_character) MUSTCHECK;

/* What becomes of a character in a text that is kept. */
enum unicode_use {
    UNICODE_KEPT,
    UNICODE_BLANK,   /* white space of any kind: one space */
    UNICODE_DROPPED, /* controls, and what is not to be seen: zero width, direction, variation */
    UNICODE_JOINER,  /* U+200C, U+200D: part of a word in many scripts, dirt elsewhere */
};

enum unicode_use unicode_use(uint32_t character) MUSTCHECK;

/* Whether a joiner beside it has a meaning: a letter, a mark, or a symbol such as an emoji. */
bool unicode_is_joinable(uint32_t character) MUSTCHECK;

/* The character of ASCII that it stands for in numbers, postcodes and e-mail addresses: "-" for any
 * dash, the digit for a digit of any script, a letter for its wide form. Else itself. */
uint32_t unicode_plain(uint32_t character) MUSTCHECK;

/* The one character that a letter and the mark behind it are ("e" and U+0301: "é"), or 0. Programs
 * that print labels often know only that. `letter` 0: there is none. */
uint32_t unicode_compose(uint32_t letter, uint32_t mark) MUSTCHECK;

/* Whether the text has a letter or a digit: "-", "." and "**" are what people type into a field
 * that must be filled in. NULL has none. */
bool unicode_says_something(const char *text) MUSTCHECK;

/* Writes the letters and digits of `length` bytes, taken apart, without marks, in small letters; ß
 * as ss; "saint" as "st"; words for "and" and "the" left out beside others: "Bosnië & Herzegovina"
 * and "bosnie en herzegovina" are the same. False, with an empty result, when it does not fit. */
bool unicode_fold(const char *text, size_t length, char ret_key[UNICODE_KEY_SIZE]) MUSTCHECK;

#endif
