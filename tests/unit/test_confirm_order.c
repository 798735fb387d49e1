#include "tests/unit/kind_helpers.h"

static const char good_context[] =
    "{\"order_uuid\":\"3b0f6a52-7c1e-4d7e-9a57-0c7f5b7a1101\",\"order_number\":\"20411\","
    "\"open_statuses\":[1,3],\"shipped_status\":2,\"paid_only\":false}";

/* Begins, and asks for the order. */
static void begin(struct talk *talk, bool paid_only)
{
    json_t *context = json_loads(good_context, 0, NULL);

    json_object_set_new(context, "paid_only", json_boolean(paid_only));
    talk_begin(talk, "confirm_order", context);
    assert_non_null(talk->state);
    assert_int_equal(talk_start(talk), STEP_CALL);
    assert_int_equal(talk->request.method, HTTP_GET);
    assert_int_equal(talk->request.api, API_MIJNWEBWINKEL);
    assert_int_equal(talk->request.auth, HTTP_AUTH_STORE);
    assert_string_equal(talk->request.path, "/v1/orders/20411");
}

/* Answers with the order, one member changed (`value` is JSON) unless `key` is NULL. */
static enum step answer_order(struct talk *talk, const char *key, const char *value)
{
    json_auto_t *order = load_fixture("order_b2c.json");

    if (key != NULL) {
        json_object_set_new(order, key, json_loads(value, JSON_DECODE_ANY, NULL));
    }

    AUTO(free) char *text = json_dumps(order, JSON_COMPACT);

    return talk_http(talk, 200, text);
}

/* Fails unless this was found; code NULL: the order is open. `status` is JSON. */
static void check_found(const struct talk *talk, const char *code, const char *status)
{
    json_auto_t *row = talk_row(talk, "write_confirmed", 0);
    json_auto_t *wanted = json_loads(status, JSON_DECODE_ANY, NULL);

    assert_int_equal(talk->step, STEP_DONE);
    assert_int_equal(talk_rows(talk, "write_confirmed"), 1);
    check_member(row, "outcome", code == NULL ? "open" : "withdrawn");
    check_member(row, "reason_code", code);
    assert_int_equal(member_text(row, "reason") != NULL, code != NULL);
    assert_true(json_equal(json_object_get(row, "shop_status"), wanted));
    check_member(talk->outcome.result, "outcome", code == NULL ? "open" : "withdrawn");
    check_member(talk->outcome.result, "reason_code", code);
    assert_int_equal(talk->outcome.shop_environment, ENVIRONMENT_PRODUCTION);
    assert_int_equal(talk->outcome.label_environment, ENVIRONMENT_NONE);
    assert_int_equal(talk->outcome.error_class, ERROR_CLASS_OK);
}

