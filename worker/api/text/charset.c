#include "worker/api/text/charset.h"

#include <errno.h>
#include <iconv.h>
#include <string.h>
#include <strings.h>

#include "common/utf8.h"

/* The names of a header, and what iconv() is asked for. It is never asked for the header's own
 * word: that may be any of hundreds of sets that nobody sends. What calls itself Latin-1 is the set
 * of Windows, which has characters where Latin-1 has none. */
static const struct {
    const char *name;
    const char *set;
} sets[] = {
    {"iso-8859-1", "WINDOWS-1252"},   {"latin1", "WINDOWS-1252"}, {"us-ascii", "WINDOWS-1252"},
    {"windows-1252", "WINDOWS-1252"}, {"cp1252", "WINDOWS-1252"}, {"iso-8859-15", "ISO-8859-15"},
};

/* The one that the Content-Type of a text names, or NULL. */
static const char *find_set(const char *content_type)
{
    const char *end = content_type + strcspn(content_type, ";");
    const char *json = strcasestr(content_type, "json");
    const char *name = strcasestr(end, "charset=");

    if (name == NULL ||
        (strncasecmp(content_type, "text/", 5) != 0 && (json == NULL || json >= end))) {
        return NULL;
    }
    name += strlen("charset=");
    name += *name == '"';
    size_t length = strcspn(name, "\"; \t");
    for (size_t i = 0; i < ARRAY_LENGTH(sets); i++) {
        if (strlen(sets[i].name) == length && strncasecmp(sets[i].name, name, length) == 0) {
            return sets[i].set;
        }
    }
    return NULL;
}

static bool is_utf8(const char *bytes, size_t length)
{
    while (length > 0) {
        size_t sequence = utf8_length(bytes, length);

        if (sequence == 0) {
            return false;
        }
        bytes += sequence;
        length -= sequence;
    }
    return true;
}

/* A piece at a time, so that the text takes no more than its own room. */
static bool convert(iconv_t converter, char *bytes, size_t left, struct buffer *text)
{
    while (left > 0) {
        char piece[4096];
        char *end = piece;
        size_t room = sizeof(piece);
        bool is_odd = iconv(converter, &bytes, &left, &end, &room) == (size_t)-1 && errno != E2BIG;

        if (!buffer_append(text, piece, (size_t)(end - piece)) ||
            (is_odd && !buffer_append_text(text, UTF8_REPLACEMENT))) {
            return false;
        }
        bytes += is_odd;
        left -= is_odd;
    }
    return true;
}

bool charset_to_utf8(const char *content_type, const char *bytes, size_t length,
                     struct buffer *ret_text)
{
    const char *set = find_set(content_type);

    if (set == NULL || is_utf8(bytes, length)) {
        return false;
    }
    iconv_t converter = iconv_open("UTF-8", set);
    /* NOLINTNEXTLINE(performance-no-int-to-ptr): this is how it says so */
    if (converter == (iconv_t)-1) { /* its table is not installed: mended like any broken text */
        return false;
    }
    bool fits = convert(converter, without_const(bytes), length, ret_text);
    iconv_close(converter);
    if (!fits) {
        buffer_release(ret_text);
    }
    return fits;
}

size_t charset_mark_length(const char *bytes, size_t length)
{
    return length >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
}
