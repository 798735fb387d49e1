/* What a shop says of itself, and the whole of a verify job. */
#include "tests/fuzz/conversation.h"
#include "worker/api/shop/store.h"
#include "worker/api/text/country.h"

#define LAST_ATTEMPT  1
#define NO_SENDER     2
#define TOKEN_PROBLEM 4

static const char context_text[] =
    "{\"shop_host\":\"voorbeeld.myonline.store\",\"open_statuses\":[1,3],\"shipped_status\":2,"
    "\"from_address\":{\"name\":\"Wim Winkel\",\"company\":null,"
    "\"email\":\"wim@example.org\",\"phone\":null,\"street\":\"Laan\",\"number\":\"1\","
    "\"number_addition\":null,\"postcode\":\"3511ZZ\",\"city\":\"Utrecht\",\"country\":\"NL\"}}";

static void check_host(const char *host)
{
    AUTO(free) char *again = store_host_of(host);

    REQUIRE(host[0] != '\0' && strlen(host) <= 253);
    REQUIRE(strpbrk(host, "/?#\\ @:ABCDEFGHIJKLMNOPQRSTUVWXYZ") == NULL);
    REQUIRE(again != NULL && strcmp(again, host) == 0);
    REQUIRE(store_compare(host, host) == STORE_SAME);
}

static void check_store(const char *body, size_t length)
{
    AUTO(store) struct store store = {.id = NULL};
    struct error err = ERROR_INIT;
    char code[3];

    if (!store_read(body, length, &store, &err)) {
        REQUIRE(err.code == ERROR_DATA && store.id == NULL && store.name == NULL);
        fuzz_require_line(err.text);
        return;
    }
    REQUIRE(store.id == NULL || (text_is_uuid(store.id) && strpbrk(store.id, "ABCDEF") == NULL));
    fuzz_require_clean(store.name, 200);
    fuzz_require_clean(store.currency, 3);
    REQUIRE(store.region_code == NULL || country_read(store.region_code, code));
    if (store.domain != NULL) {
        fuzz_require_line(store.domain);
        check_host(store.domain);
        (void)!store_compare(store.domain, "voorbeeld.myonline.store");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    uint8_t variant = fuzz_take_byte(&input);
    struct fuzz_input stores = input;
    size_t length = 0;
    json_t *context = json_loads(context_text, 0, NULL);

    (void)fuzz_take_byte(&stores);

    AUTO(free) char *body = fuzz_take_bytes(&stores, &length);
    AUTO(free) char *host = store_host_of(body);

    if (host != NULL) {
        check_host(host);
    }
    check_store(body, length);
    if ((variant & NO_SENDER) != 0) {
        json_object_set_new(context, "from_address", json_null());
    }
    converse_at((variant & LAST_ATTEMPT) != 0 ? 3 : 1, "verify", context,
                (variant & TOKEN_PROBLEM) != 0 ? "cannot be opened with this key" : NULL, &input);
    return 0;
}
