/* The create_shipment job with a shipment that is known: reading it, and waiting for labels. */
#include "tests/unit/booking_helpers.h"

/* Begins with a shipment that is known to exist since so many seconds (JSON), and asks for it. */
static void begin_known(struct talk *talk, const char *created_s)
{
    json_t *context = parsed(SHIPMENT_CONTEXT);

    json_object_set_new(context, "state", json_string("created"));
    json_object_set_new(context, "external_id", json_string(SHIPMENT_ID));
    json_object_set_new(context, "sent_seconds_ago", json_integer(90000));
    json_object_set_new(context, "created_seconds_ago", parsed(created_s));
    talk_begin(talk, "create_shipment", context);
    assert_non_null(talk->state);
    assert_int_equal(talk_start(talk), STEP_CALL);
    assert_int_equal(talk->request.method, HTTP_GET);
    assert_string_equal(talk->request.path, "/shipments/" SHIPMENT_ID);
    assert_null(talk->outcome.writes);
}

TEST(the_wait_for_labels_grows_and_ends)
{
    static const struct {
        const char *created_s;
        size_t labels;
        enum step step;
        enum error_class class;
        int64_t wait_ms;
        const char *error;
    } rows[] = {
        {"null", 0, STEP_RETRY, ERROR_CLASS_OK, 2000, "0 of 2 labels are made"},
        {"0", 1, STEP_RETRY, ERROR_CLASS_OK, 2000, "1 of 2 labels are made"},
        {"-3", 1, STEP_RETRY, ERROR_CLASS_OK, 2000, "1 of 2 labels are made"},
        {"59.9", 0, STEP_RETRY, ERROR_CLASS_OK, 2000, "0 of 2 labels are made"},
        {"60", 0, STEP_RETRY, ERROR_CLASS_OK, 30000, "0 of 2 labels are made"},
        {"3599", 0, STEP_RETRY, ERROR_CLASS_OK, 30000, "0 of 2 labels are made"},
        {"3600", 0, STEP_RETRY, ERROR_CLASS_OK, 300000, "0 of 2 labels are made"},
        {"86400", 0, STEP_RETRY, ERROR_CLASS_OK, 300000, "0 of 2 labels are made"},
        {"86401", 0, STEP_FAILED, ERROR_CLASS_UNREADABLE, -1, "no labels after a day"},
        {"86401", 1, STEP_FAILED, ERROR_CLASS_UNREADABLE, -1, "only 1 of 2 labels after a day"},
        {"86401", 2, STEP_DONE, ERROR_CLASS_OK, -1, ""},
        {"10", 2, STEP_DONE, ERROR_CLASS_OK, -1, ""},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct talk talk;

        begin_known(&talk, rows[i].created_s);
        ROW_CHECK(rows[i].created_s, answer_shipment(&talk, 200, rows[i].labels) == rows[i].step);
        check_written(&talk, rows[i].labels, rows[i].step == STEP_DONE);
        ROW_CHECK(rows[i].created_s, talk.outcome.error_class == rows[i].class);
        ROW_CHECK(rows[i].created_s, talk.outcome.retry_after_ms == rows[i].wait_ms);
        check_text(rows[i].created_s, talk.outcome.error, rows[i].error);
        assert_int_equal(talk_rows(&talk, "write_sending"), 0);
        talk_end(&talk);
    }
}

TEST(a_known_shipment_that_cannot_be_read_is_not_booked_again)
{
    static const struct {
        int status; /* 0: no answer, for the reason in `class` */
        const char *body;
        const char *created_s;
        enum step step;
        enum error_class class;
    } rows[] = {
        {404, "{\"title\":\"Not Found\"}", "3", STEP_RETRY, ERROR_CLASS_OK},
        {404, "{\"title\":\"Not Found\"}", "60", STEP_FAILED, ERROR_CLASS_CLIENT_ERROR},
        {404, "{\"title\":\"Not Found\"}", "null", STEP_FAILED, ERROR_CLASS_CLIENT_ERROR},
        {404, "<html>", "60", STEP_RETRY, ERROR_CLASS_UNREADABLE},
        {400, "", "3", STEP_RETRY, ERROR_CLASS_CLIENT_ERROR},
        {401, "", "3", STEP_RETRY, ERROR_CLASS_AUTH},
        {403, "", "3", STEP_RETRY, ERROR_CLASS_AUTH},
        {429, "", "3", STEP_RETRY, ERROR_CLASS_RATE_LIMITED},
        {500, "", "3", STEP_RETRY, ERROR_CLASS_SERVER_ERROR},
        {0, "", "3", STEP_RETRY, ERROR_CLASS_TIMEOUT},
        {0, "", "3", STEP_RETRY, ERROR_CLASS_NETWORK},
        {200, "{}", "3", STEP_RETRY, ERROR_CLASS_UNREADABLE},
        {200, "[]", "3", STEP_RETRY, ERROR_CLASS_UNREADABLE},
        {200, "<html>", "3", STEP_RETRY, ERROR_CLASS_UNREADABLE},
        {200, "{\"id\":\"" OTHER_ID "\"}", "3", STEP_RETRY, ERROR_CLASS_UNREADABLE},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct talk talk;

        begin_known(&talk, rows[i].created_s);
        if (rows[i].status == 0) {
            talk_trouble(&talk, rows[i].class);
        } else {
            talk_http(&talk, rows[i].status, rows[i].body);
        }
        assert_int_equal(talk.step, rows[i].step);
        assert_int_equal(talk.outcome.error_class, rows[i].class);
        assert_int_equal(talk.outcome.http_status, rows[i].status);
        assert_null(talk.outcome.writes);
        talk_end(&talk);
    }
}

TEST(an_id_in_other_case_is_the_same)
{
    struct talk talk;

    begin_known(&talk, "5");
    assert_int_equal(talk_http(&talk, 200,
                               "{\"id\":\"C7B1D1C0-0B7A-4A39-9F3A-1D5A2E000001\",\"labels\":["
                               "{\"id\":\"a\"},{\"id\":\"b\"}]}"),
                     STEP_DONE);
    talk_end(&talk);
}
