#include "worker/api/text/text.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistr.h>

#include "common/ascii.h"
#include "common/memory.h"
#include "common/utf8.h"
#include "worker/api/text/unicode.h"

/* A word with so many letters and digits may be a token. */
#define SCRUB_FROM 20

/* A text that is being cleaned. */
struct cleaning {
    char *to;
    size_t used;
    size_t last_at; /* where the last character begins */
    size_t characters;
    size_t most;
    bool is_plain;   /* for ASCII's dash, digits and letters, without joiners */
    bool is_full;    /* something did not fit */
    bool space_due;  /* before the next character that is kept */
    uint32_t joiner; /* due, if the next character is a letter, too; 0: none */
    uint32_t last;   /* the last character that was kept */
};

static void put(struct cleaning *cleaning, uint32_t character)
{
    cleaning->last_at = cleaning->used;
    if (character < 0x80) {
        cleaning->to[cleaning->used++] = (char)character;
    } else {
        cleaning->used += (size_t)u8_uctomb((uint8_t *)cleaning->to + cleaning->used, character, 4);
    }
    cleaning->characters++;
    cleaning->last = character;
}

/* Keeps a character, with the blank or joiner that is due before it, if both fit. */
static void keep(struct cleaning *cleaning, uint32_t character)
{
    bool is_joined = cleaning->joiner != 0 && unicode_is_joinable(character);
    size_t due = cleaning->space_due || is_joined ? 1 : 0;
    uint32_t composed = due == 0 ? unicode_compose(cleaning->last, character) : 0;

    if (composed != 0) {
        cleaning->used = cleaning->last_at;
        cleaning->characters--;
        put(cleaning, composed);
        return;
    }
    if (cleaning->characters + due >= cleaning->most) {
        cleaning->is_full = true;
        return;
    }
    if (cleaning->space_due) {
        put(cleaning, ' ');
    } else if (is_joined) {
        put(cleaning, cleaning->joiner);
    }
    put(cleaning, cleaning->is_plain ? unicode_plain(character) : character);
    cleaning->space_due = false;
    cleaning->joiner = 0;
}

static void take(struct cleaning *cleaning, uint32_t character)
{
    switch (unicode_use(character)) {
    case UNICODE_KEPT:
        keep(cleaning, character);
        break;
    case UNICODE_BLANK:
        cleaning->space_due = cleaning->used > 0;
        cleaning->joiner = 0;
        break;
    case UNICODE_JOINER:
        if (!cleaning->is_plain && !cleaning->space_due && unicode_is_joinable(cleaning->last)) {
            cleaning->joiner = character;
        }
        break;
    case UNICODE_DROPPED:
        break;
    }
}

static char *clean(const char *bytes, size_t length, size_t most, bool is_plain)
{
    /* An invalid byte becomes three; nothing else grows, and `most` characters are enough. */
    struct cleaning cleaning = {.most = most, .is_plain = is_plain};

    cleaning.to = xcalloc((length < most ? length : most) * 4 + 1, 1);
    for (size_t at = 0; at < length && !cleaning.is_full;) {
        uint32_t character = 0;

        at += unicode_next(bytes + at, length - at, &character);
        take(&cleaning, character);
    }
    if (cleaning.used == 0) {
        free(cleaning.to);
        return NULL;
    }
    return xreallocarray(cleaning.to, cleaning.used + 1, 1);
}

char *text_clean(const char *bytes, size_t length, size_t most)
{
    return clean(bytes, length, most, false);
}

char *text_plain(const char *bytes, size_t length, size_t most)
{
    return clean(bytes, length, most, true);
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
