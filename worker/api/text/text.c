#include "worker/api/text/text.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "common/memory.h"

/* A word with so many letters and digits may be a token. */
#define SCRUB_FROM 20

/* More digits than a double holds exactly are not a number that a shop means. */
#define NUMBER_DIGITS 17

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_alphanumeric(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_continuation(char c)
{
    return ((unsigned char)c & 0xC0) == 0x80;
}

size_t text_sequence_length(const char *bytes, size_t left)
{
    unsigned char lead = (unsigned char)bytes[0];

    if (lead < 0x80) {
        return 1;
    }
    if (lead < 0xC2 || lead > 0xF4) {
        return 0;
    }

    size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;

    if (left < length) {
        return 0;
    }
    for (size_t i = 1; i < length; i++) {
        if (!is_continuation(bytes[i])) {
            return 0;
        }
    }

    unsigned char second = (unsigned char)bytes[1];
    bool overlong = (lead == 0xE0 && second < 0xA0) || (lead == 0xF0 && second < 0x90);
    bool surrogate = lead == 0xED && second > 0x9F;
    bool too_high = lead == 0xF4 && second > 0x8F;

    return overlong || surrogate || too_high ? 0 : length;
}

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
    static const char replacement[] = "\xEF\xBF\xBD";
    /* An invalid byte becomes three; nothing else grows, and `most` characters are enough. */
    size_t room = (length < most ? length : most) * 4;
    char *clean = xcalloc(room + 1, 1);
    size_t used = 0;
    size_t characters = 0;
    bool space_due = false;

    for (size_t at = 0; at < length && characters < most;) {
        size_t sequence = text_sequence_length(bytes + at, length - at);
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

void text_cut(char *text, size_t most)
{
    size_t length = strnlen(text, most);
    size_t start = length;

    text[length] = '\0';
    while (start > 0 && length - start < 3 && is_continuation(text[start - 1])) {
        start--;
    }
    if (start > 0 && text_sequence_length(text + start - 1, length - (start - 1)) == 0) {
        text[start - 1] = '\0';
    }
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

bool text_to_number(const char *text, double *ret_number)
{
    const char *at = text + strspn(text, " \t");
    bool negative = *at == '-';
    double digits = 0;
    double scale = 1;
    int count = 0;
    bool fraction = false;

    at += *at == '-' || *at == '+';
    for (; is_digit(*at) || (!fraction && (*at == '.' || *at == ',')); at++) {
        if (!is_digit(*at)) {
            fraction = true;
            continue;
        }
        if (++count > NUMBER_DIGITS) {
            return false;
        }
        digits = digits * 10 + (*at - '0');
        scale *= fraction ? 10 : 1;
    }
    at += strspn(at, " \t");
    if (count == 0 || *at != '\0') {
        return false;
    }
    *ret_number = (negative ? -digits : digits) / scale;
    return true;
}

bool text_is_uuid(const char *text)
{
    static const char shape[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

    if (strlen(text) != sizeof(shape) - 1) {
        return false;
    }
    for (size_t i = 0; i < sizeof(shape) - 1; i++) {
        bool hexadecimal = strchr("0123456789abcdefABCDEF", text[i]) != NULL;

        if (shape[i] == '-' ? text[i] != '-' : !hexadecimal) {
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
        if (is_alphanumeric(*at) || strchr("-._~", *at) != NULL) {
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
        count += is_alphanumeric(word[i]) ? 1 : 0;
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
