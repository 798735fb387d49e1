/* The quote job: asking for services and prices, one way and the other. */
#include "tests/unit/booking_helpers.h"

static const char context_text[] =
    "{\"order_number\":\"20411\",\"dispatch_date\":\"2026-11-24\",\"unwanted\":null,\"items\":["
    "{\"quantity\":1,\"type\":\"package\",\"description\":\"Pakket\",\"length\":10,\"width\":10,"
    "\"height\":10,\"weight_kg\":0.85,\"value\":45.0}],\"from\":" SENDER ",\"to\":" RECEIVER "}";

static const char rates[] = "[{\"service\":{\"code\":\"dpd_1\"},\"price\":5.95}]";
static const char matrix[] = "{\"rates\":[{\"service\":{\"key\":\"dpd_2\"},\"price\":6}]}";

/* Begins with these arguments and one member of the context changed, unless `key` is NULL. */
static void begin(struct talk *talk, const char *args, const char *key, const char *value)
{
    json_t *context = parsed(context_text);

    if (key != NULL) {
        json_object_set_new(context, key, parsed(value));
    }
    talk_begin(talk, "quote", context);
    talk->kind->end(talk->state);
    json_decref(talk->job.args);
    talk->job.args = parsed(args);
    outcome_release(&talk->outcome);
    outcome_init(&talk->outcome);
    talk->state = talk->kind->begin(&talk->job, &talk->outcome);
}

/* Asks, the usual way. */
static void begin_asking(struct talk *talk)
{
    begin(talk, "{}", NULL, NULL);
    assert_non_null(talk->state);
    assert_int_equal(talk_start(talk), STEP_CALL);
    assert_string_equal(talk->request.path, "/rate-request");
}

/* Fails unless the other way was asked for. */
static void check_matrix_asked(const struct talk *talk)
{
    assert_int_equal(talk->step, STEP_CALL);
    assert_string_equal(talk->request.path, "/shipments/matrix");
}

static void check_kept(const struct talk *talk, const char *service, const char *how)
{
    json_auto_t *row = talk_row(talk, "write_quote", 0);

    assert_int_equal(talk->step, STEP_DONE);
    assert_int_equal(talk_rows(talk, "write_quote"), 1);
    assert_int_equal(json_array_size(json_object_get(row, "services")), service != NULL);
    if (service != NULL) {
        check_member(value_at(row, "services/0"), "service", service);
    }
    check_value(row, "asked/0/weight_kg", "0.85");
    check_member(talk->outcome.result, "how", how);
}

TEST(prices_are_asked_for_and_kept)
{
    struct talk talk;

    begin_asking(&talk);
    assert_int_equal(talk.request.method, HTTP_POST);
    assert_int_equal(talk.request.api, API_BOEKUWZENDING);
    assert_int_equal(talk.request.environment, ENVIRONMENT_PRODUCTION);
    assert_int_equal(talk.request.auth, HTTP_AUTH_BEARER);
    assert_false(talk.request.not_repeatable);
    assert_false(talk.request.save_first);

    json_auto_t *body = parsed(talk.request.body);

    check_value(body, "shipTo/contact/name", "\"Fenna Testveld\"");
    check_value(body, "service", "");
    talk_http(&talk, 200, rates);
    check_kept(&talk, "dpd_1", "rate-request");
    talk_end(&talk);
}

TEST(the_arguments_say_what_is_asked_and_where)
{
    struct talk talk;

    begin(&talk,
          "{\"environment\":\"staging\",\"items\":[{\"quantity\":3,\"weight_kg\":9},"
          "{\"quantity\":1}]}",
          NULL, NULL);
    assert_int_equal(talk_start(&talk), STEP_CALL);
    assert_int_equal(talk.request.environment, ENVIRONMENT_STAGING);

    json_auto_t *body = parsed(talk.request.body);

    assert_int_equal(json_array_size(json_object_get(body, "items")), 2);
    check_value(body, "items/0/quantity", "3");
    talk_http(&talk, 200, rates);

    json_auto_t *row = talk_row(&talk, "write_quote", 0);

    check_member(row, "environment", "staging");
    check_value(row, "asked/0/weight_kg", "9");
    talk_end(&talk);
}

