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

/* Takes the digits out of "06-12.34/56 78", "(030) 123"; "(0)" is dropped. *ret_plus: a + came
 * first. */
static bool gather_digits(const char *text, char ret_digits[DIGITS_ROOM + 1], bool *ret_plus)
{
    size_t count = 0;

    *ret_plus = false;
    for (const char *at = text; *at != '\0'; at++) {
        if (strncmp(at, "(0)", 3) == 0) {
            at += 2;
        } else if (*at == '+' && count == 0 && !*ret_plus) {
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

/* "+" and the digits when they make an international number, else NULL. */
static char *international(const char *digits)
{
    const struct country *country = country_find_calling(digits);
    size_t prefix = country != NULL ? strlen(country->calling_code) : 0;
    const char *national = digits + prefix;

    /* "+31 06..." still has the trunk zero of the national form. */
    if (country != NULL && country->has_trunk_zero && national[0] == '0') {
        national++;
    }

    int length = (int)strlen(national);
    int whole = length + (int)prefix;

    if (digits[0] == '0' || whole < DIGITS_MIN || whole > DIGITS_MAX) {
        return NULL;
    }
    if (country != NULL && (length < country->digits_min || length > country->digits_max)) {
        return NULL;
    }
    if (country != NULL && country->has_trunk_zero && national[0] == '0') {
        return NULL; /* a second one: no such number */
    }
    return xasprintf("+%.*s%s", (int)prefix, digits, national);
}

/* "0612345678" in its country. */
static char *from_national(const char *digits, const struct country *country)
{
    if (country == NULL || !country->has_trunk_zero || digits[0] != '0' || digits[1] == '0') {
        return NULL;
    }

    int length = (int)strlen(digits + 1);

    if (length < country->digits_min || length > country->digits_max) {
        return NULL;
    }
    return xasprintf("+%s%s", country->calling_code, digits + 1);
}

char *phone_normalise(const char *text, const char *country_code)
{
    const struct country *country = country_code != NULL ? country_find(country_code) : NULL;
    char digits[DIGITS_ROOM + 1] = "";
    bool plus = false;
    char *number = NULL;

    /* "0000", "-", "+" and "0": somebody had to fill in something. */
    if (text == NULL || text[strcspn(text, "123456789")] == '\0') {
        return NULL;
    }
    if (gather_digits(text, digits, &plus)) {
        if (plus) {
            number = international(digits);
        } else if (strncmp(digits, "00", 2) == 0) {
            number = international(digits + 2);
        } else {
            number = from_national(digits, country);
        }
    }
    return number != NULL ? number : text_clean(text, strlen(text), PHONE_LENGTH);
}
