/*
 * The invented people, addresses and goods of generated orders. Nobody here exists.
 *
 * All texts are the inside of a JSON string, already escaped.
 */
#ifndef SIMULATOR_PEOPLE_H
#define SIMULATOR_PEOPLE_H

#include <stddef.h>

struct person {
    const char *name;
    const char *email; /* the part before @example.org */
    const char *gender;
};

/* House numbers as merchants' customers write them: with additions, in the street, or not at all.
 */
struct place {
    const char *street;
    const char *number;
    const char *zipcode;
    const char *city;
    const char *country_code;
};

struct country {
    const char *code;
    const char *name; /* in Dutch, as the shop localises it */
    const char *locale;
    int tax_percent;
};

struct product {
    const char *description;
    const char *sku;
    const char *option; /* "kleur: blauw", or "" */
    int cents;          /* with tax */
    int grams;
};

extern const struct person people[];
extern const size_t people_count;
extern const struct place places[];
extern const size_t places_count;
extern const struct product products[];
extern const size_t products_count;
extern const char *const phones[];
extern const size_t phones_count;
extern const char *const companies[];
extern const size_t companies_count;
extern const char *const remarks[];
extern const size_t remarks_count;

/* The row of a country code; the Netherlands when it is not listed. */
const struct country *country_find(const char *code);

#endif
