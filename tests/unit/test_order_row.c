#include "tests/unit/kind_helpers.h"

#include "worker/api/shop/order_row.h"
#include "worker/api/text/lenient.h"

static const struct order_defaults no_defaults = {.region_code = NULL, .weight_kg = 0};

/* Reads the text, maps it, and returns the row as JSON. */
static json_t *row_of(const char *text, const struct order_defaults *defaults)
{
    AUTO(order) struct order order;
    struct order_slice slice = {.text = text, .length = strlen(text)};
    json_auto_t *fields = NULL;
    struct mended mended;
    struct error err = ERROR_INIT;
    size_t length = 0;

    slice.hash = order_page_hash(text, slice.length);
    if (!order_read(text, slice.length, &order, &err)) {
        fail_msg("%s: %s", text, err.text);
    }
    assert_int_equal(order_map(&order, defaults, &fields), ORDER_COMPLETE);

    AUTO(free) char *row_text = order_row(&order, fields, &slice, &length);
    json_t *row = lenient_parse(row_text, length, &mended, &err);

    assert_int_equal(strlen(row_text), length);
    if (row == NULL || mended.text != NULL) {
        fail_msg("%s: %s", row_text, err.text);
    }
    assert_true(json_integer_value(json_object_get(row, "payload_hash")) == (int64_t)slice.hash);
    return row;
}

static void check_list(json_t *row, const char *const (*members)[2], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        check_member(row, members[i][0], members[i][1]);
    }
}

TEST(a_dutch_order_is_mapped)
{
    static const char *const members[][2] = {
        {"order_uuid", "3b0f6a52-7c1e-4d7e-9a57-0c7f5b7a1101"},
        {"order_number", "20411"},
        {"ordered_at", "2026-11-20 19:42:07"},
        {"name", "Fenna Testveld"},
        {"company", NULL},
        {"email", "fenna.testveld@example.org"},
        {"phone", "+31612345678"},
        {"street", "Voorbeeldlaan"},
        {"number", "14"},
        {"number_addition", "bis"},
        {"address_line", NULL},
        {"postcode", "3511ZZ"},
        {"city", "Utrecht"},
        {"country", "NL"},
        {"total", "50.00"},
        {"currency", "EUR"},
        {"business_model", "B2C"},
        {"reference", NULL},
        {"customer_comment", "Graag bij de buren op 16"},
    };
    AUTO(free) char *text = fixture_text("order_b2c.json");
    json_auto_t *row = row_of(text, &no_defaults);
    json_t *line = json_array_get(json_object_get(row, "lines"), 0);

    check_list(row, members, ARRAY_LENGTH(members));
    assert_int_equal(json_integer_value(json_object_get(row, "shop_status")), 3);
    assert_true(json_is_true(json_object_get(row, "private_address")));
    assert_true(json_is_true(json_object_get(row, "paid")));
    assert_true(json_real_value(json_object_get(row, "weight_kg")) == 0.85);
    assert_int_equal(json_integer_value(json_object_get(row, "line_count")), 1);
    check_member(line, "line_id", "9d0b4f7e-51d4-4c53-a8f1-000000000001");
    check_member(line, "unit_price", "22.50");
    check_member(line, "sku", "TP-BL");
    assert_int_equal(json_integer_value(json_object_get(line, "quantity")), 2);
    assert_int_equal(json_object_size(row), 31);
}

TEST(a_belgian_business_order_is_mapped)
{
    static const char *const members[][2] = {
        {"order_number", "20412"},
        {"name", "Magazijn t.a.v. J. Proef"},
        {"company", "Fictief Opslag NV"},
        {"phone", "+31130000000"},
        {"street", "Havenstraat"},
        {"number", "220"},
        {"number_addition", "bus 3"},
        {"postcode", "2030"},
        {"country", "BE"},
        {"total", "310.00"},
        {"reference", "PO-7731"},
        {"customer_comment", NULL},
    };
    AUTO(free) char *text = fixture_text("order_b2b_belgium.json");
    json_auto_t *row = row_of(text, &no_defaults);

    check_list(row, members, ARRAY_LENGTH(members));
    assert_true(json_is_false(json_object_get(row, "private_address")));
    assert_true(json_is_false(json_object_get(row, "paid")));
    assert_true(json_real_value(json_object_get(row, "weight_kg")) == 12.4);
    check_member(json_array_get(json_object_get(row, "lines"), 0), "kind", "custom");
}

