/* What Boekuwzending answers about shipments and orders, and the whole of the jobs that ask. */
#include "tests/fuzz/conversation.h"
#include "worker/api/boekuwzending/list.h"
#include "worker/api/boekuwzending/order.h"
#include "worker/api/boekuwzending/request.h"
#include "worker/api/boekuwzending/shipment.h"

/* The bits of the first byte. */
#define PUSHES        1 /* push_order, else create_shipment */
#define KNOWS_ID      2
#define WAS_SENT      4
#define SENT_LONG_AGO 8
#define STAGING       16
#define TOKEN_PROBLEM 32

#define RECEIVER                                                                                   \
    "{\"name\":\" Fenna Testveld \",\"company\":null,\"email\":\"fenna.testveld@example.org\","    \
    "\"phone\":\"+31612345678\",\"street\":\"Voorbeeldlaan\",\"number\":\"14\","                   \
    "\"number_addition\":\"bis\",\"postcode\":\"3511ZZ\",\"city\":\"Utrecht\",\"country\":\"NL\"," \
    "\"private_address\":true,\"address_line\":null}"

static const char shipment_text[] =
    "{\"environment\":\"production\",\"state\":\"requested\",\"reference\":\"20411-17\","
    "\"order_number\":\"20411\",\"service\":\"postnl_voorbeeld\",\"label_count\":2,"
    "\"items\":[{\"quantity\":2,\"type\":\"package\",\"description\":\"Pakket\",\"length\":30,"
    "\"width\":20,\"height\":15,\"weight_kg\":0.85,\"value\":45.0}],\"sent_seconds_ago\":null,"
    "\"created_seconds_ago\":null,"
    "\"external_id\":null,\"related_external_id\":null,\"dispatch_date\":\"2026-11-24\","
    "\"weight_kg\":0.85,\"inco_terms\":\"DAP\",\"contents\":[{\"description\":"
    "\"Theepot\",\"quantity\":2,\"weight_kg\":null,\"value\":22.5,\"tariff_number\":\"691200\","
    "\"country_of_origin\":null}],\"address_hash\":\"a1\",\"goods_hash\":\"b1\",\"from\":" RECEIVER
    ",\"to\":" RECEIVER "}";

static const char order_text[] =
    "{\"environment\":\"production\",\"external_id\":\"3b0f6a52-7c1e-4d7e-9a57-0c7f5b7a1101\","
    "\"reference\":\"20411\",\"created_at_source\":\"2026-11-20 19:42:07\",\"pushed_id\":null,"
    "\"content_hash\":\"00ff\",\"to\":" RECEIVER ",\"lines\":[{\"line_id\":\"9d0b\",\"quantity\":2,"
    "\"description\":\"Theepot\",\"sku\":null,\"weight_kg\":null,\"unit_price\":22.5}]}";

static json_t *make_context(uint8_t variant)
{
    bool pushes = (variant & PUSHES) != 0;
    json_t *context = json_loads(pushes ? order_text : shipment_text, 0, NULL);

    if ((variant & KNOWS_ID) != 0) {
        json_object_set_new(context, pushes ? "pushed_id" : "external_id", json_string("a1"));
        json_object_set_new(context, "created_seconds_ago", json_real(3.5));
    }
    if (!pushes && (variant & WAS_SENT) != 0) {
        double ago = (variant & SENT_LONG_AGO) != 0 ? 90000 : 1.5;

        json_object_set_new(context, "state", json_string("sending"));
        json_object_set_new(context, "sent_seconds_ago", json_real(ago));
        json_object_set_new(context, "given_up_seconds_ago", json_real(ago));
    }
    if ((variant & STAGING) != 0) {
        json_object_set_new(context, "environment", json_string("staging"));
    }
    return context;
}

static void check_labels(json_t *labels)
{
    REQUIRE(json_is_array(labels) && json_array_size(labels) <= BOEKUWZENDING_LABELS);
    for (size_t i = 0; i < json_array_size(labels); i++) {
        json_t *label = json_array_get(labels, i);
        const char *id = json_string_value(json_object_get(label, "external_id"));
        const char *link = json_string_value(json_object_get(label, "track_and_trace_link"));

        REQUIRE(json_is_boolean(json_object_get(label, "is_cancelled")));

        REQUIRE(id != NULL && boekuwzending_is_id(id));
        fuzz_require_clean(json_string_value(json_object_get(label, "waybill")), 100);
        fuzz_require_clean(link, 500);
        REQUIRE(link == NULL || strncasecmp(link, "http", 4) == 0);
        for (size_t j = 0; j < i; j++) {
            json_t *other = json_object_get(json_array_get(labels, j), "external_id");

            REQUIRE(strcmp(json_string_value(other), id) != 0);
        }
    }
}

static void check_shipment(const char *body, size_t length)
{
    AUTO(booked_shipment) struct booked_shipment shipment = {.id = NULL};
    struct error err = ERROR_INIT;

    if (!booked_shipment_read(body, length, &shipment, &err)) {
        REQUIRE(err.code == ERROR_DATA && shipment.id == NULL && shipment.labels == NULL);
        fuzz_require_line(err.text);
        return;
    }
    REQUIRE(boekuwzending_is_id(shipment.id));
    fuzz_require_clean(shipment.sequence, 60);
    fuzz_require_clean(shipment.reference, 200);
    check_labels(shipment.labels);
}

static void check_list(const char *body, size_t length)
{
    json_auto_t *list = NULL;
    struct error err = ERROR_INIT;

    if (!boekuwzending_list_read(body, length, &list, &err)) {
        REQUIRE(err.code == ERROR_DATA && list == NULL);
        fuzz_require_line(err.text);
        return;
    }

    AUTO(free)
    char *found = boekuwzending_order_find(list, "3b0f6a52-7c1e-4d7e-9a57-0c7f5b7a1101");

    REQUIRE(json_is_array(list) && (found == NULL || boekuwzending_is_id(found)));
    for (size_t i = 0; i < json_array_size(list); i++) {
        AUTO(free) char *id = boekuwzending_id_of(json_array_get(list, i));

        REQUIRE(id != NULL && boekuwzending_is_id(id));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    uint8_t variant = fuzz_take_byte(&input);
    struct fuzz_input answers = input;
    size_t length = 0;

    (void)fuzz_take_byte(&answers);

    AUTO(free) char *body = fuzz_take_bytes(&answers, &length);

    check_shipment(body, length);
    check_list(body, length);
    converse((variant & PUSHES) != 0 ? "push_order" : "create_shipment", make_context(variant),
             (variant & TOKEN_PROBLEM) != 0 ? "cannot be opened" : NULL, &input);
    return 0;
}
