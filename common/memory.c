#include "common/memory.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

/* _exit() and not abort(): a core file would hold secrets. */
static NORETURN void die_out_of_memory(void)
{
    static const char message[] = "out of memory\n";
    ssize_t ignored = write(STDERR_FILENO, message, sizeof(message) - 1);

    (void)ignored;
    _exit(EX_OSERR);
}

void *xcalloc(size_t count, size_t size)
{
    void *memory = calloc(count > 0 ? count : 1, size > 0 ? size : 1);

    if (memory == NULL) {
        die_out_of_memory();
    }
    return memory;
}

void *xreallocarray(void *memory, size_t count, size_t size)
{
    size_t total = 0;

    if (__builtin_mul_overflow(count, size, &total)) {
        die_out_of_memory();
    }

    /* Size 0 would free the memory; one byte keeps the pointer valid. */
    void *moved = realloc(memory, total > 0 ? total : 1);

    if (moved == NULL) {
        die_out_of_memory();
    }
    return moved;
}

char *xstrdup(const char *text)
{
    return text == NULL ? NULL : xstrndup(text, strlen(text));
}

char *xstrndup(const char *text, size_t length)
{
    if (length == SIZE_MAX) {
        die_out_of_memory();
    }

    char *copy = xcalloc(length + 1, 1);

    if (length > 0) {
        memcpy(copy, text, length);
    }
    return copy;
}

char *xasprintf(const char *format, ...)
{
    char *text = NULL;
    va_list arguments;

    va_start(arguments, format);
    int length = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (length < 0) {
        die_out_of_memory();
    }
    return text;
}

void free_secret(char *secret)
{
    if (secret != NULL) {
        explicit_bzero(secret, strlen(secret));
        free(secret);
    }
}
