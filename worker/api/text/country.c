#include "worker/api/text/country.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "common/ascii.h"
#include "worker/api/text/unicode.h"

/* What divides two ways to write one country; a hyphen alone is a part of many names. */
#define DIVIDERS "()[]/,;|"

/* Longest calling code. */
#define CALLING_DIGITS 3

/* Each address there has a postcode, in the countries around us. */
static const char *const with_postcodes[] = {
    "AT", "BE", "BG", "CH", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GB", "GR", "HR", "HU",
    "IT", "LI", "LT", "LU", "LV", "MC", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK",
};

/* Each house there has a number. */
static const char *const with_numbers[] = {"BE", "DE", "NL"};

static bool is_listed(const char *const *list, size_t count, const char *code)
{
    for (size_t i = 0; i < count; i++) {
        if (code != NULL && strcmp(list[i], code) == 0) {
            return true;
        }
    }
    return false;
}

static int compare_code(const void *key, const void *country)
{
    return strcmp(key, ((const struct country *)country)->code);
}

static int compare_calling(const void *key, const void *calling_code)
{
    return strcmp(key, ((const struct calling_code *)calling_code)->code);
}

static int compare_key(const void *key, const void *name)
{
    return strcmp(key, ((const struct country_name *)name)->key);
}

const struct country *country_find(const char *code)
{
    return code != NULL ? bsearch(code, text_countries, text_countries_count,
                                  sizeof(text_countries[0]), compare_code)
                        : NULL;
}

const struct calling_code *country_find_calling(const char *digits)
{
    const struct calling_code *found = NULL;

    for (size_t length = strnlen(digits, CALLING_DIGITS); length > 0 && found == NULL; length--) {
        char code[CALLING_DIGITS + 1] = "";

        memcpy(code, digits, length);
        found = bsearch(code, text_calling_codes, text_calling_codes_count,
                        sizeof(text_calling_codes[0]), compare_calling);
    }
    return found;
}

bool country_has_postcodes(const char *code)
{
    return is_listed(with_postcodes, ARRAY_LENGTH(with_postcodes), code);
}

bool country_has_numbers(const char *code)
{
    return is_listed(with_numbers, ARRAY_LENGTH(with_numbers), code);
}

/* The country with this code of any kind, in small letters, or NULL. */
static const struct country *find_by_code(const char *key)
{
    char code[4] = "";
    size_t length = strlen(key);

    if (length < 2 || length > 3) {
        return NULL;
    }
    for (size_t i = 0; i < length; i++) {
        code[i] = ascii_upper(key[i]);
    }
    if (length == 2) {
        return country_find(code);
    }
    for (size_t i = 0; i < text_countries_count; i++) {
        if (strcmp(text_countries[i].alpha3, code) == 0 ||
            strcmp(text_countries[i].numeric, code) == 0) {
            return &text_countries[i];
        }
    }
    return NULL;
}

/* The code that one way to write a country stands for, or NULL. */
static const char *understand(const char *text, size_t length)
{
    char key[UNICODE_KEY_SIZE];
    const struct country *country = NULL;
    const struct country_name *name = NULL;

    if (!unicode_fold(text, length, key)) {
        return NULL;
    }
    country = find_by_code(key);
    if (country != NULL) {
        return country->code;
    }
    name = bsearch(key, text_country_names, text_country_names_count, sizeof(text_country_names[0]),
                   compare_key);
    return name != NULL ? name->code : NULL;
}

/* Where the next divider stands, a dash between blanks too, or the end. */
static size_t part_length(const char *text)
{
    size_t length = strcspn(text, DIVIDERS);
    const char *dash = strstr(text, " - ");

    return dash != NULL && (size_t)(dash - text) < length ? (size_t)(dash - text) : length;
}

/* The code that all parts stand for, or NULL: one that is not understood may change the meaning
 * ("Virgin Islands (US)"). */
static const char *understand_parts(const char *text)
{
    const char *agreed = NULL;

    for (const char *at = text + strspn(text, DIVIDERS " -"); *at != '\0';) {
        size_t length = part_length(at);
        const char *code = understand(at, length);

        if (code == NULL || (agreed != NULL && strcmp(code, agreed) != 0)) {
            return NULL;
        }
        agreed = code;
        at += length;
        at += strspn(at, DIVIDERS " -");
    }
    return agreed;
}

bool country_read(const char *text, char ret_code[3])
{
    const char *code = text != NULL ? understand(text, strlen(text)) : NULL;

    if (code == NULL && text != NULL) {
        code = understand_parts(text);
    }
    if (code == NULL) {
        return false;
    }
    memcpy(ret_code, code, 3);
    return true;
}
