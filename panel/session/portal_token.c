#include "panel/session/portal_token.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"

#define TOKEN_LIMIT 4096

static void decref(json_t *json)
{
    json_decref(json);
}
DEFINE_CLEANUP(decref, json_t *, decref);

/* The bytes of a part in base64 for URLs, to be freed; NULL when it is none. */
static unsigned char *decode(const char *text, size_t length, size_t *ret_length)
{
    AUTO(free) unsigned char *bytes = xcalloc(length + 1, 1);

    if (sodium_base642bin(bytes, length, text, length, NULL, ret_length, NULL,
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0) {
        return NULL;
    }
    return steal_ptr(&bytes);
}

static json_t *decode_object(const char *text, size_t length)
{
    size_t size = 0;
    AUTO(free) unsigned char *bytes = decode(text, length, &size);
    json_t *object =
        bytes != NULL ? json_loadb((const char *)bytes, size, JSON_REJECT_DUPLICATES, NULL) : NULL;

    if (!json_is_object(object)) {
        json_decref(object);
        return NULL;
    }
    return object;
}

static bool is_signed(const char *token, size_t signed_length, const char *signature,
                      const char *key)
{
    unsigned char right[crypto_auth_hmacsha256_BYTES];
    crypto_auth_hmacsha256_state state;
    size_t size = 0;
    AUTO(free) unsigned char *given = decode(signature, strlen(signature), &size);

    (void)crypto_auth_hmacsha256_init(&state, (const unsigned char *)key, strlen(key));
    (void)crypto_auth_hmacsha256_update(&state, (const unsigned char *)token, signed_length);
    (void)crypto_auth_hmacsha256_final(&state, right);
    sodium_memzero(&state, sizeof(state));
    return given != NULL && size == sizeof(right) && sodium_memcmp(given, right, size) == 0;
}

/* The header names the one algorithm there is, and asks for nothing that would have to be known. */
static bool check_header(const char *token, size_t length, struct error *err)
{
    AUTO(decref) json_t *header = decode_object(token, length);
    const char *algorithm = json_string_value(json_object_get(header, "alg"));

    if (algorithm == NULL || strcmp(algorithm, "HS256") != 0 ||
        json_object_get(header, "crit") != NULL) {
        return error_set(err, ERROR_DATA, "it is not signed with HS256");
    }
    return true;
}

static bool check_claims(const json_t *claims, int64_t now_seconds, struct error *err)
{
    static const char *const texts[] = {"person", "role", "jti"};
    const json_t *ends = json_object_get(claims, "exp");
    const json_t *starts = json_object_get(claims, "nbf");
    json_int_t end = json_integer_value(ends);

    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        if (json_string_length(json_object_get(claims, texts[i])) == 0) {
            return error_set(err, ERROR_DATA, "it has no %s", texts[i]);
        }
    }
    if (!json_is_integer(ends)) {
        return error_set(err, ERROR_DATA, "it has no exp");
    }
    if (end < now_seconds - PORTAL_TOKEN_SKEW) {
        return error_set(err, ERROR_DATA, "its time is over");
    }
    if (end > now_seconds + PORTAL_TOKEN_SECONDS + PORTAL_TOKEN_SKEW) {
        return error_set(err, ERROR_DATA, "it is good for more than %d s", PORTAL_TOKEN_SECONDS);
    }
    /* What cannot be understood is no leave to go on. */
    if (starts != NULL && (!json_is_integer(starts) ||
                           json_integer_value(starts) > now_seconds + PORTAL_TOKEN_SKEW)) {
        return error_set(err, ERROR_DATA, "its time has not come");
    }
    return true;
}

bool portal_token_open(const char *token, const char *key, int64_t now_seconds, json_t **ret_claims,
                       struct error *err)
{
    size_t length = strlen(token);
    const char *first = strchr(token, '.');
    const char *second = first != NULL ? strchr(first + 1, '.') : NULL;

    if (length > TOKEN_LIMIT || second == NULL || strchr(second + 1, '.') != NULL) {
        return error_set(err, ERROR_DATA, "it does not have three parts");
    }
    if (!is_signed(token, (size_t)(second - token), second + 1, key)) {
        return error_set(err, ERROR_DATA, "its signature is not that of the portal");
    }
    if (!check_header(token, (size_t)(first - token), err)) {
        return false;
    }
    AUTO(decref) json_t *claims = decode_object(first + 1, (size_t)(second - first - 1));

    if (claims == NULL) {
        return error_set(err, ERROR_DATA, "its claims are not an object");
    }
    if (!check_claims(claims, now_seconds, err)) {
        return false;
    }
    *ret_claims = steal_ptr(&claims);

    return true;
}
