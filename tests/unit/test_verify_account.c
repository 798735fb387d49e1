#include "tests/unit/booking_helpers.h"

static void begin(struct talk *talk, const char *environment, const char *token_problem)
{
    *talk = (struct talk){
        .job = {.id = 7,
                .attempt = 1,
                .args = json_pack("{s:i, s:s?}", "account_id", 1, "environment", environment),
                .context = json_object(),
                .token_problem = token_problem},
        .kind = job_kind_find("verify_account"),
    };
    outcome_init(&talk->outcome);
    talk->state = talk->kind->begin(&talk->job, &talk->outcome);
}

/* Fails unless this row is the only one. */
static void check_row(const struct talk *talk, const char *state, const char *reason,
                      const char *name)
{
    json_auto_t *row = talk_row(talk, "write_account", 0);

    assert_int_equal(talk_rows(talk, "write_account"), 1);
    check_member(row, "state", state);
    check_member(row, "reason_code", reason);
    check_member(row, "name", name);
}

TEST(each_environment_is_asked_whose_credentials_they_are)
{
    static const char *const names[] = {"staging", "production"};

    for (int i = 0; i < 2; i++) {
        struct talk talk;

        begin(&talk, names[i], NULL);
        assert_int_equal(talk_start(&talk), STEP_CALL);
        assert_int_equal(talk.request.method, HTTP_GET);
        assert_int_equal(talk.request.auth, HTTP_AUTH_BEARER);
        assert_int_equal(talk.request.environment,
                         i == 0 ? ENVIRONMENT_STAGING : ENVIRONMENT_PRODUCTION);
        assert_string_equal(talk.request.path, "/me");
        assert_int_equal(talk_http(&talk, 200, "{\"name\":\" Proefverzender BV \",\"id\":\"x\"}"),
                         STEP_DONE);
        check_row(&talk, "active", NULL, "Proefverzender BV");
        check_member(talk.outcome.result, "state", "active");
        talk_end(&talk);
    }
}

TEST(credentials_of_an_integration_and_of_nobody_by_name_are_good_too)
{
    struct talk talk;

    begin(&talk, "production", NULL);
    talk_start(&talk);
    assert_int_equal(talk_http(&talk, 200, "{\"name\":null,\"relation\":{\"id\":\"x\"}}"),
                     STEP_DONE);
    check_row(&talk, "active", NULL, NULL);
    talk_end(&talk);
}

TEST(a_refusal_is_a_reason)
{
    for (int status = 401; status <= 403; status += 2) {
        struct talk talk;

        begin(&talk, "production", NULL);
        talk_start(&talk);
        talk_answer(&talk, &(struct http_response){.transport = ERROR_CLASS_OK,
                                                   .status = status,
                                                   .body = "",
                                                   .retry_after_ms = -1,
                                                   .trouble = "HTTP 401: invalid_client",
                                                   .refuses_credentials = status == 401});
        assert_int_equal(talk.step, STEP_DONE);
        check_row(&talk, "rejected", "account_refused", NULL);
        check_member(talk.outcome.result, "reason_code", "account_refused");
        talk_end(&talk);
    }
}

TEST(a_secret_that_cannot_be_opened_is_told_without_asking)
{
    struct talk talk;

    begin(&talk, "production", "cannot be opened with this key");
    assert_int_equal(talk_start(&talk), STEP_DONE);
    check_row(&talk, "rejected", "account_secret_unreadable", NULL);
    talk_end(&talk);
}

/* What is not understood refuses nothing. */
TEST(troubles_are_said_and_tried_again)
{
    static const struct {
        int status;
        const char *body;
        enum error_class class;
    } rows[] = {
        {500, "", ERROR_CLASS_SERVER_ERROR},     {429, "", ERROR_CLASS_RATE_LIMITED},
        {404, "<html>", ERROR_CLASS_UNREADABLE}, {200, "<html>", ERROR_CLASS_UNREADABLE},
        {200, "[]", ERROR_CLASS_UNREADABLE},     {200, "", ERROR_CLASS_UNREADABLE},
        {422, "{}", ERROR_CLASS_CLIENT_ERROR},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct talk talk;

        begin(&talk, "production", NULL);
        talk_start(&talk);
        assert_int_equal(talk_http(&talk, rows[i].status, rows[i].body), STEP_RETRY);
        assert_int_equal(talk.outcome.error_class, rows[i].class);
        check_row(&talk, "unchecked", "account_unreachable", NULL);
        talk_end(&talk);
    }
}

TEST(arguments_that_name_no_environment_fail_the_job)
{
    static const char *const names[] = {NULL, "", "Production"};

    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        struct talk talk;

        begin(&talk, names[i], NULL);
        assert_null(talk.state);
        assert_int_equal(talk.outcome.error_class, ERROR_CLASS_CLIENT_ERROR);
        talk_end(&talk);
    }
}