TEST(the_order_itself_tells_why_it_is_gone)
{
    static const struct {
        const char *key;
        const char *value;
        const char *code;
        const char *status;
    } rows[] = {
        {"status", "1", NULL, "1"},
        {"status", "\"3\"", NULL, "3"},
        {"uuid", "\"3B0F6A52-7C1E-4D7E-9A57-0C7F5B7A1101\"", NULL, "3"},
        {"number", "\"20999\"", NULL, "3"},
        {"uuid", "\"00000000-7c1e-4d7e-9a57-0c7f5b7a1101\"", "deleted", "3"},
        {"archived", "true", "archived", "3"},
        {"archived", "1", "archived", "3"},
        {"status", "2", "shipped_elsewhere", "2"},
        {"credited_order_number", "99", "credited", "3"},
        {"credited_order_number", "\"\"", NULL, "3"},
        {"status", "4", "status_changed", "4"},
        {"status", "-1", "status_changed", "-1"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct talk talk;

        begin(&talk, false);
        answer_order(&talk, rows[i].key, rows[i].value);
        check_found(&talk, rows[i].code, rows[i].status);
        assert_int_equal(talk.outcome.http_status, 200);
        talk_end(&talk);
    }
}

TEST(the_changed_status_is_named)
{
    struct talk talk;

    begin(&talk, false);
    answer_order(&talk, "status", "7");

    json_auto_t *row = talk_row(&talk, "write_confirmed", 0);

    check_member(row, "reason", "the shop's status is 7, which is not open");
    talk_end(&talk);
}

TEST(an_order_that_is_not_paid_is_withdrawn_where_that_matters)
{
    for (int paid_only = 0; paid_only < 2; paid_only++) {
        for (int paid = 0; paid < 2; paid++) {
            json_auto_t *order = load_fixture("order_b2c.json");
            struct talk talk;

            json_object_set_new(order, "status", json_integer(1));
            json_object_set_new(order, "payment", json_null());
            json_object_set_new(order, "payment_status",
                                json_string(paid == 1 ? "captured" : "pending"));

            AUTO(free) char *text = json_dumps(order, JSON_COMPACT);

            begin(&talk, paid_only == 1);
            talk_http(&talk, 200, text);
            check_found(&talk, paid_only == 1 && paid == 0 ? "not_paid" : NULL, "1");
            talk_end(&talk);
        }
    }
}

TEST(an_order_that_the_shop_does_not_have_is_deleted)
{
    struct talk talk;

    begin(&talk, false);
    talk_http(&talk, 404, "{\"title\":\"Not Found\"}");
    check_found(&talk, "deleted", "null");
    assert_int_equal(talk.outcome.http_status, 404);
    talk_end(&talk);
}

TEST(bad_answers_conclude_nothing)
{
    static const struct {
        int status; /* 0: no answer, for the reason in `class` */
        const char *body;
        enum error_class class;
    } rows[] = {
        {400, "", ERROR_CLASS_CLIENT_ERROR},
        {401, "", ERROR_CLASS_AUTH},
        {403, "", ERROR_CLASS_AUTH},
        {404, "", ERROR_CLASS_UNREADABLE},
        {404, "<html>Not Found", ERROR_CLASS_UNREADABLE},
        {404, "[]", ERROR_CLASS_UNREADABLE},
        {410, "", ERROR_CLASS_CLIENT_ERROR},
        {429, "", ERROR_CLASS_RATE_LIMITED},
        {500, "", ERROR_CLASS_SERVER_ERROR},
        {0, "", ERROR_CLASS_TIMEOUT},
        {0, "", ERROR_CLASS_NETWORK},
        {0, "", ERROR_CLASS_TLS},
        {200, "", ERROR_CLASS_UNREADABLE},
        {200, "[]", ERROR_CLASS_UNREADABLE},
        {200, "{}", ERROR_CLASS_UNREADABLE},
        {200, "<html>", ERROR_CLASS_UNREADABLE},
        {200, "{\"uuid\":\"x\",\"status\":1}", ERROR_CLASS_UNREADABLE},
        {200, "{\"uuid\":\"3b0f6a52-7c1e-4d7e-9a57-0c7f5b7a1101\"}", ERROR_CLASS_UNREADABLE},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct talk talk;

        begin(&talk, false);
        if (rows[i].status == 0) {
            talk_trouble(&talk, rows[i].class);
        } else {
            talk_http(&talk, rows[i].status, rows[i].body);
        }
        assert_int_equal(talk.step, STEP_RETRY);
        assert_int_equal(talk.outcome.error_class, rows[i].class);
        assert_int_equal(talk.outcome.http_status, rows[i].status);
        assert_int_equal(talk.outcome.retry_after_ms, rows[i].status == 429 ? 5000 : -1);
        assert_null(talk.outcome.writes);
        talk_end(&talk);
    }
}

TEST(a_context_that_makes_no_sense_is_refused)
{
    static const char *const keys[] = {"order_uuid", "order_number", "open_statuses",
                                       "shipped_status"};

    for (size_t i = 0; i < ARRAY_LENGTH(keys); i++) {
        json_t *context = json_loads(good_context, 0, NULL);
        struct talk talk;

        json_object_set_new(context, keys[i], json_null());
        talk_begin(&talk, "confirm_order", context);
        ROW_CHECK(keys[i], talk.state == NULL);
        assert_int_equal(talk.outcome.error_class, ERROR_CLASS_CLIENT_ERROR);
        talk_end(&talk);
    }
}
