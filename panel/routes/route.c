#include "panel/routes/route.h"

#include <string.h>

#include "common/ascii.h"

#define NUMBER_DIGITS 18 /* always fits a bigint */
#define WORD_LENGTH   80

static bool is_number(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (!ascii_is_digit(text[i])) {
            return false;
        }
    }
    return length > 0 && length <= NUMBER_DIGITS && text[0] != '0';
}

static bool is_word(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (!ascii_is_alphanumeric(text[i]) && text[i] != '_' && text[i] != '-') {
            return false;
        }
    }
    return length > 0 && length <= WORD_LENGTH;
}

/* Takes the part of the path for the name in braces at `pattern`. */
static bool take_part(const char *pattern, size_t name_length, const char *path, size_t length,
                      json_t *parts)
{
    bool is_id = name_length == 2 && strncmp(pattern, "id", 2) == 0;
    char name[32];

    if (name_length >= sizeof(name) || !(is_id ? is_number(path, length) : is_word(path, length))) {
        return false;
    }
    memcpy(name, pattern, name_length);
    name[name_length] = '\0';
    return json_object_set_new(parts, name, json_stringn(path, length)) == 0;
}

static bool matches(const char *pattern, const char *path, json_t *parts)
{
    while (*pattern != '\0') {
        if (*pattern == '{') {
            size_t name_length = strcspn(pattern + 1, "}");
            size_t length = strcspn(path, "/");

            if (!take_part(pattern + 1, name_length, path, length, parts)) {
                return false;
            }
            pattern += name_length + 2;
            path += length;
        } else if (*pattern++ != *path++) {
            return false;
        }
    }
    return *path == '\0';
}

const struct route *route_find(enum request_method method, const char *path, json_t **ret_parts,
                               const char **ret_allow)
{
    bool has_get = false;
    bool has_post = false;

    for (size_t i = 0; i < route_count; i++) {
        json_t *parts = json_object();

        if (matches(routes[i].pattern, path, parts)) {
            if (routes[i].method == method) {
                *ret_parts = parts;
                return &routes[i];
            }
            has_get = has_get || routes[i].method == REQUEST_GET;
            has_post = has_post || routes[i].method == REQUEST_POST;
        }
        json_decref(parts);
    }
    *ret_allow = has_get && has_post ? "GET, HEAD, POST"
                 : has_get           ? "GET, HEAD"
                 : has_post          ? "POST"
                                     : NULL;
    return NULL;
}
