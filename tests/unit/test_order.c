#include "tests/unit/kind_helpers.h"

#include "worker/api/shop/order.h"

static void read_text(const char *text, struct order *ret_order)
{
    struct error err = ERROR_INIT;

    if (!order_read(text, strlen(text), ret_order, &err)) {
        fail_msg("%s: %s", text, err.text);
    }
}

TEST(the_facts_of_an_order_are_read)
{
    AUTO(free) char *text = fixture_text("order_b2c.json");
    AUTO(order) struct order order;
    json_auto_t *credits = NULL;

    read_text(text, &order);
    check_text("number", order.number, "20411");
    check_text("uuid", order.uuid, "3b0f6a52-7c1e-4d7e-9a57-0c7f5b7a1101");
    assert_true(order.has_status && order.status == 3 && order.paid);
    assert_false(order.archived || order.credit);
    assert_string_equal(order.date, "2026-11-20");
    assert_string_equal(order.time, "19:42:07");
    assert_null(order.mended.text);
    credits = order_credit_numbers(&order);
    assert_int_equal(json_array_size(credits), 0);
}

TEST(an_integer_number_is_text_too)
{
    AUTO(free) char *text = fixture_text("order_b2b_belgium.json");
    AUTO(order) struct order order;

    read_text(text, &order);
    check_text("number", order.number, "20412");
    assert_false(order.paid);
    assert_int_equal(order.status, 1);
}

TEST(the_official_example_is_read)
{
    AUTO(free) char *text = fixture_text("order_official.json");
    AUTO(order) struct order order;

    read_text(text, &order);
    check_text("number", order.number, "27");
    assert_true(order.paid); /* payment_status captured */
}

TEST(a_test_order_with_php_oddities_is_read)
{
    AUTO(free) char *text = fixture_text("order_test.json");
    AUTO(order) struct order order;

    read_text(text, &order);
    check_text("number", order.number, "T-57");
    assert_true(order_number_is_test(order.number));
    assert_int_equal(order.status, 1);
    assert_false(order.paid || order.credit || order.archived);
}

TEST(only_the_mark_of_a_test_order_makes_one)
{
    static const char *const tests[] = {"T-57",      "57-T",      "t-57",  "57T-",
                                        "57-t",      "T-",        "57-T-", "T\u201157",
                                        "57\u2013t", "\uFF34-57", "-t"};
    static const char *const others[] = {
        "57",    "W-1805", "T57",  "57T", "AT-57",    "57-AT",
        "57-TT", "-5",     "5.0",  "5 7", "5e3",      "abc",
        "T",     "-",      "T_57", "",    "2026T-57", "99999999999999999999999"};

    for (size_t i = 0; i < ARRAY_LENGTH(tests); i++) {
        ROW_CHECK(tests[i], order_number_is_test(tests[i]));
    }
    for (size_t i = 0; i < ARRAY_LENGTH(others); i++) {
        ROW_CHECK(others[i], !order_number_is_test(others[i]));
    }
}

/* A number is never cut to another one, nor rounded to it. */
TEST(a_number_is_whole_or_refused)
{
    static const struct {
        const char *json;
        const char *number;
        bool is_unfit;
    } rows[] = {
        {"\"W-1805\"", "W-1805", false},
        {"9223372036854775807", "9223372036854775807", false},
        {"9223372036854775808", "9223372036854775808", false},
        {"18446744073709551617", "18446744073709551617", false},
        {"\"18446744073709551617\"", "18446744073709551617", false},
        {"1234567890123456789012345678901234567890", "1234567890123456789012345678901234567890",
         false},
        {"12345678901234567890123456789012345678901", NULL, true},
        {"\"1234567890123456789012345678901234567890\"", "1234567890123456789012345678901234567890",
         false},
        {"\"12345678901234567890123456789012345678901\"", NULL, true},
        {"\"1234567890123456789012345678901234567890 1\"", NULL, true},
        {"\" 20411 \"", "20411", false},
        {"20411.0", "20411", false},
        {"1e3", "1000", false},
        {"20411.5", NULL, true},
        {"1e20", NULL, true},
        {"\"1e20\"", "1e20", false},
        {"\"#1001\"", "#1001", false},
        {"\"WEB 1001\"", "WEB 1001", false},
        {"\"ORDER-02466-60903-00001\"", "ORDER-02466-60903-00001", false},
        {"\"B2026/0001\"", "B2026/0001", false},
        {"\"QUOTEWEBSHOP-HALEK72kL\"", "QUOTEWEBSHOP-HALEK72kL", false},
        {"\"..\"", NULL, true},
        {"-5", "-5", false},
        {"null", NULL, false},
        {"\"\"", NULL, false},
        {"[]", NULL, false},
        {"{\"value\":5}", NULL, false},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        AUTO(free) char *text = xasprintf("{\"number\":%s,\"status\":3}", rows[i].json);
        AUTO(free)
        char *beside =
            xasprintf("{\"number\":%s,\"status\":3,\"id\":99999999999999999999}", rows[i].json);
        AUTO(order) struct order order;
        AUTO(order) struct order other;

        read_text(text, &order);
        check_text(rows[i].json, order.number, rows[i].number);
        ROW_CHECK(rows[i].json, order.is_number_unfit == rows[i].is_unfit);
        read_text(beside, &other);
        check_text(beside, other.number, rows[i].number);
        ROW_CHECK(beside, other.has_status && other.status == 3);
    }
}

