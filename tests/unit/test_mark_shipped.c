#include "tests/unit/kind_helpers.h"

#define UUID "3b0f6a52-7c1e-4d7e-9a57-0c7f5b7a1101"

static const char good_context[] =
    "{\"order_uuid\":\"" UUID "\",\"order_number\":\"20411\",\"open_statuses\":[1,3],"
    "\"shipped_status\":2,\"label_environment\":\"production\",\"label_ids\":[1,2],"
    "\"credit_order_numbers\":[\"99\"],\"mark_on_staging\":true,\"comment_line\":null}";

/* Begins with one member of the context changed (`value` is JSON), unless `key` is NULL. */
static void begin(struct talk *talk, const char *key, const char *value)
{
    json_t *context = json_loads(good_context, 0, NULL);

    if (key != NULL) {
        json_object_set_new(context, key, json_loads(value, JSON_DECODE_ANY, NULL));
    }
    talk_begin(talk, "mark_shipped", context);
    assert_non_null(talk->state);
}

/* The order as the shop has it, one member changed. */
static char *shop_order(const char *key, const char *value)
{
    json_auto_t *order = load_fixture("order_b2c.json");

    if (key != NULL) {
        json_object_set_new(order, key, json_loads(value, JSON_DECODE_ANY, NULL));
    }
    return json_dumps(order, JSON_COMPACT);
}

/* The first answer: the order, one member changed. */
static enum step answer_order(struct talk *talk, const char *key, const char *value)
{
    AUTO(free) char *order = shop_order(key, value);

    assert_int_equal(talk_start(talk), STEP_CALL);
    assert_int_equal(talk->request.method, HTTP_GET);
    assert_string_equal(talk->request.path, "/v1/orders/20411");
    return talk_http(talk, 200, order);
}

static void check_marked(const struct talk *talk, const char *ending, const char *code,
                         bool is_patched)
{
    json_auto_t *row = talk_row(talk, "write_marked", 0);
    json_auto_t *labels = json_pack("[i, i]", 1, 2);

    assert_int_equal(talk->step, STEP_DONE);
    assert_int_equal(talk_rows(talk, "write_marked"), 1);
    check_member(row, "outcome", ending);
    check_member(row, "reason_code", code);
    assert_int_equal(json_is_string(json_object_get(row, "reason")), code != NULL);
    assert_true(json_equal(json_object_get(row, "label_ids"), labels));
    check_member(talk->outcome.result, "outcome", ending);
    check_member(talk->outcome.result, "reason_code", code);
    assert_int_equal(json_is_true(json_object_get(talk->outcome.result, "patched")), is_patched);
    assert_int_equal(talk->outcome.error_class, ERROR_CLASS_OK);
    assert_int_equal(talk->outcome.shop_environment, ENVIRONMENT_PRODUCTION);
}

TEST(an_open_order_is_marked)
{
    AUTO(free) char *shipped = shop_order("status", "2");
    struct talk talk;

    begin(&talk, NULL, NULL);
    assert_int_equal(answer_order(&talk, NULL, NULL), STEP_CALL);
    assert_int_equal(talk.request.method, HTTP_PATCH);
    assert_string_equal(talk.request.path, "/v1/orders/20411");
    assert_string_equal(talk.request.body, "{\"status\":2}");
    assert_int_equal(talk.request.auth, HTTP_AUTH_STORE);
    assert_false(talk.request.not_repeatable);
    talk_http(&talk, 200, shipped);
    check_marked(&talk, "marked", NULL, true);

    json_auto_t *row = talk_row(&talk, "write_marked", 0);

    assert_int_equal(json_integer_value(json_object_get(row, "shop_status")), 2);
    assert_int_equal(json_integer_value(json_object_get(row, "http_status")), 200);
    check_member(row, "label_environment", "production");
    assert_int_equal(talk.outcome.label_environment, ENVIRONMENT_PRODUCTION);
    talk_end(&talk);
}

/* What is told of address and goods of the order of the fixture with one member changed; to be
 * freed. */
