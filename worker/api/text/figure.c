#include "worker/api/text/figure.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "common/ascii.h"

/* More digits than a double holds exactly are not a number that a shop means. */
#define DIGITS_MOST 17

/* Longest text that is looked at. */
#define TEXT_MOST 60

/* Digits of a group; the first of several may have fewer. */
#define GROUP_DIGITS 3

/* What some languages write instead of the characters that are read here. */
static const struct {
    const char *written;
    char read;
} variants[] = {
    {"\xE2\x88\x92", '-'},                         /* U+2212, minus sign */
    {"\xE2\x80\x99", '\''},                        /* U+2019, apostrophe */
    {"\xC2\xA0", ' '},      {"\xE2\x80\xAF", ' '}, /* blanks that do not break, U+00A0, U+202F */
    {"\xE2\x80\x89", ' '},                         /* a thin one, U+2009 */
};

/* A number on its way from the text. */
struct reading {
    const char *at;
    char decimal;  /* the decimal sign; 0: none */
    char group;    /* stands before each three digits; 0: nothing does */
    double digits; /* read so far, as a whole number */
    int count;     /* of digits */
    int places;    /* of them behind the decimal sign */
};

/* Copies the text without the blanks around it, in plain characters; false when it is too long. */
static bool make_plain(const char *text, char plain[TEXT_MOST + 1])
{
    size_t used = 0;

    while (*text != '\0') {
        char c = *text;
        size_t length = 1;

        for (size_t i = 0; i < ARRAY_LENGTH(variants); i++) {
            size_t written = strlen(variants[i].written);

            if (strncmp(text, variants[i].written, written) == 0) {
                c = variants[i].read;
                length = written;
            }
        }
        text += length;
        if (used == 0 && (c == ' ' || c == '\t')) {
            continue;
        }
        if (used == TEXT_MOST) {
            return false;
        }
        plain[used++] = c;
    }
    while (used > 0 && (plain[used - 1] == ' ' || plain[used - 1] == '\t')) {
        used--;
    }
    plain[used] = '\0';
    return true;
}

/* Decides which sign divides what. A text in which that makes no sense will not be read to its end.
 */
static void find_signs(struct reading *reading)
{
    size_t points = 0;
    size_t commas = 0;
    char last = '\0';

    for (const char *at = reading->at; *at != '\0'; at++) {
        points += *at == '.';
        commas += *at == ',';
        if (*at == '.' || *at == ',') {
            last = *at;
        } else if (*at == ' ' || *at == '\'') {
            reading->group = *at;
        }
    }
    if (points + commas == 1) {
        reading->decimal = last;
    } else if (points > 0 && commas > 0) {
        reading->decimal = last;
        reading->group = last == '.' ? ',' : '.';
    } else if (points + commas > 1) {
        reading->group = last;
    }
}

/* Reads the digits that come; returns how many. */
static int take_digits(struct reading *reading)
{
    int count = 0;

    for (; ascii_is_digit(*reading->at); reading->at++) {
        reading->digits = reading->digits * 10 + (*reading->at - '0');
        count++;
    }
    reading->count += count;
    return count;
}

/* The part before the decimal sign; false when its groups are none. */
static bool take_whole(struct reading *reading)
{
    bool begins_with_zero = *reading->at == '0';
    int first = take_digits(reading);

    if (reading->group == '\0') {
        return true;
    }
    if (*reading->at != reading->group || first < 1 || first > GROUP_DIGITS || begins_with_zero) {
        return false;
    }
    while (*reading->at == reading->group) {
        reading->at++;
        if (take_digits(reading) != GROUP_DIGITS) {
            return false;
        }
    }
    return true;
}

/* The power of ten that PHP puts behind very small and very large numbers: "1.0E-5". */
static int take_exponent(struct reading *reading)
{
    const char *at = reading->at;
    int exponent = 0;

    if (ascii_lower(*at) != 'e' || reading->count == 0 || reading->group != '\0') {
        return 0;
    }
    at++;

    bool is_negative = *at == '-';

    at += *at == '-' || *at == '+';
    for (; ascii_is_digit(*at) && exponent < 100; at++) {
        exponent = exponent * 10 + (*at - '0');
    }
    if (exponent >= 100 || !ascii_is_digit(at[-1])) {
        return 0;
    }
    reading->at = at;
    return is_negative ? -exponent : exponent;
}

bool figure_read(const char *text, double *ret_number)
{
    char plain[TEXT_MOST + 1];
    struct reading reading = {.at = plain};

    if (!make_plain(text, plain)) {
        return false;
    }

    bool is_negative = plain[0] == '-';

    reading.at += plain[0] == '-' || plain[0] == '+';
    find_signs(&reading);
    if (!take_whole(&reading)) {
        return false;
    }
    if (reading.decimal != '\0' && *reading.at == reading.decimal) {
        reading.at++;
        reading.places = take_digits(&reading);
    }

    int power = take_exponent(&reading) - reading.places;

    if (reading.count < 1 || reading.count > DIGITS_MOST || *reading.at != '\0') {
        return false;
    }

    /* Divided where that is possible: 124 / 10 is 12.4, and 124 * 0.1 is not. */
    double number = power < 0 ? reading.digits / pow(10, -power) : reading.digits * pow(10, power);

    *ret_number = is_negative ? -number : number;
    return true;
}
