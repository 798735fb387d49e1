#include "worker/api/text/text.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "common/ascii.h"
#include "common/memory.h"
#include "common/utf8.h"

/* A word with so many letters and digits may be a token. */
#define SCRUB_FROM 20

enum use { USE_KEEP, USE_SPACE, USE_DROP };

/* Turns the direction of reading, so that a text seems to say something else: U+202A to U+202E,
 * U+2066 to U+2069. */
static bool is_bidirectional(const char *bytes)
{
    unsigned char last = (unsigned char)bytes[2];

    return (memcmp(bytes, "\xE2\x80", 2) == 0 && last >= 0xAA && last <= 0xAE) ||
           (memcmp(bytes, "\xE2\x81", 2) == 0 && last >= 0xA6 && last <= 0xA9);
}

/* What becomes of one valid sequence. */
static enum use use_of(const char *bytes, size_t length)
{
    unsigned char first = (unsigned char)bytes[0];

    if (length == 1) {
        if (first == ' ' || (first >= '\t' && first <= '\r')) {
            return USE_SPACE;
        }
        return first < ' ' || first == 0x7F ? USE_DROP : USE_KEEP;
    }
    if (length == 2 && first == 0xC2) {
        unsigned char second = (unsigned char)bytes[1];

        return second == 0xA0 || second == 0x85 ? USE_SPACE : second < 0xA0 ? USE_DROP : USE_KEEP;
    }
    if (length == 3 &&
        (memcmp(bytes, "\xE2\x80\xA8", 3) == 0 || memcmp(bytes, "\xE2\x80\xA9", 3) == 0)) {
        return USE_SPACE;
    }
    return length == 3 && (memcmp(bytes, "\xEF\xBB\xBF", 3) == 0 || is_bidirectional(bytes))
               ? USE_DROP
               : USE_KEEP;
}

char *text_clean(const char *bytes, size_t length, size_t most)
{
    static const char replacement[] = UTF8_REPLACEMENT;
    /* An invalid byte becomes three; nothing else grows, and `most` characters are enough. */
    size_t room = (length < most ? length : most) * 4;
    char *clean = xcalloc(room + 1, 1);
    size_t used = 0;
    size_t characters = 0;
    bool space_due = false;

    for (size_t at = 0; at < length && characters < most;) {
        size_t sequence = utf8_length(bytes + at, length - at);
        enum use use = sequence == 0 ? USE_KEEP : use_of(bytes + at, sequence);

        if (use == USE_SPACE) {
            space_due = used > 0;
        } else if (use == USE_KEEP) {
            if (space_due && characters + 1 >= most) {
                break;
            }
            if (space_due) {
                clean[used++] = ' ';
                characters++;
                space_due = false;
            }

            size_t count = sequence == 0 ? sizeof(replacement) - 1 : sequence;

            memcpy(clean + used, sequence == 0 ? replacement : bytes + at, count);
            used += count;
            characters++;
        }
        at += sequence == 0 ? 1 : sequence;
    }
    if (used == 0) {
        free(clean);
        return NULL;
    }
    return xreallocarray(clean, used + 1, 1);
}

bool text_is_digits(const char *text)
{
    return text[0] != '\0' && text[strspn(text, "0123456789")] == '\0';
}

int text_compare_numbers(const char *left, const char *right)
{
    left += strspn(left, "0");
    right += strspn(right, "0");

    size_t left_length = strlen(left);
    size_t right_length = strlen(right);

    if (left_length != right_length) {
        return left_length < right_length ? -1 : 1;
    }
    return strcmp(left, right);
}

bool text_is_uuid(const char *text)
{
    static const char shape[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

    if (strlen(text) != sizeof(shape) - 1) {
        return false;
    }
    for (size_t i = 0; i < sizeof(shape) - 1; i++) {
        if (shape[i] == '-' ? text[i] != '-' : ascii_hex_value(text[i]) < 0) {
            return false;
        }
    }
    return true;
}

bool text_percent_encode(const char *text, char *ret_encoded, size_t size)
{
    size_t used = 0;

    for (const char *at = text; *at != '\0'; at++) {
        if (used + 4 > size) {
            ret_encoded[0] = '\0';
            return false;
        }
        if (ascii_is_alphanumeric(*at) || strchr("-._~", *at) != NULL) {
            ret_encoded[used++] = *at;
        } else {
            snprintf(ret_encoded + used, size - used, "%%%02X", (unsigned char)*at);
            used += 3;
        }
    }
    ret_encoded[used] = '\0';
    return true;
}

/* Whether a word of `length` bytes may identify a person or give access to something. */
static bool is_delicate(const char *word, size_t length)
{
    size_t count = 0;

    for (size_t i = 0; i < length; i++) {
        count += ascii_is_alphanumeric(word[i]) ? 1 : 0;
        if (word[i] == '@' || word[i] == '=' || count >= SCRUB_FROM) {
            return true;
        }
    }
    return false;
}

void text_scrub(char *text)
{
    char *to = text;

    for (const char *from = text; *from != '\0';) {
        size_t length = strcspn(from, " ");

        if (is_delicate(from, length)) {
            size_t dots = length < 3 ? length : 3;

            memset(to, '.', dots);
            to += dots;
        } else {
            memmove(to, from, length);
            to += length;
        }
        from += length;
        for (; *from == ' '; from++) {
            *to++ = ' ';
        }
    }
    *to = '\0';
}
