/* What Boekuwzending answers about services and prices, and the whole of the job that asks. */
#include "tests/fuzz/conversation.h"
#include "worker/api/boekuwzending/rates.h"

/* The bits of the first byte. */
#define TWO_ITEMS     1
#define TOKEN_PROBLEM 2

#define PARTY                                                                                      \
    "{\"name\":\" Fenna Testveld \",\"company\":null,\"email\":\"fenna.testveld@example.org\","    \
    "\"phone\":\"+31612345678\",\"street\":\"Voorbeeldlaan\",\"number\":\"14\","                   \
    "\"number_addition\":\"bis\",\"postcode\":\"3511ZZ\",\"city\":\"Utrecht\",\"country\":\"NL\"," \
    "\"private_address\":true,\"address_line\":null}"
#define ITEM                                                                                       \
    "{\"quantity\":2,\"type\":\"package\",\"description\":\"Pakket\",\"length\":30,\"width\":20,"  \
    "\"height\":15,\"weight_kg\":0.85,\"value\":45.0}"

static const char context_text[] =
    "{\"order_number\":\"20411\",\"dispatch_date\":\"2026-11-24\",\"unwanted\":null,"
    "\"items\":[" ITEM "],\"from\":" PARTY ",\"to\":" PARTY "}";

static const char two_items[] = "[" ITEM "," ITEM "]";

static json_t *make_context(uint8_t variant)
{
    json_t *context = json_loads(context_text, 0, NULL);

    if ((variant & TWO_ITEMS) != 0) {
        json_object_set_new(context, "items", json_loads(two_items, 0, NULL));
    }
    return context;
}

static void require_number(json_t *value, bool is_positive)
{
    double number = json_number_value(value);

    REQUIRE(json_is_null(value) || (json_is_real(value) && number < 1e9));
    REQUIRE(json_is_null(value) || number > 0 || (!is_positive && number >= 0));
}

static void check_services(json_t *services)
{
    static const char *const limits[] = {"max_weight_kg", "max_length_cm", "max_width_cm",
                                         "max_height_cm"};

    REQUIRE(json_is_array(services) && json_array_size(services) <= BOEKUWZENDING_SERVICES);
    for (size_t i = 0; i < json_array_size(services); i++) {
        json_t *service = json_array_get(services, i);
        json_t *pickup_point = json_object_get(service, "pickup_point");
        const char *key = json_string_value(json_object_get(service, "service"));

        REQUIRE(key != NULL && key[0] != '\0');
        fuzz_require_clean(key, BOEKUWZENDING_SERVICE_LENGTH);
        fuzz_require_clean(json_string_value(json_object_get(service, "description")), 200);
        fuzz_require_clean(json_string_value(json_object_get(service, "carrier")), 60);
        require_number(json_object_get(service, "price"), false);
        require_number(json_object_get(service, "tax"), false);
        for (size_t j = 0; j < ARRAY_LENGTH(limits); j++) {
            require_number(json_object_get(service, limits[j]), true);
        }
        REQUIRE(pickup_point == NULL || json_is_boolean(pickup_point));
    }
}

static void check_parser(bool (*read)(const char *, size_t, json_t **, struct error *),
                         const char *body, size_t length)
{
    json_auto_t *services = NULL;
    struct error err = ERROR_INIT;

    if (read(body, length, &services, &err)) {
        check_services(services);
        return;
    }
    REQUIRE(err.code == ERROR_DATA && services == NULL);
    fuzz_require_line(err.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    uint8_t variant = fuzz_take_byte(&input);
    struct fuzz_input answers = input;
    size_t length = 0;

    (void)fuzz_take_byte(&answers);

    AUTO(free) char *body = fuzz_take_bytes(&answers, &length);

    check_parser(boekuwzending_rates_read, body, length);
    check_parser(boekuwzending_matrix_read, body, length);
    converse("quote", make_context(variant),
             (variant & TOKEN_PROBLEM) != 0 ? "cannot be opened" : NULL, &input);
    return 0;
}
