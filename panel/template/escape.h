/*
 * Escaping of what is put into a page. Pure; any thread.
 */
#ifndef PANEL_TEMPLATE_ESCAPE_H
#define PANEL_TEMPLATE_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/buffer.h"

/* Appends `text`, escaped; false when the buffer is full. */
typedef bool escape_way(const char *text, struct buffer *page);

/* For text and for the value of an attribute in double quotes. */
escape_way escape_html;
bool escape_bytes(const char *bytes, size_t length, struct buffer *page) MUSTCHECK;

/* For an attribute that is an address: https:, http:, a path or a query of this site; else "#". */
escape_way escape_url;

/* For a part of such an address: all but letters, digits and -._~ is percent-encoded. */
escape_way escape_url_part;

#endif
