#include "tests/unit/booking_helpers.h"

#define ORDER_PATH "/orders/p1"

static void begin(struct talk *talk, const char *shipments, const char *labels)
{
    json_t *context =
        parsed("{\"environment\":\"staging\",\"pushed_id\":\"p1\",\"unwanted\":null}");

    json_object_set_new(context, "shipments", parsed(shipments));
    json_object_set_new(context, "labels", parsed(labels));
    talk_begin(talk, "watch_order", context);
    assert_non_null(talk->state);
    assert_int_equal(talk_start(talk), STEP_CALL);
    assert_string_equal(talk->request.path, ORDER_PATH);
    assert_int_equal(talk->request.method, HTTP_GET);
    assert_int_equal(talk->request.environment, ENVIRONMENT_STAGING);
}

static json_t *end_seen(struct talk *talk)
{
    assert_int_equal(talk->step, STEP_DONE);
    assert_int_equal(talk_rows(talk, "write_watched"), 1);
    return talk_row(talk, "write_watched", 0);
}

TEST(an_order_without_shipments_is_seen_and_leaves_no_trace)
{
    static const char *const answers[] = {"{\"id\":\"p1\",\"shipments\":[]}", "{\"id\":\"P1\"}",
                                          "{\"id\":\"p1\",\"shipments\":null,\"archived\":true}",
                                          "{\"id\":\"p1\",\"shipments\":{}}"};

    for (size_t i = 0; i < ARRAY_LENGTH(answers); i++) {
        struct talk talk;

        begin(&talk, "[]", "{}");
        talk_http(&talk, 200, answers[i]);

        json_auto_t *row = end_seen(&talk);

        check_value(row, "labels", "[]");
        check_value(row, "removed", "false");
        check_value(row, "is_unlabelled", "false");
        assert_true(talk.outcome.unremarkable);
        talk_end(&talk);
    }
}

TEST(labels_of_all_shipments_are_recorded_in_one_go)
{
    AUTO(free) char *first = shipment_text(SHIPMENT_ID, "x", 2);
    struct talk talk;

    begin(&talk, "[\"" OTHER_ID "\"]", "{\"gone\":false}");
    talk_http(&talk, 200, "{\"id\":\"p1\",\"shipments\":[\"/shipments/" SHIPMENT_ID "\"]}");
    assert_string_equal(talk.request.path, "/shipments/" SHIPMENT_ID);
    talk_http(&talk, 200, first);
    assert_string_equal(talk.request.path, "/shipments/" OTHER_ID);
    talk_http(&talk, 404, "{\"title\":\"Not Found\"}");

    json_auto_t *row = end_seen(&talk);

    assert_int_equal(json_array_size(json_object_get(row, "labels")), 2);
    check_value(row, "labels/0/shipment", "\"" SHIPMENT_ID "\"");
    check_value(row, "shipments", "[\"" SHIPMENT_ID "\",\"" OTHER_ID "\"]");
    check_value(row, "is_unlabelled", "false");
    assert_false(talk.outcome.unremarkable);
    talk_end(&talk);
}

TEST(a_shipment_is_named_by_path_or_object)
{
    static const char *const shipments[] = {"\"/shipments/s1\"", "\"s1\"", "{\"id\":\"s1\"}",
                                            "{\"@id\":\"/shipments/s1\"}",
                                            "\"/shipments/s1\",\"/shipments/S1\""};

    for (size_t i = 0; i < ARRAY_LENGTH(shipments); i++) {
        AUTO(free) char *body = xasprintf("{\"id\":\"p1\",\"shipments\":[%s]}", shipments[i]);
        struct talk talk;

        begin(&talk, "[]", "{}");
        ROW_CHECK(shipments[i], talk_http(&talk, 200, body) == STEP_CALL);
        assert_string_equal(talk.request.path, "/shipments/s1");
        assert_int_equal(talk_http(&talk, 200, "{\"id\":\"s1\",\"labels\":[]}"), STEP_DONE);

        json_auto_t *row = end_seen(&talk);

        check_value(row, "is_unlabelled", "true");
        talk_end(&talk);
    }
}

