/*
 * UTF-8 as RFC 3629 has it and PostgreSQL and JSON parsers want it: overlong forms, surrogates and
 * code points over U+10FFFF are not valid. The only decoder of the programs. Pure; any thread.
 */
#ifndef COMMON_UTF8_H
#define COMMON_UTF8_H

#include <stddef.h>
#include <stdint.h>

#include "common/cleanup.h"

/* Bytes of the longest sequence. */
#define UTF8_LONGEST 4

/* What stands for a byte that is not valid: U+FFFD. */
#define UTF8_REPLACEMENT "\xEF\xBF\xBD"

/* Reads the sequence at the start of `bytes`, of which `left`, at least 1, are there. Returns its
 * length (1 to 4) and the code point, or 0, with nothing set, when there is none that is valid. */
size_t utf8_decode(const char *bytes, size_t left, uint32_t *ret_code_point) MUSTCHECK;

/* The same for whoever needs the length only. */
size_t utf8_length(const char *bytes, size_t left) MUSTCHECK;

/* Cuts a text at `most` bytes or less, so that no half character stays at its end; also at the end
 * of a text that was cut before. */
void utf8_cut(char *text, size_t most);

#endif
