#include "tests/unit/poll_helpers.h"

static void begin(struct talk *talk, const char *known)
{
    talk_begin(talk, "poll", poll_context(known));
    assert_non_null(talk->state);
    assert_int_equal(talk_start(talk), STEP_CALL);
}

/* One poll that gets this page and ends. */
static void poll_page(struct talk *talk, const char *known, const char *page)
{
    begin(talk, known);
    assert_int_equal(talk_list(talk, page), STEP_DONE);
    assert_int_equal(talk->outcome.error_class, ERROR_CLASS_OK);
    assert_int_equal(talk->outcome.shop_environment, ENVIRONMENT_PRODUCTION);
}

TEST(the_first_request_asks_for_the_first_page)
{
    struct talk talk;

    begin(&talk, "");
    assert_string_equal(talk.request.path, "/v1/orders");
    assert_string_equal(talk.request.query, "format=json&status_id=1&archived=false&test=false&"
                                            "ordering=desc&limit=100&offset=0");
    assert_int_equal(talk.request.auth, HTTP_AUTH_STORE);
    talk_end(&talk);
}

TEST(an_empty_shop_is_unremarkable)
{
    struct talk talk;

    poll_page(&talk, "", "[]");
    check_polled(&talk, 0, 0, 0, "");
    assert_int_equal(member_number(talk.outcome.result, "pages"), 1);
    talk_end(&talk);
}

TEST(new_orders_are_imported)
{
    AUTO(free) char *first = order_text(1, 1, "");
    AUTO(free) char *second = order_text(2, 1, "");
    AUTO(free) char *page = xasprintf(" [ %s ,\n %s ] ", first, second);
    struct talk talk;

    poll_page(&talk, "", page);
    check_polled(&talk, 2, 2, 0, "");

    json_auto_t *row = talk_row(&talk, "write_orders", 1);

    check_member(row, "order_number", "2");
    assert_true(json_is_object(json_object_get(row, "document")));
    talk_end(&talk);
}

TEST(unchanged_orders_produce_no_write)
{
    AUTO(free) char *first = order_text(1, 1, "");
    AUTO(free) char *second = order_text(2, 1, "");
    AUTO(free) char *page = xasprintf("[%s, %s]", first, second);
    char known[33];
    struct talk talk;

    hash_digits(first, known);
    hash_digits(second, known + 16);
    poll_page(&talk, known, page);
    check_polled(&talk, 2, 0, 0, "");
    assert_true(talk.outcome.unremarkable);
    assert_null(talk.outcome.writes->next);
    talk_end(&talk);
}

/* Known orders are not even parsed: broken ones pass too. */
TEST(known_bytes_are_not_looked_at)
{
    char known[17];
    struct talk talk;

    hash_digits("{broken", known);
    poll_page(&talk, known, "[{broken}, {\"b\":1}]");
    talk_end(&talk);
    hash_digits("{broken}", known);
    poll_page(&talk, known, "[{broken}]");
    check_polled(&talk, 1, 0, 0, "");
    talk_end(&talk);
}

TEST(a_changed_order_is_written_and_its_old_hash_is_missing)
{
    AUTO(free) char *before = order_text(1, 1, "");
    AUTO(free) char *after = order_text(1, 1, "\"weight\":\"2.5\",");
    AUTO(free) char *page = xasprintf("[%s]", after);
    char known[17];
    struct talk talk;

    hash_digits(before, known);
    poll_page(&talk, known, page);
    check_polled(&talk, 1, 1, 0, known);

    /* It is not missing: only its bytes are others. */
    json_auto_t *row = talk_row(&talk, "write_polled", 0);
    json_auto_t *reread = json_pack("[s]", "00000000-0000-4000-8000-000000000001");

    assert_true(json_equal(json_object_get(row, "reread"), reread));
    talk_end(&talk);
}

TEST(an_order_that_left_the_list_is_missing)
{
    struct talk talk;

    poll_page(&talk, "00000000000000aa", "[]");
    check_polled(&talk, 0, 0, 0, "00000000000000aa");
    assert_false(talk.outcome.unremarkable);
    talk_end(&talk);
}

TEST(the_examples_are_imported_but_for_the_test_order_and_that_of_a_point_of_sale)
{
    AUTO(free) char *dutch = fixture_text("order_b2c.json");
    AUTO(free) char *belgian = fixture_text("order_b2b_belgium.json");
    AUTO(free) char *test = fixture_text("order_test.json");
    AUTO(free) char *official = fixture_text("order_official.json");
    AUTO(free) char *page = xasprintf("[%s,%s,%s,%s]", dutch, belgian, test, official);
    json_t *context = poll_context("");
    struct talk talk;

    json_object_set_new(context, "open_statuses", json_pack("[i, i]", 1, 3));
    talk_begin(&talk, "poll", context);
    talk_start(&talk);
    assert_int_equal(talk_list(&talk, page), STEP_CALL);
    assert_non_null(strstr(talk.request.query, "status_id=3&"));
    assert_int_equal(talk_list(&talk, "[]"), STEP_DONE);
    check_polled(&talk, 4, 2, 2, "");

    json_auto_t *row = talk_row(&talk, "write_skipped", 0);
    json_auto_t *sold = talk_row(&talk, "write_skipped", 1);

    check_member(row, "order_number", "T-57");
    check_member(row, "order_uuid", "3b0f6a52-7c1e-4d7e-9a57-0c7f5b7a1103");
    check_member(row, "reason_code", "test_order");
    check_member(sold, "order_number", "27");
    check_member(sold, "reason_code", "nothing_to_ship");
    check_member(sold, "reason", "it is of a point of sale: sold or picked up there");
    talk_end(&talk);
}

