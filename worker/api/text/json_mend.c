#include "worker/api/text/json_mend.h"

#include <stdint.h>
#include <string.h>

#include "common/ascii.h"
#include "common/memory.h"
#include "common/utf8.h"

/* Longer numbers are not prices, weights or ids. */
#define NUMBER_LENGTH 40

/* A whole number of so many characters fits in 64 bits. */
#define SAFE_LENGTH 18

/* Where the mending stands. */
struct mending {
    const char *at;
    const char *end;
    char *to;
    bool changed;
    bool broken; /* an escape is cut short: what is dropped behind it could complete it */
    bool odd_numbers;
    bool wide_numbers;
    bool quotes_wide;
};

static void copy(struct mending *mending, size_t count)
{
    memcpy(mending->to, mending->at, count);
    mending->to += count;
    mending->at += count;
}

/* Puts `text` in the place of `count` bytes. */
static void replace(struct mending *mending, size_t count, const char *text)
{
    size_t length = strlen(text);

    memcpy(mending->to, text, length);
    mending->to += length;
    mending->at += count;
    mending->changed = true;
}

/* The code unit of "\uXXXX" at `at`, or -1 when there is no such escape. */
static int32_t escaped_unit(const char *at, const char *end)
{
    int32_t unit = 0;

    if (end - at < 6 || at[0] != '\\' || at[1] != 'u') {
        return -1;
    }
    for (int i = 2; i < 6; i++) {
        int value = ascii_hex_value(at[i]);

        if (value < 0) {
            return -1;
        }
        unit = unit * 16 + value;
    }
    return unit;
}

static void mend_escape(struct mending *mending)
{
    int32_t unit = escaped_unit(mending->at, mending->end);

    if (unit < 0) {
        mending->broken |= mending->end - mending->at >= 2 && mending->at[1] == 'u';
        copy(mending, mending->end - mending->at < 2 ? 1 : 2);
    } else if (unit == 0) {
        replace(mending, 6, mending->broken ? "\\ufffd" : "");
    } else if (unit >= 0xD800 && unit <= 0xDBFF) {
        int32_t low = escaped_unit(mending->at + 6, mending->end);

        if (low >= 0xDC00 && low <= 0xDFFF) {
            copy(mending, 12);
        } else {
            replace(mending, 6, "\\ufffd");
        }
    } else if (unit >= 0xDC00 && unit <= 0xDFFF) {
        replace(mending, 6, "\\ufffd");
    } else {
        copy(mending, 6);
    }
}

static void mend_sequence(struct mending *mending)
{
    size_t length = utf8_length(mending->at, (size_t)(mending->end - mending->at));

    if (length == 0) {
        replace(mending, 1, UTF8_REPLACEMENT);
    } else {
        copy(mending, length);
    }
}

/* ASCII that means nothing in a string but itself: nearly all there is, so it is taken at once. */
static void pass_plain(struct mending *mending)
{
    const char *at = mending->at;

    while (at < mending->end && (unsigned char)*at >= ' ' && (unsigned char)*at < 0x80 &&
           *at != '"' && *at != '\\') {
        at++;
    }
    copy(mending, (size_t)(at - mending->at));
}

/* At the opening quote of a string; stops behind the closing one. */
static void mend_string(struct mending *mending)
{
    copy(mending, 1);
    for (pass_plain(mending); mending->at < mending->end; pass_plain(mending)) {
        char c = *mending->at;

        if (c == '"') {
            copy(mending, 1);
            return;
        }
        if (c == '\\') {
            mend_escape(mending);
        } else if ((unsigned char)c < ' ') {
            replace(mending, 1, " ");
        } else {
            mend_sequence(mending);
        }
    }
}

static void pass_number(struct mending *mending)
{
    size_t length = 0;
    bool is_whole = true;

    for (const char *at = mending->at;
         at < mending->end && *at != '\0' && strchr("0123456789+-.eE", *at) != NULL; at++) {
        length++;
        mending->odd_numbers |= (*at | 0x20) == 'e' || length > NUMBER_LENGTH;
        is_whole &= *at != '.' && (*at | 0x20) != 'e';
    }

    bool is_wide = is_whole && length > SAFE_LENGTH;

    mending->wide_numbers |= is_wide;
    if (is_wide && mending->quotes_wide) {
        replace(mending, 0, "\"");
        copy(mending, length);
        replace(mending, 0, "\"");
    } else {
        copy(mending, length);
    }
}

static void mend(const char *text, size_t length, bool quotes_wide, struct mended *ret_mended)
{
    /* The worst case: each byte is invalid and becomes three. */
    char *room = xreallocarray(NULL, length + 1, 3);
    struct mending mending = {
        .at = text, .end = text + length, .to = room, .quotes_wide = quotes_wide};

    while (mending.at < mending.end) {
        char c = *mending.at;

        if (c == '"') {
            mend_string(&mending);
        } else if (c == '-' || ascii_is_digit(c)) {
            pass_number(&mending);
        } else {
            mend_sequence(&mending);
        }
    }
    *mending.to = '\0';
    *ret_mended = (struct mended){.text = room,
                                  .length = (size_t)(mending.to - room),
                                  .odd_numbers = mending.odd_numbers,
                                  .wide_numbers = mending.wide_numbers};
    if (!mending.changed) {
        free(room);
        ret_mended->text = NULL;
        ret_mended->length = length;
    }
}

void json_mend(const char *text, size_t length, struct mended *ret_mended)
{
    mend(text, length, false, ret_mended);
}

void json_mend_quoting(const char *text, size_t length, struct mended *ret_mended)
{
    mend(text, length, true, ret_mended);
}
