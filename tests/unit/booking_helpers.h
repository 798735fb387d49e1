/* Contexts and answers for the tests of what talks to Boekuwzending. */
#ifndef TESTS_UNIT_BOOKING_HELPERS_H
#define TESTS_UNIT_BOOKING_HELPERS_H

#include "tests/unit/kind_helpers.h"

#define SHIPMENT_ID "c7b1d1c0-0b7a-4a39-9f3a-1d5a2e000001"
#define OTHER_ID    "c7b1d1c0-0b7a-4a39-9f3a-1d5a2e000002"

#define RECEIVER                                                                                   \
    "{\"name\":\" Fenna Testveld \",\"company\":null,\"email\":\"fenna.testveld@example.org\","    \
    "\"phone\":\"+31612345678\",\"street\":\"Voorbeeldlaan\",\"number\":\"14\","                   \
    "\"number_addition\":\"bis\",\"postcode\":\"3511ZZ\",\"city\":\"Utrecht\",\"country\":\"NL\"," \
    "\"private_address\":true,\"address_line\":null}"

#define SENDER                                                                                     \
    "{\"name\":\"Magazijn\",\"company\":\"Winkel Voorbeeld\",\"email\":\"m@winkel.example\","      \
    "\"phone\":\"030-000 0000\",\"street\":\"Loodsweg\",\"number\":\"8\",\"number_addition\":"     \
    "null,\"postcode\":\"3542AA\",\"city\":\"Utrecht\",\"country\":\"NL\"}"

/* The context of a create_shipment job for two labels, never sent. */
#define SHIPMENT_CONTEXT                                                                           \
    "{\"environment\":\"production\",\"state\":\"requested\",\"reference\":\"20411-17\","          \
    "\"order_number\":\"20411\",\"service\":\"postnl_voorbeeld\",\"label_count\":2,"               \
    "\"items\":[{\"quantity\":2,\"type\":\"package\",\"description\":\"Pakket\","                  \
    "\"length\":30,\"width\":20,\"height\":15,\"weight_kg\":0.85,\"value\":45.0}],"                \
    "\"sent_seconds_ago\":null,\"created_seconds_ago\":null,"                                      \
    "\"external_id\":null,\"related_external_id\":null,\"dispatch_date\":\"2026-11-24\","          \
    "\"address_hash\":\"a1\",\"goods_hash\":\"b1\","                                               \
    "\"weight_kg\":0.85,\"from\":" SENDER ",\"to\":" RECEIVER "}"

/* Parses; fails when it is no JSON. */
static inline json_t *parsed(const char *text)
{
    json_error_t trouble;
    json_t *json = json_loads(text, JSON_DECODE_ANY, &trouble);

    if (json == NULL) {
        fail_msg("'%s' is no JSON: %s", text, trouble.text);
    }
    return json;
}

/* The value behind names and list positions divided by '/', such as "items/0/weight"; borrowed. */
static inline json_t *value_at(json_t *json, const char *path)
{
    AUTO(free) char *names = xstrdup(path);
    char *rest = names;

    for (char *name = strsep(&rest, "/"); name != NULL; name = strsep(&rest, "/")) {
        json = json_is_array(json) ? json_array_get(json, (size_t)strtoul(name, NULL, 10))
                                   : json_object_get(json, name);
    }
    return json;
}

/* Fails unless the value at the path equals this JSON; "" means that there is none. */
static inline void check_value(json_t *json, const char *path, const char *expected)
{
    json_auto_t *wanted = expected[0] != '\0' ? parsed(expected) : NULL;
    json_t *value = value_at(json, path);
    AUTO(free) char *got = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);

    if (wanted == NULL ? value != NULL : !json_equal(value, wanted)) {
        fail_msg("'%s': got %s, expected %s", path, got != NULL ? got : "nothing", expected);
    }
}

/* Fails when the text holds anything of the receiver or the sender. */
static inline void check_impersonal(const char *text)
{
    static const char *const secrets[] = {"Fenna",  "Testveld", "example",       "31612345678",
                                          "3511ZZ", "Utrecht",  "Voorbeeldlaan", "Loodsweg"};

    for (size_t i = 0; i < ARRAY_LENGTH(secrets); i++) {
        if (strcasestr(text, secrets[i]) != NULL) {
            fail_msg("'%s' holds '%s'", text, secrets[i]);
        }
    }
}

/* A shipment as it is answered, with so many labels; to be freed. */
static inline char *shipment_text(const char *id, const char *reference, size_t labels)
{
    json_auto_t *list = json_array();
    json_auto_t *shipment =
        json_pack("{s:s, s:s, s:s, s:{s:s, s:s}, s:s, s:O}", "id", id, "sequence", "2026112300017",
                  "status", "new", "transportType", "name", "road_transport", "value", "1",
                  "invoiceReference", reference, "labels", list);

    for (size_t i = 0; i < labels; i++) {
        char label[60];

        snprintf(label, sizeof(label), "a1000000-0000-4000-8000-%012zu", i + 1);
        json_array_append_new(list, json_pack("{s:s, s:s, s:n}", "id", label, "waybill",
                                              "3STEST0000001", "trackAndTraceLink"));
    }
    return json_dumps(shipment, JSON_COMPACT);
}

/* Answers with the shipment and so many labels. */
static inline enum step answer_shipment(struct talk *talk, int status, size_t labels)
{
    AUTO(free) char *body = shipment_text(SHIPMENT_ID, "20411-17", labels);

    return talk_http(talk, status, body);
}

/* Fails unless write_shipment was written once, with these figures. */
static inline void check_written(const struct talk *talk, size_t labels, bool complete)
{
    json_auto_t *row = talk_row(talk, "write_shipment", 0);

    assert_int_equal(talk_rows(talk, "write_shipment"), 1);
    assert_int_equal(talk_rows(talk, "write_shipment_failed"), 0);
    check_member(row, "external_id", SHIPMENT_ID);
    check_member(row, "sequence", "2026112300017");
    assert_int_equal(json_is_true(json_object_get(row, "complete")), complete);
    assert_int_equal(json_array_size(json_object_get(row, "labels")), labels);
}

#endif
