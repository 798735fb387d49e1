/* The mark_shipped job: further waybills in the comment of an order that is shipped already. */
#include "tests/unit/kind_helpers.h"

static const char context_text[] =
    "{\"order_uuid\":\"3b0f6a52-7c1e-4d7e-9a57-0c7f5b7a1101\",\"order_number\":\"20411\","
    "\"open_statuses\":[1,3],\"shipped_status\":2,\"label_environment\":\"production\","
    "\"label_ids\":[2],\"credit_order_numbers\":[\"99\"],\"mark_on_staging\":true,"
    "\"comment_line\":\"DPD: 12\\nDPD: 345\",\"was_marked\":true}";

/* The order as the shop has it, shipped, with these comments. */
static char *shipped_order(const char *comments)
{
    json_auto_t *order = load_fixture("order_b2c.json");

    json_object_set_new(order, "status", json_integer(2));
    json_object_set_new(order, "comments", json_loads(comments, 0, NULL));
    return json_dumps(order, JSON_COMPACT);
}

/* Begins, and answers with the shipped order. */
static enum step begin(struct talk *talk, const char *comments, bool was_marked)
{
    AUTO(free) char *order = shipped_order(comments);
    json_t *context = json_loads(context_text, 0, NULL);

    json_object_set_new(context, "was_marked", json_boolean(was_marked));
    talk_begin(talk, "mark_shipped", context);
    assert_int_equal(talk_start(talk), STEP_CALL);
    return talk_http(talk, 200, order);
}

static void check_already_shipped(const struct talk *talk, bool is_patched)
{
    json_auto_t *row = talk_row(talk, "write_marked", 0);

    assert_int_equal(talk->step, STEP_DONE);
    check_member(row, "outcome", "already_shipped");
    assert_int_equal(json_is_true(json_object_get(talk->outcome.result, "patched")), is_patched);
}

TEST(only_the_lines_that_it_lacks_are_added)
{
    static const char *const rows[][2] = {
        {"{\"internal\":\"DPD: 12\"}", "DPD: 12\\nDPD: 345"},
        {"{\"internal\":\"Let op\\nDPD: 12\\nbij de buren\"}",
         "Let op\\nDPD: 12\\nbij de buren\\nDPD: 345"},
        {"{\"internal\":\"DPD: 345\"}", "DPD: 345\\nDPD: 12"},
        {"{\"internal\":\"DPD: 123 DPD: 3456 GDPD: 12\"}",
         "DPD: 123 DPD: 3456 GDPD: 12\\nDPD: 12\\nDPD: 345"},
        {"{\"internal\":null}", "DPD: 12\\nDPD: 345"},
        {"[]", "DPD: 12\\nDPD: 345"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        AUTO(free) char *body = xasprintf("{\"comments\":{\"internal\":\"%s\"}}", rows[i][1]);
        AUTO(free) char *order = shipped_order("{}");
        struct talk talk;

        assert_int_equal(begin(&talk, rows[i][0], true), STEP_CALL);
        assert_int_equal(talk.request.method, HTTP_PATCH);
        check_text(rows[i][0], talk.request.body, body);
        talk_http(&talk, 200, order);
        check_already_shipped(&talk, true);
        talk_end(&talk);
    }
}

TEST(nothing_is_sent_when_it_lacks_nothing_or_others_shipped_it)
{
    static const struct {
        const char *comments;
        bool was_marked;
    } rows[] = {
        {"{\"internal\":\"DPD: 12\\r\\nDPD: 345\"}", true},
        {"{\"internal\":\"DPD: 345, DPD: 12\"}", true},
        {"{\"internal\":7}", true},
        {"{\"internal\":null}", false},
        {"{\"internal\":\"Let op\"}", false},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct talk talk;

        begin(&talk, rows[i].comments, rows[i].was_marked);
        check_already_shipped(&talk, false);
        talk_end(&talk);
    }
}

/* The shop was told of the first label, but what it answered was lost. */
TEST(a_line_of_ours_shows_that_it_was_we_who_shipped_it)
{
    struct talk talk;

    assert_int_equal(begin(&talk, "{\"internal\":\"DPD: 12\"}", false), STEP_CALL);
    assert_string_equal(talk.request.body, "{\"comments\":{\"internal\":\"DPD: 12\\nDPD: 345\"}}");
    talk_end(&talk);
}

TEST(a_comment_that_the_shop_refuses_leaves_the_order_shipped)
{
    struct talk talk;

    begin(&talk, "{}", true);
    talk_http(&talk, 422, "{\"title\":\"too long\"}");
    check_already_shipped(&talk, true);
    talk_end(&talk);
}

TEST(a_shop_in_trouble_is_told_again)
{
    struct talk talk;

    begin(&talk, "{}", true);
    assert_int_equal(talk_http(&talk, 503, ""), STEP_RETRY);
    assert_int_equal(talk_rows(&talk, "write_marked"), 0);
    talk_end(&talk);
}
