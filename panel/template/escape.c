#include "panel/template/escape.h"

#include <string.h>

#include "common/ascii.h"

static const char *entity_of(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

bool escape_bytes(const char *bytes, size_t length, struct buffer *page)
{
    const char *end = bytes + length;

    while (bytes < end) {
        const char *next = bytes;

        while (next < end && entity_of(*next) == NULL) {
            next++;
        }
        if (!buffer_append(page, bytes, (size_t)(next - bytes)) ||
            (next < end && !buffer_append_text(page, entity_of(*next)))) {
            return false;
        }
        bytes = next < end ? next + 1 : next;
    }
    return true;
}

bool escape_html(const char *text, struct buffer *page)
{
    return escape_bytes(text, strlen(text), page);
}

/* A browser drops tabs and line ends inside an address, and takes a backslash for a slash. */
static bool is_safe(const char *url)
{
    if (strpbrk(url, "\t\r\n\\") != NULL) {
        return false;
    }
    return strncasecmp(url, "https://", 8) == 0 || strncasecmp(url, "http://", 7) == 0 ||
           url[0] == '?' || (url[0] == '/' && url[1] != '/');
}

bool escape_url(const char *text, struct buffer *page)
{
    return escape_html(is_safe(text) ? text : "#", page);
}

bool escape_url_part(const char *text, struct buffer *page)
{
    for (; *text != '\0'; text++) {
        bool is_plain = ascii_is_alphanumeric(*text) || strchr("-._~", *text) != NULL;

        if (is_plain ? !buffer_append(page, text, 1)
                     : !buffer_printf(page, "%%%02X", (unsigned char)*text)) {
            return false;
        }
    }
    return true;
}
