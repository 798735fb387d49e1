#include "worker/api/text/phone.h"

#include <stdlib.h>
#include <string.h>

#include "common/ascii.h"
#include "common/memory.h"
#include "worker/api/text/country.h"
#include "worker/api/text/text.h"

/* E.164: at most 15 digits, and no subscriber has fewer than 7 with the country code. */
#define DIGITS_MAX 15
#define DIGITS_MIN 7

/* Room to gather digits; a text with more is no phone number. */
#define DIGITS_ROOM 24

/* What stands in a phone number. */
#define NUMBER_CHARACTERS "0123456789+-./() "

/* How much of what is not written is supplied. */
enum reading {
    READ_AS_WRITTEN,
    READ_GENEROUSLY, /* a trunk prefix or a plus that is missing */
};

/* Takes the digits out of "06-12.34/56 78", "(030) 123"; "(0)" is dropped. *ret_plus: a + came
 * first. */
static bool gather_digits(const char *text, size_t length, char ret_digits[DIGITS_ROOM + 1],
                          bool *ret_plus)
{
    size_t count = 0;

    *ret_plus = false;
    for (const char *at = text; at < text + length; at++) {
        if (text + length - at >= 3 && memcmp(at, "(0)", 3) == 0) {
            at += 2;
        } else if (*at == '+' && count == 0) {
            *ret_plus = true;
        } else if (ascii_is_digit(*at)) {
            if (count == DIGITS_ROOM) {
                return false;
            }
            ret_digits[count++] = *at;
        } else if (strchr(" -./()", *at) == NULL) {
            return false;
        }
    }
    ret_digits[count] = '\0';
    return count > 0;
}

/* Whether these digits can be the number of a person. */
static bool is_subscriber(const number_lengths lengths, const char *national)
{
    size_t length = strlen(national);

    return length > 0 && length <= DIGITS_MAX && (lengths[national[0] - '0'] & (1U << length)) != 0;
}

/* The number of a person behind one of these trunk prefixes ("0", "0,8"), or NULL. */
static const char *behind_trunk(const char *trunks, const number_lengths lengths,
                                const char *digits)
{
    for (const char *at = trunks; *at != '\0';) {
        size_t length = strcspn(at, ",");

        if (strncmp(digits, at, length) == 0 && is_subscriber(lengths, digits + length)) {
            return digits + length;
        }
        at += length + (at[length] == ',' ? 1 : 0);
    }
    return NULL;
}

static char *in_e164(const char *calling_code, const char *national)
{
    size_t whole = strlen(calling_code) + strlen(national);

    return whole >= DIGITS_MIN && whole <= DIGITS_MAX ? xasprintf("+%s%s", calling_code, national)
                                                      : NULL;
}

/* The digits behind a plus or 00. */
static char *international(const char *digits)
{
    const struct calling_code *calling = country_find_calling(digits);
    const char *national = calling != NULL ? digits + strlen(calling->code) : NULL;

    /* "+31 06..." still has the trunk prefix of the national form. */
    if (calling != NULL && !is_subscriber(calling->lengths, national)) {
        national = behind_trunk(calling->trunks, calling->lengths, national);
    }
    return national != NULL ? in_e164(calling->code, national) : NULL;
}

/* A number of the country with what is missing: a trunk prefix, or the plus before its calling
 * code. NULL when it could be either. */
static char *supplied(const char *digits, const struct country *country)
{
    size_t prefix = strlen(country->calling_code);
    char *abroad =
        strncmp(digits, country->calling_code, prefix) == 0 ? international(digits) : NULL;
    char *at_home =
        is_subscriber(country->lengths, digits) ? in_e164(country->calling_code, digits) : NULL;

    if (abroad != NULL && at_home != NULL) {
        free(abroad);
        free(at_home);
        return NULL;
    }
    return abroad != NULL ? abroad : at_home;
}

/* "0612345678" in its country. */
static char *from_national(const char *digits, const struct country *country, enum reading reading)
{
    if (country == NULL || country->calling_code[0] == '\0') {
        return NULL;
    }

    const char *national = behind_trunk(country->trunks, country->lengths, digits);

    if (national == NULL && !country->trunk_is_written && is_subscriber(country->lengths, digits)) {
        national = digits;
    }
    if (national != NULL) {
        return in_e164(country->calling_code, national);
    }
    return reading == READ_GENEROUSLY ? supplied(digits, country) : NULL;
}

static char *read_number(const char *text, size_t length, const struct country *country,
                         enum reading reading)
{
    char digits[DIGITS_ROOM + 1] = "";
    bool plus = false;

    if (!gather_digits(text, length, digits, &plus)) {
        return NULL;
    }
    if (strncmp(digits, "00", 2) == 0) {
        return international(digits + 2); /* "+0031" too */
    }
    return plus ? international(digits) : from_national(digits, country, reading);
}

/* One of several numbers between slashes, or the one that a slash is part of. */
static char *read_run(const char *run, size_t length, const struct country *country)
{
    char *number = read_number(run, length, country, READ_GENEROUSLY);

    for (const char *at = run; number == NULL && at < run + length;) {
        const char *slash = memchr(at, '/', (size_t)(run + length - at));
        const char *end = slash != NULL ? slash : run + length;

        number = read_number(at, (size_t)(end - at), country, READ_GENEROUSLY);
        at = end + 1;
    }
    return number;
}

/* The text made plain; NULL when there is no number in it. */
static char *plain_number(const char *text)
{
    char *plain = text != NULL ? text_plain(text, strlen(text), strlen(text)) : NULL;

    /* "0000", "-", "+" and "0": somebody had to fill in something. */
    if (plain != NULL && plain[strcspn(plain, "123456789")] == '\0') {
        free(plain);
        return NULL;
    }
    return plain;
}

char *phone_normalise(const char *text, const char *country_code)
{
    AUTO(free) char *plain = plain_number(text);
    char *number = NULL;

    if (plain == NULL) {
        return NULL;
    }
    number = read_number(plain, strlen(plain), country_find(country_code), READ_AS_WRITTEN);
    return number != NULL ? number : text_plain(plain, strlen(plain), PHONE_LENGTH);
}

char *phone_callable(const char *text, const char *country_code)
{
    AUTO(free) char *plain = plain_number(text);
    const struct country *country = country_find(country_code);
    char *number = NULL;

    for (const char *at = plain; at != NULL && *at != '\0' && number == NULL;) {
        size_t length = strspn(at, NUMBER_CHARACTERS);

        number = read_run(at, length, country);
        at += length;
        at += strcspn(at, NUMBER_CHARACTERS);
    }
    return number;
}
