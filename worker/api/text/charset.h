/*
 * Text in other character sets than UTF-8. JSON is UTF-8; a service that sends something else says
 * so in its Content-Type, and many say so of what is UTF-8 all the same. So a text is converted
 * when its type names another set and it is no valid UTF-8. Few sets are known: those that
 * are met in Western Europe. Pure; any thread.
 */
#ifndef WORKER_API_TEXT_CHARSET_H
#define WORKER_API_TEXT_CHARSET_H

#include <stdbool.h>
#include <stddef.h>

#include "common/buffer.h"

/* Puts the text, whose Content-Type is given, into an empty buffer as UTF-8. A byte that means
 * nothing becomes U+FFFD. False, with the buffer empty, when there is nothing to do, for the type
 * is not that of a text, names no set that is known or the text is UTF-8; and when it does not
 * fit. */
bool charset_to_utf8(const char *content_type, const char *bytes, size_t length,
                     struct buffer *ret_text) MUSTCHECK;

/* Bytes of the byte order mark that a text in UTF-8 begins with: 3 or 0. */
size_t charset_mark_length(const char *bytes, size_t length);

#endif
