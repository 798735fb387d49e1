#include "tests/unit/booking_helpers.h"

#include "worker/api/boekuwzending/shipment.h"

/* The body for the usual wish with one member changed; "items/0/" is before those of its item. */
static json_t *body_with(const char *key, const char *value)
{
    static const char of_item[] = "items/0/";
    json_auto_t *wish = parsed(SHIPMENT_CONTEXT);

    if (key != NULL && strncmp(key, of_item, strlen(of_item)) == 0) {
        json_object_set_new(value_at(wish, "items/0"), key + strlen(of_item), parsed(value));
    } else if (key != NULL) {
        json_object_set_new(wish, key, parsed(value));
    }

    AUTO(free) char *text = boekuwzending_shipment_body(wish);

    return parsed(text);
}

TEST(the_body_looks_as_in_the_example)
{
    json_auto_t *body = body_with(NULL, NULL);

    check_value(body, "invoiceReference", "\"20411-17\"");
    check_value(body, "transportType", "\"road_transport\"");
    check_value(body, "service", "\"postnl_voorbeeld\"");
    check_value(body, "shipFrom/contact",
                "{\"name\":\"Magazijn\",\"company\":\"Winkel Voorbeeld\",\"emailAddress\":"
                "\"m@winkel.example\",\"phoneNumber\":\"+31300000000\"}");
    check_value(body, "shipFrom/address/privateAddress", "false");
    check_value(body, "shipTo/contact/name", "\"Fenna Testveld\"");
    check_value(body, "shipTo/address/privateAddress", "true");
    check_value(body, "dispatch",
                "{\"instructions\":null,\"reference\":\"20411\",\"timeWindow\":{\"begin\":null,"
                "\"end\":null},\"vatNumber\":null,\"eoriNumber\":null,\"date\":\"2026-11-24\"}");
    check_value(body, "items",
                "[{\"quantity\":2,\"type\":\"package\",\"dimensions\":{\"length\":30,\"width\":20,"
                "\"height\":15},\"weight\":0.85,\"description\":\"Pakket\",\"value\":45.0}]");
    check_value(body, "related", "");
    assert_int_equal(json_object_size(body), 7);
}

TEST(one_member_changes_one_place)
{
    static const struct {
        const char *key;
        const char *value;
        const char *path;
        const char *sent;
    } rows[] = {
        {"related_external_id", "\"" OTHER_ID "\"", "related", "\"/shipments/" OTHER_ID "\""},
        {"service", "\" key \"", "service", "\"key\""},
        {"items/0/quantity", "3", "items/0/quantity", "3"},
        {"items/0/quantity", "3", "items/0/weight", "0.85"},
        {"items/0/quantity", "null", "items/0/quantity", "1"},
        {"items/0/quantity", "0", "items/0/quantity", "1"},
        {"items/0/length", "120", "items/0/dimensions/length", "120"},
        {"items/0/width", "\"80\"", "items/0/dimensions/width", "80"},
        {"items/0/height", "null", "items/0/dimensions/height", "10"},
        {"items/0/height", "-1", "items/0/dimensions/height", "10"},
        {"items/0/weight_kg", "\"2.5\"", "items/0/weight", "2.5"},
        {"items/0/weight_kg", "null", "items/0/weight", "1.0"},
        {"items/0/weight_kg", "0", "items/0/weight", "1.0"},
        {"items/0/weight_kg", "0.001", "items/0/weight", "0.1"},
        {"items/0/weight_kg", "1e12", "items/0/weight", "99999.999"},
        {"items/0/value", "null", "items/0/value", "null"},
        {"items/0/value", "-1", "items/0/value", "null"},
        {"items/0/value", "0", "items/0/value", "0.0"},
        {"items/0/value", "\"12.34\"", "items/0/value", "12.34"},
        {"items/0/type", "\"pallet-euro\"", "items/0/type", "\"pallet-euro\""},
        {"items/0/type", "null", "items/0/type", "\"package\""},
        {"items/0/description", "\" Europallet \"", "items/0/description", "\"Europallet\""},
        {"items/0/description", "{}", "items/0/description", "\"Pakket\""},
        {"to", "{}", "shipTo/address/street", "\"\""},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        json_auto_t *body = body_with(rows[i].key, rows[i].value);

        check_value(body, rows[i].path, rows[i].sent);
    }
}

