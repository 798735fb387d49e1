#include "panel/server/cookie.h"

#include <string.h>

bool cookie_find(const char *header, const char *name, char *ret_value, size_t size)
{
    size_t name_length = strlen(name);
    const char *found = NULL;
    size_t found_length = 0;

    for (const char *at = header; at != NULL && *at != '\0';) {
        at += strspn(at, "; \t");

        size_t length = strcspn(at, ";");

        if (length > name_length && strncmp(at, name, name_length) == 0 && at[name_length] == '=') {
            if (found != NULL) {
                return false;
            }
            found = at + name_length + 1;
            found_length = length - name_length - 1;
        }
        at += length;
    }
    while (found_length > 0 &&
           (found[found_length - 1] == ' ' || found[found_length - 1] == '\t')) {
        found_length--;
    }
    if (found == NULL || found_length >= size) {
        return false;
    }
    memcpy(ret_value, found, found_length);
    ret_value[found_length] = '\0';
    return true;
}
