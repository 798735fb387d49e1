#include "tests/unit/booking_helpers.h"

#include "worker/api/boekuwzending/order.h"

#define LINE                                                                                       \
    "{\"line_id\":\"9d0b\",\"quantity\":2,\"description\":\" Theepot \",\"sku\":\"TP-BL\","        \
    "\"weight_kg\":0.425,\"unit_price\":22.5}"

#define ORDER                                                                                      \
    "{\"external_id\":\"3b0f\",\"reference\":\"20411\",\"created_at_source\":"                     \
    "\"2026-11-20 19:42:07\",\"to\":" RECEIVER ",\"lines\":[" LINE "]}"

static json_t *body_of(json_t *order)
{
    AUTO(free) char *text = boekuwzending_order_body(order);

    return parsed(text);
}

TEST(the_body_looks_as_in_the_example)
{
    json_auto_t *order = parsed(ORDER);
    json_auto_t *body = body_of(order);

    check_value(body, "externalId", "\"3b0f\"");
    check_value(body, "reference", "\"20411\"");
    check_value(body, "createdAtSource", "\"2026-11-20 19:42:07\"");
    check_value(body, "orderLines",
                "[{\"externalId\":\"9d0b\",\"quantity\":2,\"dimensions\":null,\"weight\":0.425,"
                "\"description\":\"Theepot\",\"value\":22.5,\"tariffNumber\":null,\"skuNumber\":"
                "\"TP-BL\",\"eanNumber\":null}]");
    check_value(body, "shipTo/contact/plainPhoneNumber", "\"+31612345678\"");
    check_value(body, "shipTo/address/addressLine2", "null");
    assert_int_equal(json_object_size(body), 5);
}

TEST(a_line_with_gaps_is_sent_all_the_same)
{
    static const struct {
        const char *key;
        const char *value;
        const char *path;
        const char *sent;
    } rows[] = {
        {"line_id", "null", "externalId", "\"1\""},
        {"line_id", "77", "externalId", "\"77\""},
        {"quantity", "0", "quantity", "1"},
        {"quantity", "\"x\"", "quantity", "1"},
        {"description", "null", "description", "\"\""},
        {"sku", "null", "skuNumber", "null"},
        {"weight_kg", "null", "weight", "1.0"},
        {"weight_kg", "0", "weight", "1.0"},
        {"weight_kg", "-3", "weight", "1.0"},
        {"weight_kg", "0.0001", "weight", "0.001"},
        {"weight_kg", "\"1.2345\"", "weight", "1.235"},
        {"unit_price", "null", "value", "0.0"},
        {"unit_price", "\"7.10\"", "value", "7.1"},
        {"unit_price", "3", "value", "3.0"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        json_auto_t *order = parsed(ORDER);

        json_object_set_new(value_at(order, "lines/0"), rows[i].key, parsed(rows[i].value));

        json_auto_t *body = body_of(order);

        check_value(value_at(body, "orderLines/0"), rows[i].path, rows[i].sent);
    }
}

TEST(an_order_without_lines_has_an_empty_list)
{
    static const char *const lines[] = {"null", "[]", "\"x\""};

    for (size_t i = 0; i < ARRAY_LENGTH(lines); i++) {
        json_auto_t *order = parsed(ORDER);

        json_object_set_new(order, "lines", parsed(lines[i]));

        json_auto_t *body = body_of(order);

        check_value(body, "orderLines", "[]");
    }
}

TEST(an_order_is_found_by_its_exact_identity)
{
    static const char *const rows[][2] = {
        {"[]", NULL},
        {"[{\"id\":\"a\",\"externalId\":\"3b0f\"}]", "a"},
        {"[{\"id\":\"a\",\"externalId\":\"3b0f1\"},{\"id\":\"b\",\"externalId\":\"3b0f\"}]", "b"},
        {"[{\"id\":\"a\",\"externalId\":\"3B0F\"},{\"id\":\"b\"},{\"id\":\"c\",\"externalId\":{}}]",
         NULL},
        {"[{\"id\":\"a\",\"externalId\":\"3b0f\",\"archived\":true},"
         "{\"id\":\"b\",\"externalId\":\"3b0f\",\"archived\":false},"
         "{\"id\":\"c\",\"externalId\":\"3b0f\"}]",
         "b"},
        {"[{\"id\":\"a\",\"externalId\":\"3b0f\",\"archived\":true}]", "a"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        json_auto_t *list = parsed(rows[i][0]);
        AUTO(free) char *id = boekuwzending_order_find(list, "3b0f");

        check_text(rows[i][0], id, rows[i][1]);
    }
}