TEST(numbers_are_sent_without_noise)
{
    json_auto_t *wish = parsed(SHIPMENT_CONTEXT);

    json_object_set_new(value_at(wish, "items/0"), "value", json_real(0.1 + 0.2));

    AUTO(free) char *text = boekuwzending_shipment_body(wish);

    assert_non_null(strstr(text, "\"value\":0.3}"));
    assert_non_null(strstr(text, "\"weight\":0.85,"));
}

TEST(parcels_that_differ_are_items_of_their_own)
{
    json_auto_t *wish = parsed(SHIPMENT_CONTEXT);
    json_t *items = json_object_get(wish, "items");

    json_array_append_new(items, parsed("{\"quantity\":1,\"type\":\"package\",\"description\":"
                                        "\"Pakket\",\"length\":60,\"width\":40,\"height\":40,"
                                        "\"weight_kg\":7.5,\"value\":null}"));
    json_object_set_new(wish, "contents",
                        parsed("[{\"description\":\"Theepot\",\"quantity\":1,\"weight_kg\":1}]"));

    AUTO(free) char *text = boekuwzending_shipment_body(wish);
    json_auto_t *body = parsed(text);

    assert_int_equal(json_array_size(json_object_get(body, "items")), 2);
    check_value(body, "items/0/quantity", "2");
    check_value(body, "items/0/contents/0/description", "\"Theepot\"");
    check_value(body, "items/1/weight", "7.5");
    check_value(body, "items/1/dimensions/length", "60");
    check_value(body, "items/1/contents", "");
}

TEST(a_question_for_prices_names_neither_service_nor_reference)
{
    json_auto_t *wish = parsed(SHIPMENT_CONTEXT);
    AUTO(free) char *text = boekuwzending_rate_body(wish);
    json_auto_t *body = parsed(text);

    check_value(body, "service", "");
    check_value(body, "invoiceReference", "");
    check_value(body, "related", "");
    check_value(body, "shipTo/address/postcode", "\"3511ZZ\"");
    check_value(body, "dispatch/date", "\"2026-11-24\"");
    check_value(body, "items/0/weight", "0.85");
}

TEST(a_shipment_is_read)
{
    static const char body[] =
        "{\"id\":\"" SHIPMENT_ID "\",\"sequence\":2026112300017,\"transportType\":{\"name\":\"x\"},"
        "\"invoiceReference\":\" 20411-17 \",\"shipTo\":{\"contact\":{\"phoneNumber\":"
        "{\"countryCode\":\"31\"}}},\"labels\":[{\"id\":\"L1\",\"waybill\":\"3S1\",\"reference\":"
        "null,\"status\":\"created\",\"trackAndTraceLink\":\"https://x.example/3S1\"},"
        "{\"id\":\"L2\",\"waybill\":null,\"trackAndTraceLink\":null}]}";
    AUTO(booked_shipment) struct booked_shipment shipment;

    assert_true(booked_shipment_read(body, strlen(body), &shipment, NULL));
    assert_string_equal(shipment.id, SHIPMENT_ID);
    assert_string_equal(shipment.sequence, "2026112300017");
    assert_string_equal(shipment.reference, "20411-17");
    check_value(shipment.labels, "0",
                "{\"external_id\":\"L1\",\"waybill\":\"3S1\",\"track_and_trace_link\":"
                "\"https://x.example/3S1\",\"is_cancelled\":false}");
    check_value(shipment.labels, "1",
                "{\"external_id\":\"L2\",\"waybill\":null,\"track_and_trace_link\":null,"
                "\"is_cancelled\":false}");
}

