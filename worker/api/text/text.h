/*
 * Text that others wrote: valid UTF-8 or not, with control characters or not, of any length. What
 * leaves this module is valid UTF-8 in one line, bounded, without anything that PostgreSQL's text
 * or a terminal would choke on.
 *
 * Pure functions; any thread. Lengths are in bytes unless a comment says characters (code points).
 */
#ifndef WORKER_API_TEXT_TEXT_H
#define WORKER_API_TEXT_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "common/cleanup.h"

/* A copy on one line: control characters and those that are not to be seen (of no width, such as
 * U+200B or a byte order mark, or turning the direction of reading) dropped, each run of white
 * space of any kind turned into one space, ends trimmed, a letter and its mark made one character
 * where there is one, invalid bytes replaced by U+FFFD, cut at `most` characters. A joiner (U+200C,
 * U+200D) stays between letters: many scripts need it. NULL when nothing is left. The caller frees
 * it. */
char *text_clean(const char *bytes, size_t length, size_t most) MUSTCHECK;

/* The same for what machines read, such as postcodes, house numbers, phone numbers and e-mail
 * addresses: any dash as "-", digits of any script and wide letters as those of ASCII, no joiner.
 */
char *text_plain(const char *bytes, size_t length, size_t most) MUSTCHECK;

/* True when the text is one or more ASCII digits. */
bool text_is_digits(const char *text) MUSTCHECK;

/* Compares two texts of digits by value, whatever their length: <0, 0, >0. */
int text_compare_numbers(const char *left, const char *right) MUSTCHECK;

/* True for 8-4-4-4-12 hexadecimal digits, in either case. */
bool text_is_uuid(const char *text) MUSTCHECK;

/* Writes `text` with everything but RFC 3986's unreserved characters percent-encoded. False, with
 * an empty result, when it does not fit. */
bool text_percent_encode(const char *text, char *ret_encoded, size_t size) MUSTCHECK;

/* Blanks out, in place, each word that may be personal or secret: one with '@' or '=' in it, or
 * with 20 or more letters and digits. For error texts that a remote service composed. */
void text_scrub(char *text);

#endif
