/*
 * Countries as shops write them. Mijnwebwinkel gives ISO 3166-1 alpha-2 codes in country_code and
 * isocode, and localised names in the deprecated field country [MWW-705, MWW-706]; in both stands
 * whatever an import or a form once put there. The names are those of Unicode CLDR (tables.h).
 * Pure; any thread.
 */
#ifndef WORKER_API_TEXT_COUNTRY_H
#define WORKER_API_TEXT_COUNTRY_H

#include <stdbool.h>

#include "common/cleanup.h"
#include "worker/api/text/tables.h"

/* The country with this alpha-2 code, in capitals, or NULL. `code` may be NULL. */
const struct country *country_find(const char *code) MUSTCHECK;

/* The calling code that the digits of an international number begin with, or NULL. */
const struct calling_code *country_find_calling(const char *digits) MUSTCHECK;

/*
 * Writes the alpha-2 code of the country that a text means: an alpha-2 or alpha-3 code in either
 * case, a numeric code of three digits, a name in a language that a shop can have or in the
 * country's own language, with or without accents, or what else people write (Holland, UK, England,
 * VS). Two of these side by side ("NL - Nederland", "Belgique/België") must agree. False, with
 * nothing written, for NULL and what is not understood.
 */
bool country_read(const char *text, char ret_code[3]) MUSTCHECK;

/* Whether parcels in this country are addressed with a postcode, and whether no house there is
 * without a number, as far as is known. */
bool country_has_postcodes(const char *code) MUSTCHECK;
bool country_has_numbers(const char *code) MUSTCHECK;

#endif
