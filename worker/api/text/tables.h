/*
 * What is known of the world's countries, their names and phone numbers, of the months and of
 * HTML's characters: constant tables, compiled from tables/, sorted by their first column (as
 * bytes). Any thread.
 */
#ifndef WORKER_API_TEXT_TABLES_H
#define WORKER_API_TEXT_TABLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The lengths that national numbers have, by their first digit: bit n for n digits. What is written
 * before them in the country only (the trunk prefix) is not counted. */
typedef uint16_t number_lengths[10];

struct country {
    char code[3];          /* ISO 3166-1 alpha-2, "NL" */
    char alpha3[4];        /* "NLD" */
    char numeric[4];       /* "528"; "" when it has none */
    char calling_code[4];  /* ITU-T E.164, "31"; "" when it has no phones of its own */
    char trunks[8];        /* prefixes of national numbers, divided by commas: "0", "0,8", "" */
    bool trunk_is_written; /* all national numbers are written with one */
    number_lengths lengths;
};

struct calling_code {
    char code[4];   /* "31" */
    char region[3]; /* the country that it is of first; "" for those of no country */
    char trunks[8]; /* as people leave them in: "+31 06..." */
    number_lengths lengths;
};

/* The key is what unicode_fold() makes of the name. */
struct country_name {
    const char *key;
    char code[3];
};

struct month {
    const char *key;
};

struct entity {
    const char *name; /* "amp"; names tell small letters from capital ones */
    uint32_t point;
};

extern const struct calling_code text_calling_codes[];
extern const size_t text_calling_codes_count;
extern const struct country text_countries[];
extern const size_t text_countries_count;
extern const struct country_name text_country_names[];
extern const size_t text_country_names_count;
extern const struct entity text_entities[];
extern const size_t text_entities_count;
extern const struct month text_months[];
extern const size_t text_months_count;

#endif
