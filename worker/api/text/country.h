/*
 * Countries as shops write them. Mijnwebwinkel gives ISO 3166-1 alpha-2 codes in country_code and
 * isocode, and localised names in the deprecated field country [MWW-705, MWW-706]. Calling codes
 * serve to normalise phone numbers; they are public numbering facts (ITU E.164). Pure; any thread.
 */
#ifndef WORKER_API_TEXT_COUNTRY_H
#define WORKER_API_TEXT_COUNTRY_H

#include <stdbool.h>

#include "common/cleanup.h"

struct country {
    char code[3];             /* "NL" */
    const char *calling_code; /* "31" */
    bool has_trunk_zero;      /* national numbers begin with a 0 that is dropped after +31 */
    int digits_min;           /* of a national number without that 0 */
    int digits_max;
    const char *names; /* "|nederland|netherlands|", lower case ASCII letters folded */
};

/* What is known of a country by its code in upper case, or NULL: not all countries are listed. */
const struct country *country_find(const char *code) MUSTCHECK;

/* The country whose calling code the digits of an international number begin with, or NULL. */
const struct country *country_find_calling(const char *digits) MUSTCHECK;

/* Writes the alpha-2 code in upper case when `text` has the form of one ("nl", " BE ", and UK, EL
 * for GB, GR). False, with nothing written, for NULL and anything else. */
bool country_from_code(const char *text, char ret_code[3]) MUSTCHECK;

/* Writes the code for the name of a neighbouring country in Dutch, English, German or French.
 * False, with nothing written, for NULL and names that are not known. */
bool country_from_name(const char *text, char ret_code[3]) MUSTCHECK;

#endif
