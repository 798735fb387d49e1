/* What the poll job does with each order: import it, skip it with a reason, pass it over. */
#include "tests/unit/poll_helpers.h"

/* One poll that gets this page and ends. */
static void poll_page(struct talk *talk, const char *page)
{
    talk_begin(talk, "poll", poll_context(""));
    assert_int_equal(talk_start(talk), STEP_CALL);
    assert_int_equal(talk_list(talk, page), STEP_DONE);
}

/* An order as JSON, changed by the row of a table. */
static char *changed_order(const char *key, const char *value)
{
    json_auto_t *order = load_fixture("order_b2c.json");

    json_object_set_new(order, "status", json_integer(1));
    json_object_set_new(order, "payment", json_null());
    json_object_set_new(order, "payment_status", json_null());
    if (value == NULL) {
        json_object_del(order, key);
    } else {
        json_object_set_new(order, key, json_loads(value, JSON_DECODE_ANY, NULL));
    }
    return json_dumps(order, JSON_COMPACT);
}

/* An order with one member changed, and what becomes of it. */
static const struct {
    const char *key;
    const char *value;
    const char *code; /* NULL: imported; "": passed over */
} decisions[] = {
    {"number", "\"20411\"", NULL},
    {"number", "20411", NULL},
    {"number", "\"T-20411\"", "test_order"},
    {"number", "\"20411-t\"", "test_order"},
    {"number", "\"20411T-\"", "test_order"},
    {"number", "\"A20411\"", NULL},
    {"number", "\"W-1805\"", NULL},
    {"number", "-1", NULL},
    {"number", "12345678901234567890", NULL},
    {"number", "\"12345678901234567890123456789012345678901\"", "unreadable"},
    {"number", "20411.5", "unreadable"},
    {"number", NULL, "unreadable"},
    {"number", "[]", "unreadable"},
    {"uuid", NULL, "unreadable"},
    {"uuid", "\"20411\"", "unreadable"},
    {"credited_order_number", "28", "credit_order"},
    {"credited_order_number", "0", NULL},
    {"credited_order_number", "{\"value\":0}", "unreadable"},
    {"credited_order_number", "{}", NULL},
    {"credited_order_number", "\"\"", NULL},
    {"credited_order_number", "[]", NULL},
    {"credit_order_numbers", "[99]", NULL},
    {"credit_order_numbers", "\"99\"", NULL},
    {"credit_order_numbers", "\"geen\"", NULL},
    {"credit_order_numbers", "99", NULL},
    {"credit_order_numbers", "true", NULL},
    {"credit_order_numbers", "{\"value\":99}", NULL},
    {"credit_order_numbers", "[{\"number\":99},[1],null,1.5]", NULL},
    {"debtor", "[]", "no_address"},
    {"debtor", "{\"email\":\"x@example.org\",\"address\":{\"delivery\":[],\"invoice\":[]}}",
     "no_address"},
    {"orderlines", "[]", "nothing_to_ship"},
    {"orderlines", "[{\"type\":\"shipping\",\"quantity\":1}]", "nothing_to_ship"},
    {"orderlines", "[{\"type\":\"article\",\"quantity\":0}]", "nothing_to_ship"},
    {"offline_location_id", "\"7127e08a-4af0-4fdf-ac7b-157be3345df0\"", "nothing_to_ship"},
    {"offline_location_id", "12", "nothing_to_ship"},
    {"offline_location_id", "null", NULL},
    {"offline_location_id", "\"\"", NULL},
    {"offline_location_id", "0", NULL},
    {"date", "\"2026-10-23\"", "too_old"},
    {"date", "\"2026-10-24\"", NULL},
    {"date", "\"\"", NULL},
    {"payment_status", "\"pending\"", "not_paid"},
    {"status", "\"1\"", NULL},
    {"status", "null", NULL},
    {"status", "3", NULL},
    {"status", "2", ""},
    {"status", "6", ""},
    {"archived", "true", ""},
    {"archived", "\"1\"", ""},
    {"archived", "0", NULL},
};

/* What is too old should not be on a list that begins at a date, and is not spoken of there; what
 * was skipped before costs nothing, and is not missing when it is gone. */
TEST(a_list_that_begins_at_a_date_leaves_what_is_too_old_alone)
{
    AUTO(free) char *old = changed_order("date", "\"2026-10-22\"");
    AUTO(free) char *skipped = changed_order("orderlines", "[]");
    AUTO(free) char *page = xasprintf("[%s,%s]", old, skipped);
    json_t *context = poll_context("00000000000000aa");
    char known[33] = "00000000000000bb";
    struct talk talk;

    hash_digits(skipped, known + 16);
    json_object_set_new(context, "skipped", json_string(known));
    json_object_set_new(context, "imported_since", json_string("2026-10-24"));
    json_object_set_new(context, "start_date", json_string("2026-10-23"));
    talk_begin(&talk, "poll", context);
    talk_start(&talk);
    assert_non_null(strstr(talk.request.query, "&start_date=2026-10-23&"));
    assert_int_equal(talk_list(&talk, page), STEP_DONE);

    json_auto_t *row = talk_row(&talk, "write_polled", 0);

    assert_int_equal(talk_rows(&talk, "write_skipped"), 0);
    check_member(row, "missing", "00000000000000aa");
    check_member(row, "start_date", "2026-10-23");
    talk_end(&talk);
}

