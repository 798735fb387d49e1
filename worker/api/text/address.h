/*
 * Street, house number and addition (docs/reference/rules.md#house-number).
 *
 * Mijnwebwinkel gives street and number apart; the number holds the addition ("12-A", "12 bus 3")
 * and there is no field for it [MWW-704]. Carriers want three fields. No part may get lost:
 * when the split is not certain, the untouched text is kept beside it. Pure; any thread.
 */
#ifndef WORKER_API_TEXT_ADDRESS_H
#define WORKER_API_TEXT_ADDRESS_H

#include <stdbool.h>

/* Owned texts; NULL for what is not there. address_release() frees them. */
struct address {
    char *street;
    char *number;   /* digits only, at most 10 */
    char *addition; /* "A", "bis", "bus 3": without blanks, hyphens, commas around it */
    char *line;     /* street and number as given, when the split is not certain; else NULL */
    bool is_twice;  /* the number was given twice: line has it once */
};

/*
 * Splits. Both texts are clean (text_clean, the number text_plain) or NULL. The number is split
 * first: leading digits, then the addition. If the street says it again ("Kerkstraat 30" and "30"),
 * it is taken out there; "Plein 1944" and "7" stay. Without a number the street is split, by the
 * order of rules that Boekuwzending's own plugins follow:
 *   0. digits and an addition, no name: it is a house number
 *   1. text, blank, digits, and a rest that has a word, a blank and digits again ("12 bus 3")
 *   2. text, blank, digits, a comma and the rest
 *   3. text, blank, digits, any rest: the last digits count
 *   4. digits, a suffix, then the street ("12a Rue X")
 *   5. letters directly followed by digits ("Dorpsstraat12a")
 *   6. all of it is the street
 * An ordinal ("1e", "2de") and a date ("Rue du 31 Décembre 26", "8 Mai 1945", "1940-1945") are part
 * of a name and not a number; a year is a number only when no other word is one.
 */
void address_split(const char *street, const char *number, struct address *ret_address);

void address_release(struct address *address);

static inline void address_cleanup(struct address *address)
{
    address_release(address);
}

#endif