/* It has a point of sale, and a country to ship to. */
TEST(the_official_example_is_mapped)
{
    static const char *const members[][2] = {
        {"order_number", "27"},
        {"name", "Truus voorbeeldig"},
        {"company", "Voorbeeldig BV"},
        {"phone", "+31612345678"},
        {"street", "Molenstraat"},
        {"number", "62"},
        {"number_addition", NULL},
        {"country", "NL"},
        {"total", "47.45"},
        {"reference", "MOS103271"},
        {"customer_comment", "Please send quickly!"},
    };
    AUTO(free) char *text = fixture_text("order_official.json");
    char *sold = strstr(text, "\"offline_location_id\"");

    sold[1] = '_'; /* a member that nobody reads: as an order of the web shop */
    json_auto_t *row = row_of(text, &no_defaults);

    check_list(row, members, ARRAY_LENGTH(members));
    assert_int_equal(json_array_size(json_object_get(row, "lines")), 4);
    check_member(json_array_get(json_object_get(row, "lines"), 1), "unit_price", "4.95");
    assert_true(json_real_value(json_object_get(row, "weight_kg")) == 1);
}

/* The order of the fixture with one member changed (`value` is JSON), mapped. */
static json_t *row_with(const char *key, const char *value, const struct order_defaults *defaults)
{
    json_auto_t *order = load_fixture("order_b2c.json");

    json_object_set_new(order, key, json_loads(value, JSON_DECODE_ANY, NULL));

    AUTO(free) char *text = json_dumps(order, JSON_COMPACT);

    return row_of(text, defaults);
}

/* Fails unless the row's warnings are just this one; NULL: unless it has none. */
static void check_warning(const char *what, json_t *row, const char *code)
{
    json_t *warnings = json_object_get(row, "warnings");

    ROW_CHECK(what, json_array_size(warnings) == (code != NULL ? 1 : 0));
    ROW_CHECK(what, code != NULL || warnings == NULL);
    if (code != NULL) {
        check_text(what, json_string_value(json_array_get(warnings, 0)), code);
    }
}

/* The lines of the fixture weigh 0.85 kg together. */
TEST(the_weight_is_the_orders_else_that_of_its_lines)
{
    static const struct {
        const char *weight;
        double expected;
        bool is_warned;
    } rows[] = {
        {"\"0.9\"", 0.9, false},
        {"12.4", 12.4, false},
        {"\"0\"", 0.85, false},
        {"0", 0.85, false},
        {"\"\"", 0.85, false},
        {"null", 0.85, false},
        {"[]", 0.85, false},
        {"0.001", 0.1, false},
        {"1.23456", 1.235, false},
        {"0.00001", 0.1, false},
        {"\"1.234,50\"", 1234.5, false},
        {"\"1,234.50\"", 1234.5, false},
        {"\"1.0E-1\"", 0.1, false},
        {"\"veel\"", 0.85, true},
        {"\"12 kg\"", 0.85, true},
        {"-5", 0.85, true},
        {"[12]", 0.85, true},
        {"1e300", 99999.999, true},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        const struct order_defaults defaults = {.weight_kg = 2};
        json_auto_t *row = row_with("weight", rows[i].weight, &defaults);

        ROW_CHECK(rows[i].weight,
                  json_real_value(json_object_get(row, "weight_kg")) == rows[i].expected);
        check_warning(rows[i].weight, row, rows[i].is_warned ? "weight_not_understood" : NULL);
    }
}

TEST(the_default_weight_counts_when_nobody_weighed_anything)
{
    static const struct {
        const char *lines;
        double fallback;
        double expected;
        bool is_warned;
    } rows[] = {
        {"[{\"type\":\"article\"}]", 2, 2, false},
        {"[{\"type\":\"article\"}]", 0, 1, false},
        {"[{\"type\":\"article\"}]", 0.05, 0.1, false},
        {"[{\"type\":\"article\",\"weight\":\"0\"}]", 2, 2, false},
        {"[{\"type\":\"article\",\"weight\":\"zwaar\"}]", 2, 2, true},
        {"[{\"type\":\"article\",\"quantity\":4,\"weight\":\"12.4\"},{\"type\":\"custom\"}]", 2,
         12.4, false},
        {"[{\"type\":\"custom\",\"quantity\":3,\"unit_weight\":\"0,5\"}]", 2, 1.5, false},
        {"[{\"type\":\"article\",\"weight\":0.02}]", 2, 0.1, false},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        const struct order_defaults defaults = {.weight_kg = rows[i].fallback};
        json_auto_t *order = load_fixture("order_b2c.json");

        json_object_del(order, "weight");
        json_object_set_new(order, "orderlines", json_loads(rows[i].lines, 0, NULL));

        AUTO(free) char *text = json_dumps(order, JSON_COMPACT);
        json_auto_t *row = row_of(text, &defaults);

        ROW_CHECK(rows[i].lines,
                  json_real_value(json_object_get(row, "weight_kg")) == rows[i].expected);
        check_warning(rows[i].lines, row, rows[i].is_warned ? "weight_not_understood" : NULL);
    }
}