TEST(facts_are_read_from_values_of_any_type)
{
    static const struct {
        const char *text;
        const char *number;
        bool has_status;
        bool archived;
        bool credit;
        bool paid;
        const char *date;
        const char *time;
    } rows[] = {
        {"{}", NULL, false, false, false, false, "", "00:00:00"},
        {"{\"number\":[],\"uuid\":{},\"status\":[],\"archived\":\"\",\"date\":7,\"time\":[]}", NULL,
         false, false, false, false, "", "00:00:00"},
        {"{\"number\":5.0,\"status\":\"3\",\"archived\":\"1\"}", "5", true, true, false, true, "",
         "00:00:00"},
        {"{\"credited_order_number\":28}", NULL, false, false, true, false, "", "00:00:00"},
        {"{\"credited_order_number\":\"T-28\"}", NULL, false, false, true, false, "", "00:00:00"},
        {"{\"credited_order_number\":\"0\"}", NULL, false, false, false, false, "", "00:00:00"},
        {"{\"credited_order_number\":[]}", NULL, false, false, false, false, "", "00:00:00"},
        {"{\"payment\":{\"status\":{\"id\":\"1\"}}}", NULL, false, false, false, true, "",
         "00:00:00"},
        {"{\"payment\":{\"status\":{\"id\":7}}}", NULL, false, false, false, false, "", "00:00:00"},
        {"{\"payment\":\"captured\",\"payment_status\":\"Captured\"}", NULL, false, false, false,
         true, "", "00:00:00"},
        {"{\"date\":\"2026-02-29\",\"time\":\"24:00:00\"}", NULL, false, false, false, false, "",
         "00:00:00"},
        {"{\"date\":\"2028-02-29\",\"time\":\"23:59:59\"}", NULL, false, false, false, false,
         "2028-02-29", "23:59:59"},
        {"{\"date\":\"2026-11-20T10:11:12\",\"time\":\"9:00\"}", NULL, false, false, false, false,
         "2026-11-20", "00:00:00"},
        {"{\"date\":\"20-11-2026\"}", NULL, false, false, false, false, "", "00:00:00"},
        {"{\"date\":\"0000-00-00\"}", NULL, false, false, false, false, "", "00:00:00"},
        {"{\"date\":\"2026-13-01\"}", NULL, false, false, false, false, "", "00:00:00"},
        {"{\"date\":\"2026-1\"}", NULL, false, false, false, false, "", "00:00:00"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        AUTO(order) struct order order;

        read_text(rows[i].text, &order);
        check_text(rows[i].text, order.number, rows[i].number);
        ROW_CHECK(rows[i].text, order.uuid == NULL);
        ROW_CHECK(rows[i].text, order.has_status == rows[i].has_status);
        ROW_CHECK(rows[i].text, order.archived == rows[i].archived);
        ROW_CHECK(rows[i].text, order.credit == rows[i].credit);
        ROW_CHECK(rows[i].text, order.paid == rows[i].paid);
        check_text(rows[i].text, order.date, rows[i].date);
        check_text(rows[i].text, order.time, rows[i].time);
    }
}

TEST(a_uuid_must_have_its_form)
{
    static const char *const rows[][2] = {
        {"\"3B0F6A52-7C1E-4D7E-9A57-0C7F5B7A1101\"", "3b0f6a52-7c1e-4d7e-9a57-0c7f5b7a1101"},
        {"\" 3b0f6a52-7c1e-4d7e-9a57-0c7f5b7a1101 \"", "3b0f6a52-7c1e-4d7e-9a57-0c7f5b7a1101"},
        {"\"3b0f6a52-7c1e-4d7e-9a57-0c7f5b7a1101x\"", NULL},
        {"\"20411\"", NULL},
        {"20411", NULL},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        AUTO(free) char *text = xasprintf("{\"uuid\":%s}", rows[i][0]);
        AUTO(order) struct order order;

        read_text(text, &order);
        check_text(rows[i][0], order.uuid, rows[i][1]);
    }
}

TEST(credit_numbers_come_in_many_forms)
{
    static const char *const rows[][2] = {
        {"[99,101]", "[\"99\",\"101\"]"},
        {"[\"99\",null,[],{}]", "[\"99\"]"},
        {"{\"0\":99,\"2\":\"101\"}", "[\"99\",\"101\"]"},
        {"99", "[\"99\"]"},
        {"\"99\"", "[\"99\"]"},
        {"[]", "[]"},
        {"{}", "[]"},
        {"null", "[]"},
        {"0", "[]"},
        {"\"\"", "[]"},
        {"{\"a\":1}", "[\"{\\\"a\\\":1}\"]"},
        {"[[9],{},[]]", "[\"[9]\"]"},
        {"\"geen\"", "[\"geen\"]"},
        {"true", "[]"},
        {"[18446744073709551617]", "[\"18446744073709551617\"]"},
        {"[12345678901234567890123456789012345678901,7]", "[\"7\"]"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        AUTO(free) char *text = xasprintf("{\"credit_order_numbers\":%s}", rows[i][0]);
        AUTO(order) struct order order;

        read_text(text, &order);

        json_auto_t *numbers = order_credit_numbers(&order);
        AUTO(free) char *dump = json_dumps(numbers, JSON_COMPACT);

        check_text(rows[i][0], dump, rows[i][1]);
    }
}

TEST(what_is_no_object_is_refused)
{
    static const char *const rows[] = {"", "null", "[]", "7", "\"x\"", "{", "{\"a\":}", "{}{}"};

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        AUTO(order) struct order order;
        struct error err = ERROR_INIT;

        ROW_CHECK(rows[i], !order_read(rows[i], strlen(rows[i]), &order, &err));
        ROW_CHECK(rows[i], order.json == NULL && err.code == ERROR_DATA);
    }
}
