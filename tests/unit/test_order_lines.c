#include "tests/unit/kind_helpers.h"

#include "worker/api/shop/order_lines.h"

/* Maps {"orderlines": <lines>} and returns the fields. */
static json_t *map_lines(const char *lines, struct order_goods *ret_goods)
{
    AUTO(free) char *text = xasprintf("{\"orderlines\":%s}", lines);
    json_auto_t *order = json_loads(text, 0, NULL);
    json_t *fields = json_object();

    if (order == NULL) {
        fail_msg("no JSON: %s", text);
    }

    bool has_goods = order_lines_map(order, fields, ret_goods);

    assert_int_equal(has_goods, ret_goods->count > 0);
    return fields;
}

TEST(only_goods_with_a_quantity_are_lines)
{
    static const struct {
        const char *lines;
        size_t count;
    } rows[] = {
        {"[{\"type\":\"article\",\"quantity\":1}]", 1},
        {"[{\"type\":\"Custom\",\"quantity\":\"2\"}]", 1},
        {"{\"type\":\"article\",\"quantity\":1}", 1},
        {"{\"0\":{\"type\":\"article\",\"quantity\":1},\"3\":{\"type\":\"custom\"}}", 2},
        {"[{\"type\":\"article\"}]", 1},
        {"[{\"articles\":[{\"id\":1}],\"quantity\":1}]", 1},
        {"[{\"type\":\"article\",\"quantity\":0}]", 0},
        {"[{\"type\":\"article\",\"quantity\":-1}]", 0},
        {"[{\"type\":\"payment\",\"quantity\":1},{\"type\":\"shipping\",\"quantity\":1}]", 0},
        {"[{\"type\":\"discount\",\"quantity\":1},{\"type\":7},{\"quantity\":1}]", 0},
        {"[{\"type\":\"bundle\",\"articles\":[{\"id\":1}],\"quantity\":1}]", 1},
        {"[{\"type\":\"bundle\",\"articles\":[],\"quantity\":1}]", 0},
        {"[{\"type\":\"Payment\",\"articles\":[{\"id\":1}],\"quantity\":1},"
         "{\"type\":\"digital\",\"articles\":[{\"id\":1}],\"quantity\":1}]",
         0},
        {"[]", 0},
        {"null", 0},
        {"\"\"", 0},
        {"[null,7,\"x\",[],{}]", 0},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct order_goods goods;
        json_auto_t *fields = map_lines(rows[i].lines, &goods);

        ROW_CHECK(rows[i].lines, goods.count == rows[i].count);
        ROW_CHECK(rows[i].lines, json_array_size(json_object_get(fields, "lines")) == goods.count);
        ROW_CHECK(rows[i].lines, (json_object_size(fields) == 0) == (goods.count == 0));
    }
}