TEST(a_body_that_is_no_list_is_unreadable)
{
    static const char *const rows[][2] = {
        {"{\"title\":\"Maintenance\"}",
         "cannot list the orders: expected a list of orders, got an object (title: Maintenance)"},
        {"<html><body>Fenna Testveld",
         "cannot list the orders: expected a list of orders, got an HTML page"},
        {"", "cannot list the orders: expected a list of orders, got an empty answer"},
        {"\"x\"", "cannot list the orders: expected a list of orders, got text"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct talk talk;

        begin(&talk, "00000000000000aa");
        assert_int_equal(talk_http(&talk, 200, rows[i][0]), STEP_RETRY);
        assert_int_equal(talk.outcome.error_class, ERROR_CLASS_UNREADABLE);
        check_text(rows[i][0], talk.outcome.error, rows[i][1]);
        assert_null(talk.outcome.writes);
        talk_end(&talk);
    }
}

TEST(the_whole_elements_of_a_cut_list_are_imported)
{
    AUTO(free) char *first = order_text(1, 1, "");
    AUTO(free) char *second = order_text(2, 1, "");
    AUTO(free) char *whole = xasprintf("[%s,%s", first, second);
    AUTO(free) char *trailed = xasprintf("[%s] PHP Warning", first);

    for (int i = 0; i < 2; i++) {
        struct talk talk;

        begin(&talk, "");
        assert_int_equal(talk_http(&talk, 200, i == 0 ? whole : trailed), STEP_RETRY);
        assert_int_equal(talk.outcome.error_class, ERROR_CLASS_UNREADABLE);
        assert_int_equal(talk_rows(&talk, "write_orders"), 1);
        assert_int_equal(talk_rows(&talk, "write_polled"), 0);
        talk_end(&talk);
    }
}

TEST(bad_answers_end_the_attempt_with_their_class)
{
    static const struct {
        int status;
        enum error_class class;
    } rows[] = {
        {401, ERROR_CLASS_AUTH},
        {403, ERROR_CLASS_AUTH},
        {429, ERROR_CLASS_RATE_LIMITED},
        {500, ERROR_CLASS_SERVER_ERROR},
        {404, ERROR_CLASS_UNREADABLE},
        {301, ERROR_CLASS_CLIENT_ERROR},
        {0, ERROR_CLASS_TIMEOUT},
        {0, ERROR_CLASS_NETWORK},
        {0, ERROR_CLASS_TLS},
        {0, ERROR_CLASS_UNREADABLE},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct talk talk;

        begin(&talk, "00000000000000aa");
        if (rows[i].status == 0) {
            talk_trouble(&talk, rows[i].class);
        } else {
            talk_http(&talk, rows[i].status, "[]");
        }
        assert_int_equal(talk.step, STEP_RETRY);
        assert_int_equal(talk.outcome.error_class, rows[i].class);
        assert_int_equal(talk.outcome.http_status, rows[i].status);
        assert_true(talk.outcome.retry_after_ms == (rows[i].status == 429 ? 5000 : -1));
        assert_null(talk.outcome.writes);
        talk_end(&talk);
    }
}

TEST(the_defaults_of_the_shop_are_used)
{
    AUTO(free) char *text = order_text(1, 1, "");
    json_auto_t *order = json_loads(text, 0, NULL);
    json_t *delivery =
        json_object_get(json_object_get(json_object_get(order, "debtor"), "address"), "delivery");
    json_t *context = poll_context("");
    struct talk talk;

    json_object_del(delivery, "country_code");
    json_object_set_new(context, "default_weight_kg", json_real(2.5));
    json_object_set_new(context, "region_code", json_string("BE"));

    AUTO(free) char *bare = json_dumps(order, JSON_COMPACT);
    AUTO(free) char *page = xasprintf("[%s]", bare);

    talk_begin(&talk, "poll", context);
    talk_start(&talk);
    talk_http(&talk, 200, page);

    json_auto_t *row = talk_row(&talk, "write_orders", 0);

    check_member(row, "country", "BE");
    assert_true(json_real_value(json_object_get(row, "weight_kg")) == 2.5);
    talk_end(&talk);
}

TEST(a_list_that_is_too_large_is_not_fetched_again)
{
    struct talk talk;

    begin(&talk, "[]");
    assert_int_equal(talk_too_large(&talk), STEP_FAILED);
    assert_int_equal(talk.outcome.error_class, ERROR_CLASS_UNREADABLE);
    talk_end(&talk);
}
