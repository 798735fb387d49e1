/* Checks addresses: those of the APIs with curl's own parser, so that what is checked here is what
 * will be called, and those of the database with libpq's. */

#include <arpa/inet.h>
#include <curl/curl.h>
#include <libpq-fe.h>
#include <string.h>
#include <strings.h>

#include "common/config/setting.h"
#include "common/memory.h"

DEFINE_CLEANUP(url_handle, CURLU *, curl_url_cleanup);
DEFINE_CLEANUP(curl_text, char *, curl_free);
DEFINE_CLEANUP(conninfo, PQconninfoOption *, PQconninfoFree);

static bool is_loopback(const char *host)
{
    struct in_addr address;

    if (strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0) {
        return true;
    }
    return inet_pton(AF_INET, host, &address) == 1 && ntohl(address.s_addr) >> 24 == 127;
}

static bool has_part(CURLU *url, CURLUPart part)
{
    AUTO(curl_text) char *text = NULL;

    return curl_url_get(url, part, &text, 0) == CURLUE_OK;
}

static bool check_scheme(CURLU *url, struct error *err)
{
    AUTO(curl_text) char *scheme = NULL;
    AUTO(curl_text) char *host = NULL;

    if (curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
        curl_url_get(url, CURLUPART_HOST, &host, 0) != CURLUE_OK) {
        return error_set(err, ERROR_CONFIG, "not an https URL");
    }
    if (strcmp(scheme, "https") == 0 || (strcmp(scheme, "http") == 0 && is_loopback(host))) {
        return true;
    }
    if (strcmp(scheme, "http") == 0) {
        return error_set(err, ERROR_CONFIG,
                         "plain http is allowed for a loopback address only; use https");
    }
    return error_set(err, ERROR_CONFIG, "not an https URL");
}

bool config_parse_api_url(const struct config_setting *setting, const char *text, void *ret_field,
                          struct error *err)
{
    AUTO(url_handle) CURLU *url = curl_url();
    AUTO(curl_text) char *normal = NULL;
    AUTO(curl_text) char *port = NULL;

    (void)setting;
    if (url == NULL) {
        return error_set(err, ERROR_SYSTEM, "out of memory");
    }

    /* curl forgives a missing or a third slash. */
    const char *slashes = strstr(text, "://");

    if (slashes == NULL || slashes[3] == '/') {
        return error_set(err, ERROR_CONFIG, "not an https URL");
    }

    CURLUcode result = curl_url_set(url, CURLUPART_URL, text, 0);

    if (result != CURLUE_OK) {
        return error_set(err, ERROR_CONFIG, "%s", curl_url_strerror(result));
    }
    /* The text is searched as well: an empty query or fragment is no part. */
    if (has_part(url, CURLUPART_USER) || has_part(url, CURLUPART_PASSWORD) ||
        has_part(url, CURLUPART_OPTIONS) || strpbrk(text, "?#@\\") != NULL) {
        return error_set(err, ERROR_CONFIG, "it must have no user, no query and no fragment");
    }
    if (curl_url_get(url, CURLUPART_PORT, &port, 0) == CURLUE_OK && strcmp(port, "0") == 0) {
        return error_set(err, ERROR_CONFIG, "port 0 cannot be called");
    }
    if (!check_scheme(url, err)) {
        return false;
    }
    /* What was checked is what is kept, not another reading of the same text. */
    if (curl_url_get(url, CURLUPART_URL, &normal, 0) != CURLUE_OK) {
        return error_set(err, ERROR_CONFIG, "not an https URL");
    }

    size_t length = strlen(normal);

    while (length > 0 && normal[length - 1] == '/') {
        length--;
    }
    *(char **)ret_field = xstrndup(normal, length);
    return true;
}

static const char *option_of(const PQconninfoOption *options, const char *keyword)
{
    for (; options->keyword != NULL; options++) {
        if (strcmp(options->keyword, keyword) == 0) {
            return options->val != NULL ? options->val : "";
        }
    }
    return "";
}

/*
 * A password with an @ or a / in it, as it is, makes libpq take a part of it for a host, a port or
 * a database, which is then in the words of each failure. True when no part can be one: a port is a
 * number, a host is a path or has none of these, and after a slash no @ comes.
 */
static bool has_no_stray_part(const char *text, const PQconninfoOption *options)
{
    const char *host = option_of(options, "host");
    const char *port = option_of(options, "port");
    const char *scheme = strstr(text, "://");
    const char *slash = scheme != NULL ? strchr(scheme + 3, '/') : NULL;

    if (port[strspn(port, "0123456789,")] != '\0') {
        return false;
    }
    if (host[0] != '/' && host[0] != '@' && strpbrk(host, "@/ ") != NULL) {
        return false;
    }
    return slash == NULL || memchr(slash, '@', strcspn(slash, "?")) == NULL;
}

bool config_parse_database_url(const struct config_setting *setting, const char *text,
                               void *ret_field, struct error *err)
{
    /* What libpq says about it quotes the part that it stumbles over, which may be a password. */
    AUTO(conninfo) PQconninfoOption *options = PQconninfoParse(text, NULL);

    (void)setting;
    if (options == NULL) {
        return error_set(err, ERROR_CONFIG,
                         "not a connection string for libpq (postgresql://... or key=value ...)");
    }
    if (!has_no_stray_part(text, options)) {
        return error_set(err, ERROR_CONFIG,
                         "host, port or database cannot be meant: in a user or a password of a URL "
                         "write @ as %%40, / as %%2F and : as %%3A");
    }
    *(char **)ret_field = xstrdup(text);
    return true;
}
