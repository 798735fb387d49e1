#include "panel/session/proxy_identity.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/memory.h"

#define CREDENTIALS_LIMIT 1024

/* "login:secret" out of base64; NULL when it is none. */
static char *decode(const char *text)
{
    size_t length = strlen(text);
    size_t size = 0;
    AUTO(free_secret) char *bytes = xcalloc(length + 1, 1);

    if (length > CREDENTIALS_LIMIT ||
        sodium_base642bin((unsigned char *)bytes, length, text, length, NULL, &size, NULL,
                          sodium_base64_VARIANT_ORIGINAL) != 0 ||
        strlen(bytes) != size) {
        return NULL;
    }
    return steal_ptr(&bytes);
}

static bool is_login(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (text[i] <= ' ' || text[i] > '~') {
            return false;
        }
    }
    return length > 0 && length < PROXY_LOGIN_SIZE;
}

bool proxy_identity_open(const char *authorization, const char *secret,
                         char ret_login[PROXY_LOGIN_SIZE], struct error *err)
{
    static const char basic[] = "Basic ";

    if (authorization == NULL || strncasecmp(authorization, basic, strlen(basic)) != 0) {
        return error_set(err, ERROR_DATA, "nobody is named");
    }

    AUTO(free_secret) char *given = decode(authorization + strlen(basic));
    const char *colon = given != NULL ? strchr(given, ':') : NULL;

    if (colon == NULL) {
        return error_set(err, ERROR_DATA, "it cannot be read");
    }
    if (strlen(colon + 1) != strlen(secret) ||
        sodium_memcmp(colon + 1, secret, strlen(secret)) != 0) {
        return error_set(err, ERROR_DATA, "the secret is not that of the proxy");
    }
    if (!is_login(given, (size_t)(colon - given))) {
        return error_set(err, ERROR_DATA, "what is named is no login");
    }
    memcpy(ret_login, given, (size_t)(colon - given));
    ret_login[colon - given] = '\0';

    return true;
}
