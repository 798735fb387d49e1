#include "tests/unit/kind_helpers.h"

#include "worker/api/shop/order_fingerprint.h"
#include "worker/api/shop/order_row.h"

/* Two lines: a teapot in two pieces, and a cup. */
#define LINES                                                                                      \
    "[{\"id\":\"1\",\"type\":\"article\",\"quantity\":2,\"weight\":\"0.85\",\"description\":"      \
    "\"Theepot - maat: S\",\"price\":{\"amount_including_tax\":\"45.00\"},\"articles\":[{\"sku\":" \
    "\"TP\"}]},{\"id\":\"2\",\"type\":\"article\",\"quantity\":1,\"description\":\"Kop\"}]"

/* The order of the fixture, with these lines and one member changed (`value` is JSON). */
static void take(const char *key, const char *value, struct order_fingerprint *ret_fingerprint)
{
    static const struct order_defaults defaults = {.region_code = "NL", .weight_kg = 2};
    json_auto_t *json = load_fixture("order_b2c.json");
    json_auto_t *fields = NULL;
    AUTO(order) struct order order = {.json = NULL};
    struct error err = ERROR_INIT;

    json_object_set_new(json, "orderlines", json_loads(LINES, 0, NULL));
    if (key != NULL) {
        json_t *changed = json_loads(value, JSON_DECODE_ANY, NULL);

        if (changed == NULL) {
            fail_msg("'%s' is no JSON", value);
        }
        json_object_set_new(json, key, changed);
    }

    AUTO(free) char *text = json_dumps(json, JSON_COMPACT);

    assert_true(order_read(text, strlen(text), &order, &err));
    assert_int_equal(order_map(&order, &defaults, &fields), ORDER_COMPLETE);
    order_fingerprint_take(&order, fields, ret_fingerprint);
    assert_int_equal(strlen(ret_fingerprint->address), 32);
    assert_int_equal(strlen(ret_fingerprint->goods), 32);
}

/* What changes when one member does. */
static void check_change(const char *key, const char *value, bool address, bool goods)
{
    struct order_fingerprint before;
    struct order_fingerprint after;

    take(NULL, NULL, &before);
    take(key, value, &after);
    ROW_CHECK(value, (strcmp(before.address, after.address) != 0) == address);
    ROW_CHECK(value, (strcmp(before.goods, after.goods) != 0) == goods);
}

static char *debtor(const char *email, const char *phone, const char *street, const char *city)
{
    return xasprintf("{\"email\":\"%s\",\"address\":{\"delivery\":{\"name\":\"Fenna Testveld\","
                     "\"street\":\"%s\",\"number\":\"14\",\"zipcode\":\"3511ZZ\",\"city\":\"%s\","
                     "\"phone\":\"%s\"}}}",
                     email, street, city, phone);
}

TEST(what_no_label_depends_on_changes_neither)
{
    check_change("status", "1", false, false);
    check_change("comments", "{\"customer\":\"Bel aan\"}", false, false);
    check_change("discountcode", "\"korting\"", false, false);
    check_change("payment_status", "\"refunded\"", false, false);
    check_change("reference", "\"PO-1\"", false, false);
    check_change("credit_order_numbers", "[99]", false, false);
}

TEST(another_address_changes_the_address)
{
    AUTO(free) char *base = debtor("f@example.org", "0612345678", "Laan", "Utrecht");
    AUTO(free) char *street = debtor("f@example.org", "0612345678", "Kade", "Utrecht");
    AUTO(free) char *city = debtor("f@example.org", "0612345678", "Laan", "Tilburg");
    AUTO(free) char *phone = debtor("f@example.org", "0687654321", "Laan", "Utrecht");
    AUTO(free) char *email = debtor("g@example.org", "0612345678", "Laan", "Utrecht");
    AUTO(free) char *same = debtor("f@example.org", "06 1234 5678", " Laan ", "Utrecht");
    const char *const others[] = {street, city, phone, email};
    struct order_fingerprint first;
    struct order_fingerprint other;

    take("debtor", base, &first);
    for (size_t i = 0; i < ARRAY_LENGTH(others); i++) {
        take("debtor", others[i], &other);
        ROW_CHECK(others[i], strcmp(first.address, other.address) != 0);
        ROW_CHECK(others[i], strcmp(first.goods, other.goods) == 0);
    }
    take("debtor", same, &other);
    assert_string_equal(first.address, other.address);
}

TEST(other_goods_change_the_goods)
{
    /* Another size at the same price. */
    check_change("orderlines",
                 "[{\"id\":\"1\",\"type\":\"article\",\"quantity\":2,\"weight\":\"0.85\","
                 "\"description\":\"Theepot - maat: M\",\"price\":{\"amount_including_tax\":"
                 "\"45.00\"},\"articles\":[{\"sku\":\"TP\"}]},{\"id\":\"2\",\"type\":\"article\","
                 "\"quantity\":1,\"description\":\"Kop\"}]",
                 false, true);
    check_change("orderlines", "[{\"type\":\"article\"}]", false, true);
    check_change("weight", "\"0.9\"", false, true);
    check_change("price", "{\"total\":\"51.00\"}", false, true);
    check_change("currency", "\"SEK\"", false, true);
}

TEST(the_same_lines_saved_again_are_the_same_goods)
{
    check_change("orderlines",
                 "[{\"id\":\"8\",\"type\":\"custom\",\"quantity\":1,\"description\":\"Kop\"},"
                 "{\"id\":\"9\",\"type\":\"article\",\"quantity\":\"2\",\"weight\":0.850,"
                 "\"description\":\" Theepot - maat: S\",\"price\":[{\"amount_including_tax\":45}],"
                 "\"articles\":{\"sku\":\"TP\"}},{\"type\":\"shipping\",\"quantity\":1}]",
                 false, false);
}

/* Otherwise another setting of the connection would look like another order. */
TEST(a_default_weight_is_no_property_of_the_goods)
{
    static const struct order_defaults defaults[] = {{.weight_kg = 1}, {.weight_kg = 5}};
    struct order_fingerprint fingerprints[2];

    for (size_t i = 0; i < 2; i++) {
        json_auto_t *json = load_fixture("order_b2c.json");
        json_auto_t *fields = NULL;
        AUTO(order) struct order order = {.json = NULL};

        json_object_del(json, "weight");
        json_object_set_new(json, "orderlines", json_loads("[{\"type\":\"article\"}]", 0, NULL));

        AUTO(free) char *text = json_dumps(json, JSON_COMPACT);

        assert_true(order_read(text, strlen(text), &order, NULL));
        assert_int_equal(order_map(&order, &defaults[i], &fields), ORDER_COMPLETE);
        order_fingerprint_take(&order, fields, &fingerprints[i]);
    }
    assert_string_equal(fingerprints[0].goods, fingerprints[1].goods);
}