TEST(weight_and_price_are_those_of_a_piece)
{
    static const struct {
        const char *line; /* members beside the type */
        int quantity;
        double weight; /* 0: null */
        const char *price;
    } rows[] = {
        {"\"quantity\":2,\"weight\":\"0.85\",\"price\":{\"amount_including_tax\":\"45.00\"}", 2,
         0.425, "22.50"},
        {"\"quantity\":3,\"weight\":1,\"price\":{\"amount_including_tax\":10}", 3, 0.333, "3.3333"},
        {"\"quantity\":1,\"price\":[{\"amount\":100,\"rate\":21},{\"amount\":\"10\",\"rate\":\"9\"}"
         "]",
         1, 0, "131.90"},
        {"\"quantity\":2,\"weight\":\"\",\"unit_weight\":\"1,5\",\"unit_price\":{\"amount\":1,"
         "\"rate\":0}",
         2, 1.5, "1.00"},
        {"\"quantity\":1.2,\"weight\":0", 2, 0, NULL},
        {"\"quantity\":1,\"weight\":\"0.0001\",\"price\":{}", 1, 0, NULL},
        {"\"quantity\":1,\"weight\":-4,\"price\":[]", 1, 0, NULL},
        {"\"quantity\":99999999999,\"weight\":\"zwaar\",\"price\":\"duur\"", 1000000, 0, NULL},
        {"\"quantity\":1,\"weight\":1e300,\"price\":{\"amount_including_tax\":1e300}", 1, 99999.999,
         NULL},
        {"\"price\":{\"amount\":5}", 1, 0, NULL},
        {"\"price\":{\"amount_including_tax\":\"-5.10\"}", 1, 0, "-5.10"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct order_goods goods;
        AUTO(free) char *text = xasprintf("[{\"type\":\"article\",%s}]", rows[i].line);
        json_auto_t *fields = map_lines(text, &goods);
        json_t *line = json_array_get(json_object_get(fields, "lines"), 0);
        json_t *weight = json_object_get(line, "weight_kg");

        ROW_CHECK(rows[i].line, goods.count == 1);
        ROW_CHECK(rows[i].line,
                  json_integer_value(json_object_get(line, "quantity")) == rows[i].quantity);
        ROW_CHECK(rows[i].line, json_real_value(weight) == rows[i].weight);
        ROW_CHECK(rows[i].line, json_is_null(weight) == (rows[i].weight == 0));
        check_text(rows[i].line, member_text(line, "unit_price"), rows[i].price);
    }
}

TEST(the_goods_weigh_what_their_lines_do)
{
    static const struct {
        const char *lines;
        double weight;
        bool is_strange;
    } rows[] = {
        {"[{\"type\":\"article\",\"quantity\":2,\"weight\":\"12.4\"}]", 12.4, false},
        {"[{\"type\":\"custom\",\"quantity\":3,\"unit_weight\":\"1,5\"}]", 4.5, false},
        {"[{\"type\":\"article\",\"weight\":1.5},{\"type\":\"article\"},"
         "{\"type\":\"article\",\"quantity\":2,\"weight\":0,\"unit_weight\":0.25}]",
         2, false},
        {"[{\"type\":\"article\",\"weight\":1},{\"type\":\"shipping\",\"weight\":7},"
         "{\"type\":\"article\",\"quantity\":0,\"weight\":9}]",
         1, false},
        {"[{\"type\":\"article\",\"quantity\":1,\"weight\":\"1.234,50\"}]", 1234.5, false},
        {"[{\"type\":\"article\",\"weight\":\"\"}]", 0, false},
        {"[{\"type\":\"article\",\"weight\":\"zwaar\"},{\"type\":\"article\",\"weight\":2}]", 2,
         true},
        {"[{\"type\":\"article\",\"weight\":\"2 kg\",\"unit_weight\":2}]", 2, true},
        {"[{\"type\":\"article\",\"weight\":-1}]", 0, true},
        {"[{\"type\":\"article\",\"weight\":{\"kg\":2}}]", 0, true},
        {"[{\"type\":\"article\",\"weight\":100000}]", 100000, true},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct order_goods goods;
        json_auto_t *fields = map_lines(rows[i].lines, &goods);

        ROW_CHECK(rows[i].lines, fields != NULL && goods.weight_kg == rows[i].weight);
        ROW_CHECK(rows[i].lines, goods.is_weight_strange == rows[i].is_strange);
        ROW_CHECK(rows[i].lines, !goods.is_amount_strange && !goods.is_quantity_strange);
    }
}

TEST(what_is_no_quantity_or_amount_is_told)
{
    static const struct {
        const char *line; /* members beside the type */
        bool is_quantity;
        bool is_amount;
    } rows[] = {
        {"\"quantity\":\"2\",\"price\":{\"amount_including_tax\":\"1.234,50\"}", false, false},
        {"\"quantity\":null,\"price\":[],\"unit_price\":{}", false, false},
        {"\"quantity\":\"drie\"", true, false},
        {"\"quantity\":[3]", true, false},
        {"\"quantity\":99999999999", true, false},
        {"\"price\":{\"amount_including_tax\":\"veel\"}", false, true},
        {"\"price\":{\"amount\":\"5\",\"rate\":\"hoog\"}", false, true},
        {"\"price\":{\"amount_including_tax\":\"?\",\"amount\":10,\"rate\":21}", false, false},
        {"\"price\":{\"amount\":5}", false, false},
        {"\"price\":\"45.00\"", false, true},
        {"\"price\":[7]", false, true},
        {"\"price\":{\"amount_including_tax\":1e11}", false, true},
        {"\"unit_price\":{\"amount_including_tax\":\"x\"}", false, true},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct order_goods goods;
        AUTO(free) char *text = xasprintf("[{\"type\":\"article\",%s}]", rows[i].line);
        json_auto_t *fields = map_lines(text, &goods);

        ROW_CHECK(rows[i].line, fields != NULL && goods.count == 1);
        ROW_CHECK(rows[i].line, goods.is_quantity_strange == rows[i].is_quantity);
        ROW_CHECK(rows[i].line, goods.is_amount_strange == rows[i].is_amount);
    }
}

TEST(texts_come_from_the_line_or_its_article)
{
    struct order_goods goods;
    json_auto_t *fields =
        map_lines("[{\"type\":\"payment\"},{\"type\":\"article\",\"id\":\"L1\",\"description\":"
                  "\"Theepot\\n blauw\",\"articles\":[{\"sku\":\"TP-BL\",\"description\":\"x\"}]},"
                  "{\"type\":\"article\",\"articles\":{\"sku\":7,\"description\":\"Kop\"}},"
                  "{\"type\":\"custom\",\"articles\":[]}]",
                  &goods);
    json_t *lines = json_object_get(fields, "lines");
    json_t *first = json_array_get(lines, 0);
    json_t *second = json_array_get(lines, 1);
    json_t *third = json_array_get(lines, 2);

    assert_int_equal(goods.count, 3);
    assert_int_equal(json_integer_value(json_object_get(fields, "line_count")), 3);
    assert_int_equal(json_integer_value(json_object_get(first, "position")), 1);
    assert_int_equal(json_integer_value(json_object_get(third, "position")), 3);
    check_member(first, "line_id", "L1");
    check_member(first, "kind", "article");
    check_member(first, "description", "Theepot blauw");
    check_member(first, "sku", "TP-BL");
    check_member(second, "description", "Kop");
    check_member(second, "sku", "7");
    check_member(third, "kind", "custom");
    check_member(third, "description", NULL);
    check_member(third, "sku", NULL);
}

TEST(lines_beyond_the_limit_are_counted_only)
{
    size_t length = 0;
    size_t wanted = ORDER_LINES_COUNT + 20;
    AUTO(free) char *text = xcalloc(wanted * 30, 1);
    struct order_goods goods;

    for (size_t i = 0; i < wanted; i++) {
        length +=
            (size_t)snprintf(text + length, 30, "%c{\"type\":\"article\"}", i == 0 ? '[' : ',');
    }
    text[length] = ']';

    json_auto_t *fields = map_lines(text, &goods);

    assert_int_equal(goods.count, wanted);
    assert_int_equal(json_integer_value(json_object_get(fields, "line_count")), wanted);
    assert_int_equal(json_array_size(json_object_get(fields, "lines")), ORDER_LINES_COUNT);
}

TEST(amounts_are_written_for_numeric)
{
    static const struct {
        double amount;
        int decimals;
        const char *text;
    } rows[] = {
        {50, 2, "50.00"},       {47.45, 2, "47.45"}, {0, 2, "0.00"},  {22.5, 4, "22.50"},
        {1.23456, 4, "1.2346"}, {-3, 4, "-3.00"},    {1e10, 2, NULL}, {-1e300, 2, NULL},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        AUTO(free) char *text = order_lines_amount(rows[i].amount, rows[i].decimals);

        check_text(rows[i].text != NULL ? rows[i].text : "large", text, rows[i].text);
    }
    assert_true(order_lines_kilograms(0.8504) == 0.85);
    assert_true(order_lines_kilograms(1e300) == 99999.999);
}
