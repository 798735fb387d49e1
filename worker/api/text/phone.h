/*
 * Phone numbers as customers type them. Carriers want E.164 [BKZ-517]; a number that cannot be
 * understood must not block an order, and must never get a "+" merely put in front of it
 * . Pure; any thread.
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
 * the address ("NL"; may be NULL): "06-1234 5678" in NL, "0031 6 ...", "+31 (0)6 ...". Otherwise a
 * copy of the text, cleaned. NULL when there is no number in it at all: absent, blank, only zeros.
 * The caller frees it. `text` may be NULL.
 */
char *phone_normalise(const char *text, const char *country_code) MUSTCHECK;

#endif