TEST(a_useless_answer_is_asked_for_the_other_way)
{
    static const struct {
        int status;
        const char *body;
    } rows[] = {
        {404, "{\"title\":\"Not Found\",\"status\":404}"},
        {404, "<html>"},
        {405, ""},
        {200, ""},
        {204, ""},
        {200, "[]"},
        {200, "null"},
        {200, "<html>"},
        {200, "[{\"price\":5}]"},
        {201, "{\"id\":\"a\",\"status\":\"new\"}"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct talk talk;

        begin_asking(&talk);
        talk_http(&talk, rows[i].status, rows[i].body);
        check_matrix_asked(&talk);

        json_auto_t *body = parsed(talk.request.body);

        check_value(body, "items/0/quantity", "1");
        talk_http(&talk, 200, matrix);
        check_kept(&talk, "dpd_2", "matrix");
        talk_end(&talk);
    }
}

TEST(that_there_is_no_service_is_kept)
{
    static const struct {
        const char *rates;
        int status;
        const char *matrix;
    } rows[] = {
        {"[]", 200, "null"},   {"[]", 200, "{\"rates\":[]}"}, {"", 200, "null"},
        {"<html>", 200, "[]"}, {"[]", 404, "<html>"},         {"null", 200, "<html>"},
        {"[]", 405, ""},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct talk talk;

        begin_asking(&talk);
        talk_http(&talk, 200, rows[i].rates);
        check_matrix_asked(&talk);
        talk_http(&talk, rows[i].status, rows[i].matrix);
        check_kept(&talk, NULL, "matrix");
        talk_end(&talk);
    }
}

TEST(an_answer_that_settles_nothing_ends_the_attempt)
{
    static const struct {
        bool is_second;
        int status;
        const char *body;
        enum step step;
        enum error_class class;
    } rows[] = {
        {false, 422, "{\"detail\":\"postcode: 3511ZZ of Fenna Testveld\"}", STEP_FAILED,
         ERROR_CLASS_CLIENT_ERROR},
        {false, 400, "", STEP_FAILED, ERROR_CLASS_CLIENT_ERROR},
        {false, 401, "", STEP_FAILED, ERROR_CLASS_AUTH},
        {false, 429, "", STEP_RETRY, ERROR_CLASS_RATE_LIMITED},
        {false, 503, "<html>", STEP_RETRY, ERROR_CLASS_SERVER_ERROR},
        {true, 404, "{\"title\":\"Not Found\",\"status\":404}", STEP_FAILED,
         ERROR_CLASS_CLIENT_ERROR},
        {true, 404, "<html>", STEP_RETRY, ERROR_CLASS_UNREADABLE},
        {true, 200, "<html>", STEP_RETRY, ERROR_CLASS_UNREADABLE},
        {true, 200, "{\"id\":\"Fenna\"}", STEP_RETRY, ERROR_CLASS_UNREADABLE},
        {true, 422, "", STEP_FAILED, ERROR_CLASS_CLIENT_ERROR},
        {true, 500, "", STEP_RETRY, ERROR_CLASS_SERVER_ERROR},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct talk talk;

        begin_asking(&talk);
        if (rows[i].is_second) {
            talk_http(&talk, 404, "");
            check_matrix_asked(&talk);
        }
        talk_http(&talk, rows[i].status, rows[i].body);
        assert_int_equal(talk.step, rows[i].step);
        assert_int_equal(talk.outcome.error_class, rows[i].class);
        assert_int_equal(talk.outcome.http_status, rows[i].status);
        assert_null(talk.outcome.writes);
        check_impersonal(talk.outcome.error);
        talk_end(&talk);
    }
}

TEST(no_answer_is_asked_for_again)
{
    static const enum error_class troubles[] = {ERROR_CLASS_TIMEOUT, ERROR_CLASS_NETWORK,
                                                ERROR_CLASS_TLS, ERROR_CLASS_UNREADABLE};

    for (size_t i = 0; i < ARRAY_LENGTH(troubles); i++) {
        struct talk talk;

        begin_asking(&talk);
        assert_int_equal(talk_trouble(&talk, troubles[i]), STEP_RETRY);
        assert_int_equal(talk.outcome.error_class, troubles[i]);
        talk_end(&talk);
    }
}

/* The answer is that to the question for a bearer token: it is not the API that has no such way. */
TEST(a_token_that_cannot_be_had_is_no_reason_to_ask_the_other_way)
{
    struct talk talk;

    begin_asking(&talk);
    talk_answer(&talk, &(struct http_response){.transport = ERROR_CLASS_OK,
                                               .status = 404,
                                               .body = "<html>",
                                               .length = 6,
                                               .retry_after_ms = -1,
                                               .trouble = "no bearer token"});
    assert_int_equal(talk.step, STEP_RETRY);
    talk_end(&talk);
}

TEST(what_is_unwanted_by_now_is_not_asked)
{
    struct talk talk;

    begin(&talk, "{}", "unwanted", "\"it was withdrawn\"");
    assert_int_equal(talk_start(&talk), STEP_DONE);
    check_member(talk.outcome.result, "how", "not_asked");
    check_member(talk.outcome.result, "reason", "it was withdrawn");
    assert_null(talk.outcome.writes);
    talk_end(&talk);
}

TEST(arguments_that_make_no_sense_fail_the_job)
{
    static const char *const rows[][3] = {
        {"{\"environment\":\"mars\"}", NULL, NULL},
        {"{\"environment\":7}", NULL, NULL},
        {"{\"items\":[]}", NULL, NULL},
        {"{\"items\":\"x\"}", NULL, NULL},
        {"{}", "items", "null"},
        {"{}", "from", "null"},
        {"{}", "to", "[]"},
        {"{}", "dispatch_date", "null"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct talk talk;

        begin(&talk, rows[i][0], rows[i][1], rows[i][2]);
        assert_null(talk.state);
        assert_int_equal(talk.outcome.error_class, ERROR_CLASS_CLIENT_ERROR);
        talk_end(&talk);
    }
}