TEST(orders_that_are_not_for_shipping_are_skipped_with_a_reason)
{
    for (size_t i = 0; i < ARRAY_LENGTH(decisions); i++) {
        AUTO(free) char *order = changed_order(decisions[i].key, decisions[i].value);
        AUTO(free) char *page = xasprintf("[%s]", order);
        AUTO(free)
        char *name = xasprintf("%s %s", decisions[i].key,
                               decisions[i].value != NULL ? decisions[i].value : "absent");
        json_t *context = poll_context("");
        bool is_skipped = decisions[i].code != NULL && decisions[i].code[0] != '\0';
        struct talk talk;

        json_object_set_new(context, "open_statuses", json_pack("[i, i]", 1, 3));
        json_object_set_new(context, "imported_since", json_string("2026-10-24"));
        json_object_set_new(context, "paid_only",
                            json_boolean(is_skipped && strcmp(decisions[i].code, "not_paid") == 0));
        talk_begin(&talk, "poll", context);
        talk_start(&talk);
        ROW_CHECK(name, talk_list(&talk, page) == STEP_CALL);
        ROW_CHECK(name, talk_list(&talk, "[]") == STEP_DONE);
        ROW_CHECK(name, talk_rows(&talk, "write_orders") == (decisions[i].code == NULL ? 1 : 0));
        ROW_CHECK(name, talk_rows(&talk, "write_skipped") == (is_skipped ? 1 : 0));
        if (is_skipped) {
            json_auto_t *row = talk_row(&talk, "write_skipped", 0);

            check_text(name, member_text(row, "reason_code"), decisions[i].code);
            assert_true(strlen(member_text(row, "reason")) > 10);
            assert_true(member_number(row, "payload_hash") ==
                        (int64_t)order_page_hash(order, strlen(order)));
        }
        talk_end(&talk);
    }
}

TEST(paid_only_imports_what_is_paid)
{
    static const char *const rows[][2] = {
        {"payment_status", "\"captured\""},
        {"payment", "{\"status\":{\"id\":1}}"},
        {"status", "3"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        AUTO(free) char *order = changed_order(rows[i][0], rows[i][1]);
        AUTO(free) char *page = xasprintf("[%s]", order);
        json_t *context = poll_context("");
        struct talk talk;

        json_object_set_new(context, "paid_only", json_true());
        json_object_set_new(context, "open_statuses", json_pack("[i, i]", 1, 3));
        talk_begin(&talk, "poll", context);
        talk_start(&talk);
        talk_http(&talk, 200, page);
        ROW_CHECK(rows[i][0], talk_rows(&talk, "write_orders") == 1);
        talk_end(&talk);
    }
}

TEST(broken_elements_do_not_stop_the_others)
{
    AUTO(free) char *good = order_text(5, 1, "");
    AUTO(free) char *last = order_text(6, 1, "");
    char deep[400];
    struct talk talk;

    memset(deep, '[', 200);
    memset(deep + 200, ']', 199);
    deep[399] = '\0';

    AUTO(free)
    char *page =
        xasprintf("[{\"number\":[},%s,null,7,\"x\",[],{},{\"name\":Jan},%s],%s]", good, deep, last);

    poll_page(&talk, page);
    check_polled(&talk, 10, 2, 8, "");
    for (size_t i = 0; i < 8; i++) {
        json_auto_t *row = talk_row(&talk, "write_skipped", i);
        char hash[40];

        check_member(row, "reason_code", "unreadable");
        check_member(row, "order_uuid", NULL);
        snprintf(hash, sizeof(hash), "unreadable:%016llx",
                 (unsigned long long)member_number(row, "payload_hash"));
        check_member(row, "order_number", hash);
        assert_null(strstr(member_text(row, "reason"), "Jan"));
    }
    talk_end(&talk);
}

TEST(invalid_bytes_and_zero_escapes_are_no_obstacle)
{
    AUTO(free) char *order = order_text(5, 1, "\"a\":\"caf\xE9 \\u0000 \\ud800 \x01\",");
    AUTO(free) char *page = xasprintf("[%s]", order);
    struct talk talk;

    poll_page(&talk, page);
    check_polled(&talk, 1, 1, 0, "");

    json_auto_t *row = talk_row(&talk, "write_orders", 0);

    assert_string_equal(member_text(json_object_get(row, "document"), "a"),
                        "caf\xEF\xBF\xBD  \xEF\xBF\xBD  ");
    assert_true(member_number(row, "payload_hash") ==
                (int64_t)order_page_hash(order, strlen(order)));
    talk_end(&talk);
}

/* A statement must not meet the same row twice. */
TEST(an_order_that_comes_twice_is_written_once)
{
    AUTO(free) char *order = order_text(5, 1, "");
    AUTO(free) char *edited = order_text(5, 1, "\"weight\":3,");
    AUTO(free)
    char *page = xasprintf("[%s,%s,%s,{\"status\":1,\"number\":\"T-1\"},"
                           "{\"status\":1,\"number\":\"T-1\",\"x\":1}]",
                           order, order, edited);
    struct talk talk;

    poll_page(&talk, page);
    check_polled(&talk, 4, 1, 1, "");
    talk_end(&talk);
}
