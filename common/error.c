#include "common/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

/* How many bytes of `text` to keep when it was cut at `length`: a half UTF-8 character at the end
 * is dropped, since PostgreSQL would refuse the text that ends in one. */
static size_t whole_characters(const char *text, size_t length)
{
    size_t start = length;

    while (start > 0 && length - start < 3 && ((unsigned char)text[start - 1] & 0xC0) == 0x80) {
        start--;
    }
    if (start == 0) {
        return length;
    }
    start--;

    unsigned char lead = (unsigned char)text[start];
    size_t wanted = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    return length - start < wanted ? start : length;
}

/* Copies `source` into err->text, cut to fit. */
static void set_text(struct error *err, const char *source)
{
    size_t length = strlen(source);

    if (length >= sizeof(err->text)) {
        length = whole_characters(source, sizeof(err->text) - 1);
    }
    memcpy(err->text, source, length);
    err->text[length] = '\0';
}

bool error_set(struct error *err, enum error_code code, const char *format, ...)
{
    /* Formatted aside first: an argument may be err->text itself. One byte more than the text, so
     * that set_text() sees whether anything was cut. */
    char text[ERROR_TEXT_SIZE + 1];
    va_list arguments;

    if (err == NULL) {
        return false;
    }
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    set_text(err, text);
    err->code = code;
    return false;
}

bool error_prefix(struct error *err, const char *format, ...)
{
    char context[ERROR_TEXT_SIZE];
    char text[2 * ERROR_TEXT_SIZE + 2];
    va_list arguments;

    if (err == NULL) {
        return false;
    }
    va_start(arguments, format);
    vsnprintf(context, sizeof(context), format, arguments);
    va_end(arguments);
    snprintf(text, sizeof(text), "%s: %s", context, err->text);
    set_text(err, text);
    return false;
}

const char *error_reason(int number)
{
    static _Thread_local char buffer[128];

    return strerror_r(number, buffer, sizeof(buffer));
}

int error_exit_code(enum error_code code)
{
    static const int exit_codes[] = {
        [ERROR_NONE] = EX_OK,
        [ERROR_USAGE] = EX_USAGE,
        [ERROR_CONFIG] = EX_CONFIG,
        [ERROR_UNAVAILABLE] = EX_UNAVAILABLE,
        [ERROR_CONNECTION] = EX_UNAVAILABLE,
        [ERROR_DATA] = EX_DATAERR,
        [ERROR_PERMISSION] = EX_NOPERM,
        [ERROR_SYSTEM] = EX_OSERR,
        [ERROR_OUTPUT] = EX_IOERR,
        [ERROR_INTERNAL] = EX_SOFTWARE,
    };

    return (size_t)code < ARRAY_LENGTH(exit_codes) ? exit_codes[code] : EX_SOFTWARE;
}