/* Else nobody would be told of a label, or one would be taken for cancelled. */
TEST(what_is_not_understood_is_not_nothing)
{
    static const char *const orders[] = {"{\"id\":\"p1\",\"shipments\":[7]}",
                                         "{\"id\":\"p1\",\"shipments\":\"none\"}",
                                         "{\"id\":\"p1\",\"shipments\":[\"/shipments/\"]}",
                                         "{\"id\":\"p2\",\"shipments\":[]}",
                                         "[]",
                                         "<html>"};
    struct talk talk;

    for (size_t i = 0; i < ARRAY_LENGTH(orders); i++) {
        begin(&talk, "[]", "{}");
        ROW_CHECK(orders[i], talk_http(&talk, 200, orders[i]) == STEP_RETRY);
        assert_int_equal(talk.outcome.error_class, ERROR_CLASS_UNREADABLE);
        assert_null(talk.outcome.writes);
        talk_end(&talk);
    }
    begin(&talk, "[\"s1\"]", "{\"l1\":false}");
    talk_http(&talk, 200, "{\"id\":\"p1\",\"shipments\":[\"/shipments/s1\"]}");
    talk_http(&talk, 200, "{\"id\":\"s1\",\"labels\":{}}");

    json_auto_t *row = end_seen(&talk);

    check_value(row, "shipments", "[]");
    talk_end(&talk);
}

TEST(an_order_that_was_removed_is_said_to_be)
{
    struct talk talk;

    begin(&talk, "[]", "{}");
    talk_http(&talk, 404, "{\"title\":\"Not Found\"}");

    json_auto_t *row = end_seen(&talk);

    check_value(row, "removed", "true");
    check_member(row, "pushed_id", "p1");
    talk_end(&talk);
    begin(&talk, "[]", "{}");
    assert_int_equal(talk_http(&talk, 404, "<html>"), STEP_RETRY);
    assert_null(talk.outcome.writes);
    talk_end(&talk);
}

TEST(a_cancelled_label_is_news_once)
{
    static const char body[] =
        "{\"id\":\"s1\",\"labels\":[{\"id\":\"l1\",\"status\":\"canceled\"}]}";
    static const struct {
        const char *labels;
        bool is_news;
    } rows[] = {{"{}", true}, {"{\"l1\":false}", true}, {"{\"l1\":true}", false}};

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct talk talk;

        begin(&talk, "[]", rows[i].labels);
        talk_http(&talk, 200, "{\"id\":\"p1\",\"shipments\":[\"/shipments/s1\"]}");
        talk_http(&talk, 200, body);

        json_auto_t *row = end_seen(&talk);

        check_value(row, "labels/0/is_cancelled", "true");
        ROW_CHECK(rows[i].labels, talk.outcome.unremarkable == !rows[i].is_news);
        talk_end(&talk);
    }
}

TEST(trouble_is_tried_again)
{
    static const struct {
        int status;
        enum error_class class;
    } rows[] = {{401, ERROR_CLASS_AUTH},
                {429, ERROR_CLASS_RATE_LIMITED},
                {500, ERROR_CLASS_SERVER_ERROR},
                {400, ERROR_CLASS_CLIENT_ERROR}};

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct talk talk;

        begin(&talk, "[]", "{}");
        assert_int_equal(talk_http(&talk, rows[i].status, "{}"), STEP_RETRY);
        assert_int_equal(talk.outcome.error_class, rows[i].class);
        assert_null(talk.outcome.writes);
        talk_end(&talk);
    }
}

TEST(an_unwanted_look_asks_nothing)
{
    struct talk talk;

    talk_begin(&talk, "watch_order",
               parsed("{\"environment\":\"production\",\"pushed_id\":null,\"unwanted\":\"x\"}"));
    assert_int_equal(talk_start(&talk), STEP_DONE);
    assert_null(talk.outcome.writes);
    check_member(talk.outcome.result, "how", "not_watched");
    talk_end(&talk);
}