TEST(a_label_that_was_cancelled_is_told)
{
    static const char *const rows[][2] = {
        {"\"canceled\"", "true"}, {"\"Cancelled\"", "true"}, {"\"created\"", "false"},
        {"null", "false"},        {"{}", "false"},           {"\"cancelled by mistake\"", "false"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        AUTO(booked_shipment) struct booked_shipment shipment;
        AUTO(free)
        char *body =
            xasprintf("{\"id\":\"a\",\"labels\":[{\"id\":\"L\",\"status\":%s}]}", rows[i][0]);

        ROW_CHECK(rows[i][0], booked_shipment_read(body, strlen(body), &shipment, NULL));
        check_value(shipment.labels, "0/is_cancelled", rows[i][1]);
    }
}

TEST(labels_come_in_many_forms)
{
    static const struct {
        const char *labels; /* NULL: the member is absent */
        size_t count;
    } rows[] = {
        {NULL, 0},
        {"null", 0},
        {"[]", 0},
        {"{}", 0},
        {"\"\"", 0},
        {"7", 0},
        {"[null,7,\"x\",[],{}]", 0},
        {"[{\"waybill\":\"3S1\"}]", 0},
        {"[{\"id\":\"\"},{\"id\":\"a b\"}]", 0},
        {"{\"id\":\"L1\"}", 1},
        {"[{\"id\":\"L1\"}]", 1},
        {"[{\"id\":\"L1\"},{\"id\":\"L1\"}]", 1},
        {"[{\"id\":\"L1\"},{\"id\":\"L2\"}]", 2},
        {"{\"0\":{\"id\":\"L1\"},\"3\":{\"id\":\"L2\"}}", 2},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        AUTO(booked_shipment) struct booked_shipment shipment;
        AUTO(free)
        char *body = rows[i].labels != NULL
                         ? xasprintf("{\"id\":\"a\",\"labels\":%s}", rows[i].labels)
                         : xstrdup("{\"id\":\"a\"}");

        ROW_CHECK(body, booked_shipment_read(body, strlen(body), &shipment, NULL));
        ROW_CHECK(body, json_array_size(shipment.labels) == rows[i].count);
        ROW_CHECK(body, shipment.sequence == NULL && shipment.reference == NULL);
    }
}

TEST(a_link_is_one_that_a_browser_may_follow)
{
    static const char *const rows[][2] = {
        {"\"https://x.example/3S1\"", "\"https://x.example/3S1\""},
        {"\"HTTP://x.example\"", "\"HTTP://x.example\""},
        {"\"javascript:alert(1)\"", "null"},
        {"\"//x.example\"", "null"},
        {"\"\"", "null"},
        {"{}", "null"},
    };
    AUTO(free)
    char *endless = xasprintf("{\"id\":\"a\",\"labels\":[{\"id\":\"L\",\"waybill\":[],"
                              "\"trackAndTraceLink\":\"https://%0500d\"}]}",
                              0);
    AUTO(booked_shipment) struct booked_shipment of_endless;

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        AUTO(booked_shipment) struct booked_shipment shipment;
        AUTO(free)
        char *body = xasprintf("{\"id\":\"a\",\"labels\":{\"id\":\"L\",\"trackAndTraceLink\":%s}}",
                               rows[i][0]);

        ROW_CHECK(rows[i][0], booked_shipment_read(body, strlen(body), &shipment, NULL));
        check_value(shipment.labels, "0/track_and_trace_link", rows[i][1]);
    }
    assert_true(booked_shipment_read(endless, strlen(endless), &of_endless, NULL));
    check_value(of_endless.labels, "0/track_and_trace_link", "null");
}

TEST(endless_labels_are_bounded)
{
    AUTO(free) char *body = shipment_text(SHIPMENT_ID, "x", BOEKUWZENDING_LABELS + 5);
    AUTO(booked_shipment) struct booked_shipment shipment;

    assert_true(booked_shipment_read(body, strlen(body), &shipment, NULL));
    assert_int_equal(json_array_size(shipment.labels), BOEKUWZENDING_LABELS);
}

TEST(what_is_no_shipment_is_refused)
{
    static const char *const bodies[] = {"",
                                         "[]",
                                         "{}",
                                         "null",
                                         "<html>",
                                         "{\"id\":\"\"}",
                                         "\"a\"",
                                         "{\"id\":\"a\"",
                                         "[{\"id\":\"a\"}]",
                                         "{\"title\":\"Fenna\"}"};

    for (size_t i = 0; i < ARRAY_LENGTH(bodies); i++) {
        struct booked_shipment shipment;
        struct error err = ERROR_INIT;

        ROW_CHECK(bodies[i], !booked_shipment_read(bodies[i], strlen(bodies[i]), &shipment, &err));
        ROW_CHECK(bodies[i], shipment.id == NULL && shipment.labels == NULL);
        ROW_CHECK(bodies[i], err.code == ERROR_DATA && strstr(err.text, "Fenna") == NULL);
    }
}
