#include "tests/simulator/api.h"

#include <stddef.h>
#include <string.h>

#include "common/cleanup.h"

static const struct {
    const char *name;
    const char *prefix;
} apis[API_COUNT] = {
    [API_MIJNWEBWINKEL] = {"mijnwebwinkel", ""},
    [API_BOEKUWZENDING] = {"boekuwzending", "/boekuwzending"},
    [API_BOEKUWZENDING_STAGING] = {"boekuwzending-staging", "/boekuwzending-staging"},
    [API_CONTROL] = {"control", "/_simulator"},
};

const char *api_name(enum api api)
{
    return apis[api].name;
}

enum api api_of_path(const char *url, const char **ret_path)
{
    for (size_t i = API_MIJNWEBWINKEL + 1; i < ARRAY_LENGTH(apis); i++) {
        size_t length = strlen(apis[i].prefix);

        if (strncmp(url, apis[i].prefix, length) == 0 &&
            (url[length] == '/' || url[length] == '\0')) {
            *ret_path = url + length;
            return (enum api)i;
        }
    }
    *ret_path = url;
    return API_MIJNWEBWINKEL;
}
