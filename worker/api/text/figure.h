/*
 * Numbers as people and programs of any country write them: "12.4", "12,4", "1.234,50",
 * "1,234.50", "1 234,50", "1'234.50", "1.0E-5". Without regard to any locale, this program's or
 * the shop's. Pure; any thread.
 */
#ifndef WORKER_API_TEXT_FIGURE_H
#define WORKER_API_TEXT_FIGURE_H

#include <stdbool.h>

#include "common/cleanup.h"

/*
 * Reads a number with blanks around it, or none. One point or comma is the decimal sign, whatever
 * stands behind it: "1.234" is a little more than one. Where there are several, the last one is the
 * decimal sign if it is of its own kind; those of the other kind, like blanks and apostrophes,
 * stand before each three digits. False, with nothing written, for anything else: "12 kg",
 * "1.23,4", more than 17 digits.
 */
bool figure_read(const char *text, double *ret_number) MUSTCHECK;

#endif
