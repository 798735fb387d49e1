/*
 * Lenient reading of JSON that a PHP back end wrote. Seen in the live service, or generalised from
 * that: numbers arrive as strings ("68.00") or as numbers [MWW-621]; an empty object arrives as []
 * [MWW-620]; one element arrives without its list; a list with gaps arrives as an object with "0",
 * "1", ... as keys [MWW-622]. null, "", [] and {} all mean: absent.
 *
 * `parent` may be NULL or anything; the answer is then "absent". Nothing here fails: a value of a
 * type that makes no sense is absent. Returned json_t are borrowed unless said otherwise. Texts are
 * cleaned (text_clean) and owned by the caller. Pure; any thread.
 */
#ifndef WORKER_API_TEXT_LENIENT_H
#define WORKER_API_TEXT_LENIENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "worker/api/text/json_mend.h"

/* Parses one JSON value, mended first (json_mend.h), whole numbers beyond 64 bits as reals. A new
 * reference; NULL with ERROR_DATA, whose text names the trouble and the byte, never the content.
 * *ret_mended (NULL is allowed) tells what was parsed; its text is the caller's to free, also on
 * failure. */
json_t *lenient_parse(const char *text, size_t length, struct mended *ret_mended,
                      struct error *err) MUSTCHECK;

/* Parses the same value with whole numbers of over 18 characters as strings, all digits kept. A new
 * reference, or NULL. */
json_t *lenient_parse_digits(const char *text, size_t length) MUSTCHECK;

/* The member when it is a non-empty object; when it is a list, its first element if that is one. */
json_t *lenient_object(json_t *parent, const char *key) MUSTCHECK;

/* The members of a list as a new array (a new reference): of an array, of an object that stands for
 * a list, or the one object itself. NULL when absent or empty. */
json_t *lenient_list(json_t *parent, const char *key) MUSTCHECK;

/* A string, or a number written as text (whole numbers without decimals), of at most `most`
 * characters. NULL when absent, blank, or of another type. */
char *lenient_text(json_t *parent, const char *key, size_t most) MUSTCHECK;

/* The same for a value at hand. */
char *lenient_value_text(json_t *value, size_t most) MUSTCHECK;

/* The same as text_plain() makes it, for what machines read: "12\u2013A" is "12-A". */
char *lenient_plain(json_t *parent, const char *key, size_t most) MUSTCHECK;

/* The same with the character references of HTML decoded once: "Bakker &amp; Zn" (entities.h). */
char *lenient_unescaped(json_t *parent, const char *key, size_t most) MUSTCHECK;

/* What a member that should be a number is. */
enum lenient_figure {
    LENIENT_ABSENT,  /* null, false, "", blanks, [] or {}, or not there at all */
    LENIENT_READ,    /* a finite number, or a text that is one (figure.h) */
    LENIENT_STRANGE, /* something, and no number that is understood */
};

/* Writes the number only when it is one. */
enum lenient_figure lenient_figure(json_t *parent, const char *key, double *ret_number) MUSTCHECK;

/* The same where it does not matter why there is no number. */
bool lenient_number(json_t *parent, const char *key, double *ret_number) MUSTCHECK;

/* A whole number that fits; false when absent, fractional or too large. */
bool lenient_integer(json_t *parent, const char *key, int32_t *ret_integer) MUSTCHECK;

/* True for true, 1, "1" and "true"; false for all else. */
bool lenient_true(json_t *parent, const char *key) MUSTCHECK;

/* True when the member holds something: not null, "", blanks, 0, "0", false, [] or {}. */
bool lenient_is_set(json_t *parent, const char *key) MUSTCHECK;

#endif
