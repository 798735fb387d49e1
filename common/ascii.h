/*
 * Digits and letters of ASCII, whatever the locale is, in which <ctype.h> would look them up. Any
 * byte may be asked about; those of UTF-8 sequences are neither.
 */
#ifndef COMMON_ASCII_H
#define COMMON_ASCII_H

#include <stdbool.h>

static inline bool ascii_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline bool ascii_is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline bool ascii_is_alphanumeric(char c)
{
    return ascii_is_digit(c) || ascii_is_letter(c);
}

/* The letter in the other case; anything else stays what it is. */
static inline char ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static inline char ascii_upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

/* The value of a hexadecimal digit in either case, or -1 when it is none. */
static inline int ascii_hex_value(char c)
{
    char letter = ascii_lower(c);

    if (ascii_is_digit(c)) {
        return c - '0';
    }
    return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

#endif
