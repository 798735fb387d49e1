/*
 * One line with street and house number, and where the one ends and the other begins. Used by
 * address.c alone. Pure; any thread.
 */
#ifndef WORKER_API_TEXT_ADDRESS_LINE_H
#define WORKER_API_TEXT_ADDRESS_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/cleanup.h"
#include "worker/api/text/address_words.h"

/* Where the house number stands in a line. */
struct address_place {
    const char *street; /* with `street_length` bytes; perhaps none */
    size_t street_length;
    const char *number;   /* begins with digits; NULL: there is none */
    size_t number_length; /* with its addition */
    bool is_sure;
};

/* Finds the house number, by the rules that address.h tells. */
struct address_place address_line_find(const struct address_words *words) MUSTCHECK;

#endif
