#include "common/utf8.h"

#include <stdbool.h>
#include <string.h>

static bool is_continuation(char c)
{
    return ((unsigned char)c & 0xC0) == 0x80;
}

size_t utf8_decode(const char *bytes, size_t left, uint32_t *ret_code_point)
{
    /* By length: how the first byte begins, and the least value that needs so many bytes. */
    static const struct {
        unsigned char mask, start;
        uint32_t least;
    } forms[] = {{0xE0, 0xC0, 0x80}, {0xF0, 0xE0, 0x800}, {0xF8, 0xF0, 0x10000}};
    unsigned char first = (unsigned char)bytes[0];
    size_t form = 0;

    if (first < 0x80) {
        *ret_code_point = first;
        return 1;
    }
    while (form < ARRAY_LENGTH(forms) && (first & forms[form].mask) != forms[form].start) {
        form++;
    }
    if (form >= ARRAY_LENGTH(forms) || form + 1 >= left) {
        return 0;
    }

    uint32_t code_point = first & (unsigned char)~forms[form].mask;

    for (size_t i = 1; i <= form + 1; i++) {
        if (!is_continuation(bytes[i])) {
            return 0;
        }
        code_point = code_point << 6 | ((unsigned char)bytes[i] & 0x3F);
    }
    if (code_point < forms[form].least || code_point > 0x10FFFF ||
        (code_point >= 0xD800 && code_point <= 0xDFFF)) {
        return 0;
    }
    *ret_code_point = code_point;
    return form + 2;
}

size_t utf8_length(const char *bytes, size_t left)
{
    uint32_t ignored = 0;

    return utf8_decode(bytes, left, &ignored);
}

void utf8_cut(char *text, size_t most)
{
    size_t length = strnlen(text, most);
    size_t start = length;

    text[length] = '\0';
    while (start > 0 && length - start < 3 && is_continuation(text[start - 1])) {
        start--;
    }
    if (start > 0 && utf8_length(text + start - 1, length - (start - 1)) == 0) {
        text[start - 1] = '\0';
    }
}
