#include "tests/unit/booking_helpers.h"

#define PATH "/track-and-trace/"

static void begin(struct talk *talk, const char *labels)
{
    json_t *context = parsed("{\"environment\":\"production\",\"unwanted\":null}");

    json_object_set_new(context, "labels", parsed(labels));
    talk_begin(talk, "track_label", context);
    assert_non_null(talk->state);
}

static void begin_one(struct talk *talk, const char *state)
{
    AUTO(free) char *labels = xasprintf("[{\"id\":\"l1\",\"state\":%s}]", state);

    begin(talk, labels);
    assert_int_equal(talk_start(talk), STEP_CALL);
    assert_string_equal(talk->request.path, PATH "l1");
    assert_int_equal(talk->request.method, HTTP_GET);
    assert_int_equal(talk->request.environment, ENVIRONMENT_PRODUCTION);
}

TEST(each_label_is_asked_for_and_said)
{
    struct talk talk;

    begin(&talk, "[{\"id\":\"l1\",\"state\":\"created\"},{\"id\":\"l2\",\"state\":\"scanned\"},"
                 "{\"id\":\"l3\",\"state\":null}]");
    assert_int_equal(talk_start(&talk), STEP_CALL);
    assert_string_equal(talk.request.path, PATH "l1");
    talk_http(&talk, 200,
              "{\"active\":{\"status\":\"delivered\",\"description\":\"Bezorgd\","
              "\"datetime\":\"2026-11-24T14:10:00+01:00\"},\"details\":[]}");
    assert_string_equal(talk.request.path, PATH "l2");
    talk_http(&talk, 200, "{\"active\":{\"status\":\"scanned\"}}");
    assert_string_equal(talk.request.path, PATH "l3");
    talk_http(&talk, 404, "{\"error\":\"Label not found\"}");
    assert_int_equal(talk.step, STEP_DONE);
    assert_int_equal(talk_rows(&talk, "write_tracked"), 3);

    json_auto_t *first = talk_row(&talk, "write_tracked", 0);
    json_auto_t *last = talk_row(&talk, "write_tracked", 2);

    check_member(first, "label", "l1");
    check_member(first, "state", "delivered");
    check_member(first, "words", "Bezorgd");
    check_member(first, "at", "2026-11-24 14:10:00+01:00");
    check_value(first, "known", "true");
    check_member(last, "label", "l3");
    check_value(last, "known", "false");
    check_value(last, "state", "null");
    check_value(talk.outcome.result, "labels", "3");
    check_value(talk.outcome.result, "news", "1");
    assert_false(talk.outcome.unremarkable);
    talk_end(&talk);
}

TEST(nothing_new_leaves_no_trace)
{
    static const struct {
        const char *state, *body;
        int status;
    } rows[] = {
        {"\"in_transit\"", "{\"active\":{\"status\":\"IN_TRANSIT\"}}", 200},
        {"\"in_transit\"", "{\"active\":null}", 200},
        {"null", "{\"error\":\"Label not found\"}", 404},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct talk talk;

        begin_one(&talk, rows[i].state);
        assert_int_equal(talk_http(&talk, rows[i].status, rows[i].body), STEP_DONE);
        assert_int_equal(talk_rows(&talk, "write_tracked"), 1);
        ROW_CHECK(rows[i].body, talk.outcome.unremarkable);
        talk_end(&talk);
    }
}

TEST(an_unknown_state_is_said_as_it_is)
{
    struct talk talk;

    begin_one(&talk, "\"scanned\"");
    talk_http(&talk, 200, "{\"active\":{\"status\":\"op_de_maan\"}}");

    json_auto_t *row = talk_row(&talk, "write_tracked", 0);

    check_member(row, "state", "op_de_maan");
    talk_end(&talk);
}

/* What was learnt of one label is not lost with the trouble of the next. */
TEST(trouble_is_tried_again_and_keeps_what_was_told)
{
    static const struct {
        int status;
        const char *body;
        enum error_class class;
    } rows[] = {
        {401, "{}", ERROR_CLASS_AUTH},
        {429, "{}", ERROR_CLASS_RATE_LIMITED},
        {500, "{}", ERROR_CLASS_SERVER_ERROR},
        {400, "{}", ERROR_CLASS_CLIENT_ERROR},
        {404, "<html>", ERROR_CLASS_UNREADABLE},
        {200, "<html>", ERROR_CLASS_UNREADABLE},
        {200, "{\"active\":7}", ERROR_CLASS_UNREADABLE},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct talk talk;

        begin(&talk, "[{\"id\":\"l1\",\"state\":null},{\"id\":\"l2\",\"state\":null}]");
        talk_start(&talk);
        talk_http(&talk, 200, "{\"active\":{\"status\":\"scanned\"}}");
        ROW_CHECK(rows[i].body, talk_http(&talk, rows[i].status, rows[i].body) == STEP_RETRY);
        assert_int_equal(talk.outcome.error_class, rows[i].class);
        assert_int_equal(talk_rows(&talk, "write_tracked"), 1);
        talk_end(&talk);
    }
}

TEST(an_unwanted_question_is_not_asked)
{
    static const char *const contexts[] = {
        "{\"environment\":\"production\",\"labels\":[{\"id\":\"l1\"}],\"unwanted\":\"x\"}",
        "{\"environment\":\"production\",\"labels\":[],\"unwanted\":null}",
    };

    for (size_t i = 0; i < ARRAY_LENGTH(contexts); i++) {
        struct talk talk;

        talk_begin(&talk, "track_label", parsed(contexts[i]));
        assert_int_equal(talk_start(&talk), STEP_DONE);
        assert_null(talk.outcome.writes);
        check_member(talk.outcome.result, "how", "not_tracked");
        talk_end(&talk);
    }
}

TEST(a_label_whose_id_could_be_another_path_is_not_asked_for)
{
    struct talk talk;

    talk_begin(&talk, "track_label",
               parsed("{\"environment\":\"production\",\"labels\":[{\"id\":\"../me\"}]}"));
    assert_null(talk.state);
    assert_int_equal(talk.outcome.error_class, ERROR_CLASS_CLIENT_ERROR);
    talk_end(&talk);
}