TEST(a_number_that_is_not_understood_is_warned_of)
{
    static const struct {
        const char *key;
        const char *value;
        const char *field;
        const char *text;
        const char *warning;
    } rows[] = {
        {"price", "{\"total\":\"1.234,50\"}", "total", "1234.50", NULL},
        {"price", "{\"total\":\"1,234.50\"}", "total", "1234.50", NULL},
        {"price", "{\"total\":null}", "total", NULL, NULL},
        {"price", "[]", "total", NULL, NULL},
        {"price", "{\"total\":\"op aanvraag\"}", "total", NULL, "amount_not_understood"},
        {"price", "{\"total\":1e12}", "total", NULL, "amount_not_understood"},
        {"price", "\"50.00\"", "total", NULL, "amount_not_understood"},
        {"credit_order_numbers", "{\"value\":9}", "reference", NULL, "credits_not_understood"},
        {"orderlines", "[{\"type\":\"article\",\"quantity\":\"twee\"}]", "total", "50.00",
         "quantity_not_understood"},
        {"orderlines", "[{\"type\":\"article\",\"price\":{\"amount_including_tax\":\"?\"}}]",
         "total", "50.00", "amount_not_understood"},
        {"currency", "\"SEK\"", "currency", "SEK", NULL},
        {"currency", "\"sek\"", "currency", "SEK", NULL},
        {"currency", "null", "currency", NULL, NULL},
        {"currency", "\"Euro\"", "currency", "Eur", "currency_not_understood"},
        {"currency", "\"kr\"", "currency", "kr", "currency_not_understood"},
        {"currency", "\"\\u20ac\"", "currency", "\xE2\x82\xAC", "currency_not_understood"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        json_auto_t *row = row_with(rows[i].key, rows[i].value, &no_defaults);

        check_text(rows[i].value, member_text(row, rows[i].field), rows[i].text);
        check_warning(rows[i].value, row, rows[i].warning);
    }
}

/* The content hash of an order with one member changed; to be freed. */
static char *hash_with(const char *key, json_t *value)
{
    json_auto_t *order = load_fixture("order_b2c.json");

    if (key != NULL) {
        json_object_set_new(order, key, value);
    }

    AUTO(free) char *text = json_dumps(order, JSON_COMPACT);
    json_auto_t *row = row_of(text, &no_defaults);

    return xstrdup(member_text(row, "content_hash"));
}

#define A_LINE(text) "[{\"type\":\"article\",\"description\":\"" text "\"}]"

TEST(the_content_hash_changes_with_the_mapped_fields_only)
{
    AUTO(free) char *same = hash_with(NULL, NULL);
    AUTO(free) char *unmapped = hash_with("discountcode", json_string("korting"));
    AUTO(free) char *as_number = hash_with("number", json_integer(20411));
    AUTO(free) char *changed = hash_with("weight", json_string("0.86"));
    AUTO(free) char *small = hash_with("orderlines", json_loads(A_LINE("maat: S"), 0, NULL));
    AUTO(free) char *medium = hash_with("orderlines", json_loads(A_LINE("maat: M"), 0, NULL));

    assert_int_equal(strlen(same), 32);
    check_text("unmapped", unmapped, same);
    check_text("as number", as_number, same);
    assert_string_not_equal(changed, same);
    assert_string_not_equal(small, medium);
}

TEST(mapped_texts_have_no_control_characters)
{
    json_auto_t *order = load_fixture("order_b2c.json");
    json_t *delivery =
        json_object_get(json_object_get(json_object_get(order, "debtor"), "address"), "delivery");

    json_object_set_new(delivery, "name", json_string("Fenna\x01\n\x7F Testveld\t"));
    json_object_set_new(json_object_get(order, "comments"), "customer",
                        json_string("regel 1\r\nregel 2"));

    AUTO(free) char *text = json_dumps(order, JSON_COMPACT);
    json_auto_t *row = row_of(text, &no_defaults);

    check_member(row, "name", "Fenna Testveld");
    check_member(row, "customer_comment", "regel 1 regel 2");
}

TEST(gaps_are_told)
{
    static const struct {
        const char *text;
        enum order_gap gap;
    } rows[] = {
        {"{}", ORDER_NOTHING_TO_SHIP},
        {"{\"orderlines\":[{\"type\":\"payment\"}]}", ORDER_NOTHING_TO_SHIP},
        {"{\"orderlines\":[{\"type\":\"article\"}],\"offline_location_id\":\"x\"}",
         ORDER_OF_POINT_OF_SALE},
        {"{\"orderlines\":[{\"type\":\"article\"}],\"offline_location_id\":[]}", ORDER_NO_ADDRESS},
        {"{\"orderlines\":[{\"type\":\"article\"}]}", ORDER_NO_ADDRESS},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        AUTO(order) struct order order;
        json_t *fields = NULL;

        assert_true(order_read(rows[i].text, strlen(rows[i].text), &order, NULL));
        ROW_CHECK(rows[i].text, order_map(&order, &no_defaults, &fields) == rows[i].gap);
        ROW_CHECK(rows[i].text, fields == NULL);
    }
}
