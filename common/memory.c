#include "common/memory.h"

#include <curl/curl.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/wiping.h"

/* _exit() and not abort(): a core file would hold secrets. */
void memory_exhausted(void)
{
    static const char message[] = "out of memory\n";
    ssize_t ignored = write(STDERR_FILENO, message, sizeof(message) - 1);

    (void)ignored;
    _exit(EX_OSERR);
}

bool memory_start(struct error *err)
{
    json_set_alloc_funcs(wiping_malloc, wiping_free);

    CURLcode code = curl_global_init_mem(CURL_GLOBAL_DEFAULT, wiping_malloc, wiping_free,
                                         wiping_realloc, xstrdup, xcalloc);

    if (code != CURLE_OK) {
        return error_set(err, ERROR_SYSTEM, "cannot start libcurl: %s", curl_easy_strerror(code));
    }
    return true;
}

void *xcalloc(size_t count, size_t size)
{
    void *memory = calloc(count > 0 ? count : 1, size > 0 ? size : 1);

    if (memory == NULL) {
        memory_exhausted();
    }
    return memory;
}

void *xreallocarray(void *memory, size_t count, size_t size)
{
    size_t total = 0;

    if (__builtin_mul_overflow(count, size, &total)) {
        memory_exhausted();
    }

    /* Size 0 would free the memory; one byte keeps the pointer valid. */
    void *moved = realloc(memory, total > 0 ? total : 1);

    if (moved == NULL) {
        memory_exhausted();
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
        memory_exhausted();
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
        memory_exhausted();
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