static char *take_hashes(const char *key, const char *value)
{
    AUTO(free) char *shipped = shop_order("status", "2");
    struct talk talk;

    begin(&talk, NULL, NULL);
    answer_order(&talk, key, value);
    talk_http(&talk, 200, shipped);
    check_marked(&talk, "marked", NULL, true);

    json_auto_t *row = talk_row(&talk, "write_marked", 0);
    bool is_told = json_object_get(row, "address_hash") != NULL;

    talk_end(&talk);
    return is_told ? xasprintf("%s %s", member_text(row, "address_hash"),
                               member_text(row, "goods_hash"))
                   : xstrdup("none");
}

/* A short answer has no address at all, which does not say that it was taken away. */
TEST(the_order_as_it_was_read_is_told_to_be_compared_with_what_was_labelled)
{
    static const char address[] =
        "{\"address\":{\"delivery\":{\"name\":\"F\",\"street\":\"K\",\"city\":\"O\"}}}";
    AUTO(free) char *same = take_hashes(NULL, NULL);
    AUTO(free) char *other_address = take_hashes("debtor", address);
    AUTO(free) char *other_goods = take_hashes("weight", "\"0.9\"");
    AUTO(free) char *nothing = take_hashes("debtor", "{}");

    assert_int_equal(strlen(same), 65);
    assert_true(strncmp(other_address, same, 32) != 0 &&
                strcmp(other_address + 32, same + 32) == 0);
    assert_true(strncmp(other_goods, same, 32) == 0 && strcmp(other_goods + 32, same + 32) != 0);
    assert_string_equal(nothing, "none");
}

TEST(a_staging_label_marks_the_production_shop_as_documented)
{
    AUTO(free) char *shipped = shop_order("status", "2");
    struct talk talk;

    begin(&talk, "label_environment", "\"staging\"");
    answer_order(&talk, NULL, NULL);
    talk_http(&talk, 200, shipped);
    check_marked(&talk, "marked", NULL, true);
    assert_int_equal(talk.outcome.label_environment, ENVIRONMENT_STAGING);
    assert_int_equal(talk.outcome.shop_environment, ENVIRONMENT_PRODUCTION);
    talk_end(&talk);
}

