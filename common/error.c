#include "common/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "common/utf8.h"

/* Copies `source` into err->text, cut to fit: PostgreSQL would refuse a text that ends in half a
 * character. */
static void set_text(struct error *err, const char *source)
{
    size_t length = strnlen(source, sizeof(err->text) - 1);

    memcpy(err->text, source, length);
    err->text[length] = '\0';
    utf8_cut(err->text, length);
}

bool error_set(struct error *err, enum error_code code, const char *format, ...)
{
    /* Formatted aside first: an argument may be err->text itself. */
    char text[ERROR_TEXT_SIZE];
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
        [ERROR_LOCKED] = EX_UNAVAILABLE,
        [ERROR_CONNECTION] = EX_UNAVAILABLE,
        [ERROR_DATA] = EX_DATAERR,
        [ERROR_PERMISSION] = EX_NOPERM,
        [ERROR_SYSTEM] = EX_OSERR,
        [ERROR_OUTPUT] = EX_IOERR,
        [ERROR_INTERNAL] = EX_SOFTWARE,
    };

    return (size_t)code < ARRAY_LENGTH(exit_codes) ? exit_codes[code] : EX_SOFTWARE;
}
