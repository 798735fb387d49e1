#include "worker/api/shop/store.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/ascii.h"
#include "common/memory.h"
#include "worker/api/text/country.h"
#include "worker/api/text/lenient.h"
#include "worker/api/text/text.h"

#define NAME_LENGTH 200

/* The longest host name that DNS allows. */
#define HOST_LENGTH 253

static const char shop_domain[] = ".myonline.store";

static void lower(char *text)
{
    for (char *at = text; *at != '\0'; at++) {
        *at = ascii_lower(*at);
    }
}

char *store_host_of(const char *address)
{
    const char *scheme = strstr(address, "://");
    const char *host = scheme != NULL ? scheme + 3 : address + strspn(address, "/");
    size_t length = strcspn(host, "/?#\\ ");

    const char *at_sign = memrchr(host, '@', length); /* user:password@host */

    if (at_sign != NULL) {
        length -= (size_t)(at_sign + 1 - host);
        host = at_sign + 1;
    }

    const char *colon = memchr(host, ':', length);

    if (colon != NULL) {
        length = (size_t)(colon - host);
    }
    while (length > 0 && host[length - 1] == '.') {
        length--;
    }
    if (length == 0 || length > HOST_LENGTH) {
        return NULL;
    }

    char *name = xstrndup(host, length);

    lower(name);
    return name;
}

static const char *without_www(const char *host)
{
    return strncmp(host, "www.", 4) == 0 ? host + 4 : host;
}

enum store_match store_compare(const char *domain, const char *shop_host)
{
    if (domain == NULL) {
        return STORE_UNKNOWN;
    }
    domain = without_www(domain);
    if (strcasecmp(domain, without_www(shop_host)) == 0) {
        return STORE_SAME;
    }

    size_t length = strlen(domain);
    size_t suffix = sizeof(shop_domain) - 1;

    if (length > suffix && strcasecmp(domain + length - suffix, shop_domain) == 0) {
        return STORE_OTHER_SHOP;
    }
    return STORE_OWN_DOMAIN;
}

/* The region when it is a country. */
static char *read_region(json_t *answer)
{
    AUTO(free) char *text = lenient_text(answer, "region_code", 10);
    char code[3];

    return country_read(text, code) ? xstrdup(code) : NULL;
}

bool store_read(const char *body, size_t length, struct store *ret_store, struct error *err)
{
    json_auto_t *answer = lenient_parse(body, length, NULL, err);
    AUTO(free) char *domain = NULL;

    *ret_store = (struct store){.id = NULL};
    if (answer == NULL) {
        return false;
    }
    if (!json_is_object(answer) || !lenient_is_set(answer, "id")) {
        return error_set(err, ERROR_DATA, "not a store with an id");
    }
    ret_store->id = lenient_text(answer, "id", 64);
    if (ret_store->id != NULL && !text_is_uuid(ret_store->id)) {
        free(ret_store->id);
        ret_store->id = NULL;
    } else if (ret_store->id != NULL) {
        lower(ret_store->id);
    }
    ret_store->name = lenient_text(answer, "name", NAME_LENGTH);
    domain = lenient_text(answer, "primary_domain", 500);
    ret_store->domain = domain != NULL ? store_host_of(domain) : NULL;
    ret_store->region_code = read_region(answer);
    ret_store->currency = lenient_text(answer, "currency", 3);
    return true;
}

void store_release(struct store *store)
{
    free(store->id);
    free(store->name);
    free(store->domain);
    free(store->region_code);
    free(store->currency);
    *store = (struct store){.id = NULL};
}