TEST(some_orders_are_left_alone_without_a_call)
{
    static const struct {
        const char *key;
        const char *value;
        const char *code;
    } rows[] = {
        {"order_number", "\"T-57\"", "test_order"},
        {"order_number", "\"57-T\"", "test_order"},
        {"order_number", "\"57t-\"", "test_order"},
        {"mark_on_staging", "false", "staging_label"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct talk talk;

        begin(&talk, rows[i].key, rows[i].value);
        talk.kind->end(talk.state);
        json_object_set_new(talk.job.context, "label_environment", json_string("staging"));
        talk.state = talk.kind->begin(&talk.job, &talk.outcome);
        talk_start(&talk);
        check_marked(&talk, "not_marked", rows[i].code, false);

        json_auto_t *row = talk_row(&talk, "write_marked", 0);

        assert_true(json_is_null(json_object_get(row, "http_status")));
        assert_true(json_is_null(json_object_get(row, "shop_status")));
        assert_int_equal(talk.outcome.http_status, 0);
        talk_end(&talk);
    }
}

TEST(the_shop_has_the_last_word)
{
    static const struct {
        const char *key;
        const char *value;
        const char *ending;
        const char *code;
    } rows[] = {
        {"status", "2", "already_shipped", NULL},
        {"status", "\"2\"", "already_shipped", NULL},
        {"status", "5", "not_marked", "status_changed"},
        {"status", "null", "not_marked", "status_changed"},
        {"uuid", "\"3b0f6a52-7c1e-4d7e-9a57-000000000000\"", "not_marked", "other_order"},
        {"number", "\"20412\"", "not_marked", "other_order"},
        {"number", "\"T-20411\"", "not_marked", "test_order"},
        {"credited_order_number", "28", "not_marked", "credited"},
        {"credit_order_numbers", "[100]", "not_marked", "credited"},
        {"credit_order_numbers", "[99,100]", "not_marked", "credited"},
        {"credit_order_numbers", "\"100\"", "not_marked", "credited"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct talk talk;

        begin(&talk, NULL, NULL);
        ROW_CHECK(rows[i].value, answer_order(&talk, rows[i].key, rows[i].value) == STEP_DONE);
        check_marked(&talk, rows[i].ending, rows[i].code, false);
        assert_int_equal(talk.outcome.http_status, 200);
        talk_end(&talk);
    }
}

TEST(the_changed_status_is_named)
{
    struct talk talk;

    begin(&talk, NULL, NULL);
    answer_order(&talk, "status", "5");

    json_auto_t *row = talk_row(&talk, "write_marked", 0);

    check_member(row, "reason", "the shop's status is 5, which is neither open nor shipped");
    assert_int_equal(json_integer_value(json_object_get(row, "shop_status")), 5);
    talk_end(&talk);
}

/* Something new that is no number may be a broken answer. */
TEST(credits_that_are_no_numbers_are_compared_as_they_came)
{
    struct talk talk;

    begin(&talk, "credit_order_numbers", "[\"{\\\"value\\\":99}\"]");
    assert_int_equal(answer_order(&talk, "credit_order_numbers", "[{\"value\":99}]"), STEP_CALL);
    assert_int_equal(talk.request.method, HTTP_PATCH);
    talk_end(&talk);
    begin(&talk, NULL, NULL);
    assert_int_equal(answer_order(&talk, "credit_order_numbers", "{\"value\":100}"), STEP_RETRY);
    talk_end(&talk);
}

/* Refunded in part before it was imported: the merchant knew, and made a label. */
TEST(credits_from_before_the_import_do_not_matter)
{
    static const char *const rows[][2] = {
        {"credit_order_numbers", "[99]"},
        {"credit_order_numbers", "[]"},
        {"credit_order_numbers", "\"99\""},
        {"uuid", "\"3B0F6A52-7C1E-4D7E-9A57-0C7F5B7A1101\""},
        {"number", "20411"},
        {"status", "\"1\""},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct talk talk;

        begin(&talk, NULL, NULL);
        ROW_CHECK(rows[i][1], answer_order(&talk, rows[i][0], rows[i][1]) == STEP_CALL);
        ROW_CHECK(rows[i][1], talk.request.method == HTTP_PATCH);
        talk_end(&talk);
    }
}

TEST(a_deleted_order_is_not_found)
{
    struct talk talk;

    begin(&talk, NULL, NULL);
    talk_start(&talk);
    talk_http(&talk, 404, "{\"title\":\"Not found\"}");
    check_marked(&talk, "not_marked", "not_found", false);
    assert_int_equal(talk.outcome.http_status, 404);
    talk_end(&talk);
}

TEST(the_tracking_text_is_appended_once)
{
    static const struct {
        const char *comments; /* of the order in the shop */
        const char *body;
    } rows[] = {
        {"{\"internal\":null}", "{\"status\":2,\"comments\":{\"internal\":\"DPD: 123\"}}"},
        {"[]", "{\"status\":2,\"comments\":{\"internal\":\"DPD: 123\"}}"},
        {"{\"internal\":\"  Let op\\n\"}",
         "{\"status\":2,\"comments\":{\"internal\":\"  Let op\\n\\nDPD: 123\"}}"},
        {"{\"internal\":\"a\\nDPD: 123\\nb\"}", "{\"status\":2}"},
        {"{\"internal\":7}", "{\"status\":2}"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct talk talk;

        begin(&talk, "comment_line", "\"DPD: 123\"");
        assert_int_equal(answer_order(&talk, "comments", rows[i].comments), STEP_CALL);
        check_text(rows[i].comments, talk.request.body, rows[i].body);
        talk_end(&talk);
    }
}

/* Writing back a repaired comment would change what the merchant wrote. */
TEST(a_comment_that_had_to_be_mended_is_left_alone)
{
    AUTO(free) char *order = shop_order("comments", "{\"internal\":\"caf?\"}");
    struct talk talk;

    strstr(order, "caf?")[3] = '\xE9';
    begin(&talk, "comment_line", "\"DPD: 123\"");
    talk_start(&talk);
    talk_http(&talk, 200, order);
    assert_string_equal(talk.request.body, "{\"status\":2}");
    talk_end(&talk);
}

TEST(an_answer_that_does_not_confirm_is_not_believed)
{
    static const struct {
        int status;
        const char *key;
        const char *value;
    } rows[] = {
        {200, NULL, NULL}, /* still open */
        {200, "status", "5"},
        {200, "status", "null"},
        {204, "status", "2"},
    };
    static const char *const bodies[] = {"", "{}", "[]", "<html>", "{\"status\":2}", "null"};

    for (size_t i = 0; i < ARRAY_LENGTH(rows) + ARRAY_LENGTH(bodies); i++) {
        bool is_order = i < ARRAY_LENGTH(rows);
        AUTO(free)
        char *body = is_order ? shop_order(rows[i].key, rows[i].value)
                              : xstrdup(bodies[i - ARRAY_LENGTH(rows)]);
        struct talk talk;

        begin(&talk, NULL, NULL);
        answer_order(&talk, NULL, NULL);
        assert_int_equal(talk_http(&talk, is_order ? rows[i].status : 200, body), STEP_RETRY);
        assert_int_equal(talk.outcome.error_class, ERROR_CLASS_UNREADABLE);
        assert_null(talk.outcome.writes);
        talk_end(&talk);
    }
}

TEST(a_first_answer_that_is_no_order_is_unreadable)
{
    static const char *const bodies[] = {"", "{}", "[]", "<html>", "{\"number\":20411}", "null"};

    for (size_t i = 0; i < ARRAY_LENGTH(bodies); i++) {
        struct talk talk;

        begin(&talk, NULL, NULL);
        talk_start(&talk);
        ROW_CHECK(bodies[i], talk_http(&talk, 200, bodies[i]) == STEP_RETRY);
        assert_int_equal(talk.outcome.error_class, ERROR_CLASS_UNREADABLE);
        assert_null(talk.outcome.writes);
        talk_end(&talk);
    }
}

TEST(bad_answers_end_the_attempt_with_their_class)
{
    static const struct {
        int status;
        enum error_class class;
        enum step at_patch; /* the GET is always tried again */
    } rows[] = {
        {401, ERROR_CLASS_AUTH, STEP_RETRY},          {403, ERROR_CLASS_AUTH, STEP_RETRY},
        {429, ERROR_CLASS_RATE_LIMITED, STEP_RETRY},  {500, ERROR_CLASS_SERVER_ERROR, STEP_RETRY},
        {409, ERROR_CLASS_CLIENT_ERROR, STEP_RETRY},  {400, ERROR_CLASS_CLIENT_ERROR, STEP_FAILED},
        {422, ERROR_CLASS_CLIENT_ERROR, STEP_FAILED}, {0, ERROR_CLASS_TIMEOUT, STEP_RETRY},
        {0, ERROR_CLASS_NETWORK, STEP_RETRY},
    };

    for (size_t i = 0; i < 2 * ARRAY_LENGTH(rows); i++) {
        bool at_patch = i % 2 == 1;
        size_t row = i / 2;
        struct talk talk;

        begin(&talk, NULL, NULL);
        if (at_patch) {
            answer_order(&talk, NULL, NULL);
        } else {
            talk_start(&talk);
        }
        if (rows[row].status == 0) {
            talk_trouble(&talk, rows[row].class);
        } else {
            talk_http(&talk, rows[row].status,
                      "{\"title\":\"Nee\",\"detail\":\"status onbekend\"}");
            assert_non_null(strstr(talk.outcome.error, "Nee: status onbekend"));
        }
        assert_int_equal(talk.step, at_patch ? rows[row].at_patch : STEP_RETRY);
        assert_int_equal(talk.outcome.error_class, rows[row].class);
        assert_int_equal(talk.outcome.http_status, rows[row].status);
        assert_null(talk.outcome.writes);
        talk_end(&talk);
    }
}

TEST(an_order_without_a_label_is_not_marked)
{
    json_t *context = json_loads(good_context, 0, NULL);
    struct talk talk;

    json_object_set_new(context, "label_environment", json_null());
    talk_begin(&talk, "mark_shipped", context);
    assert_null(talk.state);
    assert_int_equal(talk.outcome.error_class, ERROR_CLASS_CLIENT_ERROR);
    assert_string_equal(talk.outcome.error, "the order has no label");
    talk_end(&talk);
}
