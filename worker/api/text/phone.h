/*
 * Phone numbers as customers type them. Carriers want E.164 [BKZ-517]; a number that cannot be
 * understood must not block an order, must not get lost, and must never get a "+"
 * merely put in front of it. How the numbers of a country are written is known from the
 * metadata of libphonenumber (tables.h). Pure; any thread.
 */
#ifndef WORKER_API_TEXT_PHONE_H
#define WORKER_API_TEXT_PHONE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/cleanup.h"

/* Most characters of a phone number that is passed on as it was typed. */
#define PHONE_LENGTH 50

/*
 * Returns the number in E.164 ("+31612345678") when it can be told, with the help of the country of
 * the address ("NL"; may be NULL): "06-1234 5678" in NL, "20 12 34 56" in DK, where numbers have no
 * zero in front, "0031 6 ...", "+31 (0)6 ...". Otherwise a copy of the text, made plain. NULL when
 * there is no number in it at all: absent, blank, only zeros. The caller frees it. `text` may be
 * NULL.
 */
char *phone_normalise(const char *text, const char *country_code) MUSTCHECK;

/*
 * Returns the first number of the text that can be called, in E.164, or NULL. It reads more than
 * phone_normalise(): words around a number, one of several ("06-12345678 (work) / 030-1234567"), a
 * zero that a spreadsheet dropped ("612345678"), a country code without its plus ("31612345678");
 * the text itself is kept elsewhere. The caller frees it. `text` may be NULL.
 */
char *phone_callable(const char *text, const char *country_code) MUSTCHECK;

#endif
