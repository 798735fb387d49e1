/* The create_shipment job: booking, and what is answered to that. */
#include "tests/unit/booking_helpers.h"

/* Begins with one member of the context changed (`value` is JSON), unless `key` is NULL. */
static void begin(struct talk *talk, const char *key, const char *value)
{
    json_t *context = parsed(SHIPMENT_CONTEXT);

    if (key != NULL) {
        json_object_set_new(context, key, parsed(value));
    }
    talk_begin(talk, "create_shipment", context);
    assert_non_null(talk->state);
}

/* Begins, and asks to book. */
static void begin_booking(struct talk *talk)
{
    begin(talk, NULL, NULL);
    assert_int_equal(talk_start(talk), STEP_CALL);
}

TEST(a_shipment_is_booked_after_its_intent_is_saved)
{
    struct talk talk;

    begin_booking(&talk);
    assert_int_equal(talk.request.method, HTTP_POST);
    assert_int_equal(talk.request.api, API_BOEKUWZENDING);
    assert_int_equal(talk.request.environment, ENVIRONMENT_PRODUCTION);
    assert_int_equal(talk.request.auth, HTTP_AUTH_BEARER);
    assert_string_equal(talk.request.path, "/shipments");
    assert_string_equal(talk.request.query, "");
    assert_true(talk.request.save_first);
    assert_true(talk.request.not_repeatable);
    assert_int_equal(talk_rows(&talk, "write_sending"), 1);

    json_auto_t *row = talk_row(&talk, "write_sending", 0);
    json_auto_t *body = parsed(talk.request.body);

    check_value(row, "sending", "true");
    check_value(row, "address_hash", "\"a1\"");
    check_value(row, "goods_hash", "\"b1\"");
    check_value(body, "invoiceReference", "\"20411-17\"");
    assert_int_equal(answer_shipment(&talk, 201, 2), STEP_DONE);
    check_written(&talk, 2, true);
    assert_int_equal(talk.outcome.http_status, 201);
    assert_int_equal(talk.outcome.error_class, ERROR_CLASS_OK);
    assert_int_equal(talk.outcome.label_environment, ENVIRONMENT_PRODUCTION);
    assert_int_equal(talk.outcome.shop_environment, ENVIRONMENT_NONE);
    check_value(talk.outcome.result, "external_id", "\"" SHIPMENT_ID "\"");
    check_value(talk.outcome.result, "labels", "2");
    check_value(talk.outcome.result, "reconciled", "false");
    check_value(talk.outcome.result, "duplicates", "");
    talk_end(&talk);
}

TEST(what_is_objected_to_before_it_is_sent_fails_with_the_reason)
{
    static const char objection[] = "the address of order 5 was erased";
    struct talk talk;

    begin_booking(&talk);
    outcome_release(&talk.outcome);
    talk_answer(&talk, &(struct http_response){.transport = ERROR_CLASS_CLIENT_ERROR,
                                               .body = "",
                                               .retry_after_ms = -1,
                                               .trouble = objection,
                                               .objection = objection});
    assert_int_equal(talk.step, STEP_FAILED);
    assert_int_equal(talk.outcome.error_class, ERROR_CLASS_CLIENT_ERROR);
    assert_int_equal(talk.outcome.http_status, 0);
    assert_string_equal(talk.outcome.error, "not booked: the address of order 5 was erased");

    json_auto_t *row = talk_row(&talk, "write_shipment_failed", 0);

    check_member(row, "reason", talk.outcome.error);
    talk_end(&talk);
}

TEST(another_label_waits_until_the_first_is_booked)
{
    struct talk talk;

    begin(&talk, "related_is_pending", "true");
    assert_int_equal(talk_start(&talk), STEP_RETRY);
    assert_int_equal(talk.outcome.error_class, ERROR_CLASS_OK);
    assert_int_equal(talk.outcome.retry_after_ms, 500);
    assert_null(talk.outcome.writes);
    talk_end(&talk);
}

TEST(what_is_sent_as_related_is_noted)
{
    static const char *const rows[][3] = {
        {"null", "null", "null"},
        {"16", "null", "null"}, /* it is not booked, and nobody waits any more */
        {"16", "\"" OTHER_ID "\"", "16"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        json_t *context = parsed(SHIPMENT_CONTEXT);
        struct talk talk;

        json_object_set_new(context, "related_id", parsed(rows[i][0]));
        json_object_set_new(context, "related_external_id", parsed(rows[i][1]));
        talk_begin(&talk, "create_shipment", context);
        assert_int_equal(talk_start(&talk), STEP_CALL);

        json_auto_t *row = talk_row(&talk, "write_sending", 0);
        json_auto_t *body = parsed(talk.request.body);

        check_value(row, "related_id", rows[i][2]);
        assert_int_equal(json_object_get(body, "related") != NULL, strcmp(rows[i][1], "null") != 0);
        talk_end(&talk);
    }
}

TEST(a_staging_shipment_is_booked_on_staging)
{
    struct talk talk;

    begin(&talk, "environment", "\"staging\"");
    talk_start(&talk);
    assert_int_equal(talk.request.environment, ENVIRONMENT_STAGING);
    answer_shipment(&talk, 201, 2);
    assert_int_equal(talk.outcome.label_environment, ENVIRONMENT_STAGING);
    talk_end(&talk);
}

TEST(more_labels_than_wanted_are_kept)
{
    struct talk talk;

    begin_booking(&talk);
    assert_int_equal(answer_shipment(&talk, 200, 3), STEP_DONE);
    check_written(&talk, 3, true);
    talk_end(&talk);
}

TEST(missing_labels_are_fetched_later)
{
    struct talk talk;

    for (size_t labels = 0; labels < 2; labels++) {
        begin_booking(&talk);
        assert_int_equal(answer_shipment(&talk, 201, labels), STEP_RETRY);
        check_written(&talk, labels, false);
        assert_int_equal(talk.outcome.error_class, ERROR_CLASS_OK);
        assert_int_equal(talk.outcome.retry_after_ms, 2000);
        talk_end(&talk);
    }
}

TEST(a_labelled_shipment_is_left_alone)
{
    struct talk talk;

    begin(&talk, "state", "\"labelled\"");
    assert_int_equal(talk_start(&talk), STEP_DONE);
    assert_null(talk.outcome.writes);
    assert_int_equal(talk.outcome.label_environment, ENVIRONMENT_PRODUCTION);
    talk_end(&talk);
}

/* What each answer to the POST means; status 0: none, for the reason in `class`. */
static const struct {
    int status;
    enum error_class class;
    enum step step;
    bool is_failed; /* recorded as failed at the shipment */
} answers[] = {
    {400, ERROR_CLASS_CLIENT_ERROR, STEP_FAILED, true},
    {402, ERROR_CLASS_CLIENT_ERROR, STEP_FAILED, true},
    {404, ERROR_CLASS_CLIENT_ERROR, STEP_FAILED, true},
    {415, ERROR_CLASS_CLIENT_ERROR, STEP_FAILED, true},
    {422, ERROR_CLASS_CLIENT_ERROR, STEP_FAILED, true},
    {302, ERROR_CLASS_CLIENT_ERROR, STEP_FAILED, true},
    {401, ERROR_CLASS_AUTH, STEP_FAILED, true},
    {403, ERROR_CLASS_AUTH, STEP_FAILED, true},
    {408, ERROR_CLASS_UNKNOWN_OUTCOME, STEP_UNCERTAIN, false},
    {409, ERROR_CLASS_UNKNOWN_OUTCOME, STEP_UNCERTAIN, false},
    {429, ERROR_CLASS_RATE_LIMITED, STEP_RETRY, false},
    {500, ERROR_CLASS_UNKNOWN_OUTCOME, STEP_UNCERTAIN, false},
    {502, ERROR_CLASS_UNKNOWN_OUTCOME, STEP_UNCERTAIN, false},
    {503, ERROR_CLASS_UNKNOWN_OUTCOME, STEP_UNCERTAIN, false},
    {999, ERROR_CLASS_UNKNOWN_OUTCOME, STEP_UNCERTAIN, false},
    {0, ERROR_CLASS_UNKNOWN_OUTCOME, STEP_UNCERTAIN, false},
    {0, ERROR_CLASS_NETWORK, STEP_RETRY, false},
    {0, ERROR_CLASS_TIMEOUT, STEP_RETRY, false},
    {0, ERROR_CLASS_TLS, STEP_RETRY, false},
    {0, ERROR_CLASS_UNREADABLE, STEP_RETRY, false},
};

TEST(each_answer_to_a_booking_has_its_meaning)
{
    for (size_t i = 0; i < ARRAY_LENGTH(answers); i++) {
        struct talk talk;
        char name[40];

        snprintf(name, sizeof(name), "%d, class %d", answers[i].status, (int)answers[i].class);
        begin_booking(&talk);
        if (answers[i].status == 0) {
            talk_trouble(&talk, answers[i].class);
        } else {
            talk_http(&talk, answers[i].status, "{\"title\":\"No\",\"detail\":\"not like this\"}");
        }
        ROW_CHECK(name, talk.step == answers[i].step);
        ROW_CHECK(name, talk.outcome.error_class == answers[i].class);
        ROW_CHECK(name, talk.outcome.http_status == answers[i].status);
        ROW_CHECK(name, talk.outcome.retry_after_ms == (answers[i].status == 429 ? 5000 : -1));
        ROW_CHECK(name, strncmp(talk.outcome.error, "cannot book the shipment: ", 26) == 0);
        ROW_CHECK(name, talk_rows(&talk, "write_shipment") == 0);
        ROW_CHECK(name, talk_rows(&talk, "write_shipment_failed") == answers[i].is_failed);
        /* Each answer says whether it was made, was not, or may have been. */
        ROW_CHECK(name, talk_rows(&talk, "write_doubt") == (talk.step == STEP_UNCERTAIN));
        ROW_CHECK(name, talk_rows(&talk, "write_not_made") == (talk.step == STEP_RETRY));
        ROW_CHECK(name, talk.outcome.label_environment == ENVIRONMENT_PRODUCTION);
        if (answers[i].is_failed) {
            json_auto_t *row = talk_row(&talk, "write_shipment_failed", 0);

            check_member(row, "reason", talk.outcome.error);
        }
        talk_end(&talk);
    }
}

/* It is no word of the API, so nobody knows how far the request came. */
TEST(a_404_in_html_refuses_no_booking)
{
    struct talk talk;

    begin_booking(&talk);
    assert_int_equal(talk_http(&talk, 404, "<html>Not Found</html>"), STEP_UNCERTAIN);
    assert_int_equal(talk_rows(&talk, "write_shipment_failed"), 0);
    talk_end(&talk);
}

/* What was said to the question for a bearer token says nothing of a booking. */
TEST(without_a_bearer_token_nothing_was_made)
{
    static const int statuses[] = {500, 503, 429, 200};

    for (size_t i = 0; i < ARRAY_LENGTH(statuses); i++) {
        const struct http_response answer = {
            .transport = statuses[i] == 200 ? ERROR_CLASS_UNREADABLE : ERROR_CLASS_OK,
            .status = statuses[i],
            .body = "",
            .retry_after_ms = -1,
            .trouble = "the token is missing",
        };
        struct talk talk;

        begin_booking(&talk);
        assert_int_equal(talk_answer(&talk, &answer), STEP_RETRY);
        assert_int_equal(talk_rows(&talk, "write_not_made"), 1);
        assert_int_equal(talk_rows(&talk, "write_doubt"), 0);
        talk_end(&talk);
    }
}

TEST(how_long_the_service_took_to_book_is_told)
{
    AUTO(free) char *body = shipment_text(SHIPMENT_ID, "20411-17", 2);
    const struct http_response answer = {
        .transport = ERROR_CLASS_OK,
        .status = 201,
        .body = body,
        .length = strlen(body),
        .took_ms = 22150,
        .retry_after_ms = -1,
        .trouble = "",
    };
    struct talk talk;

    begin_booking(&talk);
    assert_int_equal(talk_answer(&talk, &answer), STEP_DONE);
    json_auto_t *row = talk_row(&talk, "write_shipment", 0);
    check_value(row, "took_ms", "22150");
    talk_end(&talk);
}

TEST(a_success_without_a_readable_id_is_uncertain)
{
    static const char *const bodies[] = {"",
                                         "{}",
                                         "[]",
                                         "null",
                                         "<html>Fenna Testveld",
                                         "{\"id\":null}",
                                         "{\"id\":\"../x\"}",
                                         "{\"id\":\"" SHIPMENT_ID "\"",
                                         "[{\"id\":\"" SHIPMENT_ID "\"}]",
                                         "{\"shipment\":{\"id\":\"a\"}}"};

    for (size_t i = 0; i < ARRAY_LENGTH(bodies); i++) {
        struct talk talk;

        begin_booking(&talk);
        ROW_CHECK(bodies[i], talk_http(&talk, i % 2 == 0 ? 201 : 202, bodies[i]) == STEP_UNCERTAIN);
        assert_int_equal(talk.outcome.error_class, ERROR_CLASS_UNKNOWN_OUTCOME);
        assert_int_equal(talk_rows(&talk, "write_shipment"), 0);
        assert_int_equal(talk_rows(&talk, "write_doubt"), 1);
        check_impersonal(talk.outcome.error);
        talk_end(&talk);
    }
}

TEST(a_refusal_is_told_without_personal_data)
{
    static const char *const rows[][2] = {
        {"{\"title\":\"An error occurred\",\"detail\":\"x: Fenna\",\"violations\":[{\"propertyPath"
         "\":\"shipTo.address.postcode\",\"message\":\"The value \\\"3511ZZ\\\" is wrong.\"}]}",
         "cannot book the shipment: HTTP 422: An error occurred: shipTo.address.postcode: The "
         "value "
         "... is wrong."},
        {"{\"title\":\"Bad\",\"detail\":\"Postcode 3511zz is not in Utrecht, Fenna Testveld\"}",
         "cannot book the shipment: HTTP 422: Bad: Postcode ... is not in ..., ..."},
        {"{\"title\":\"Loodsweg is unknown\",\"violations\":{\"propertyPath\":\"Utrecht\","
         "\"message\":\"+31612345678 fenna.testveld@example.org\"}}",
         "cannot book the shipment: HTTP 422: ... is unknown: ...: ... ..."},
        {"<html>Fenna Testveld", "cannot book the shipment: HTTP 422 with an HTML page"},
        {"\"Fenna Testveld\"", "cannot book the shipment: HTTP 422 with text"},
        {"{\"name\":\"Fenna Testveld\"}", "cannot book the shipment: HTTP 422 with an object"},
        {"{\"title\":\"caf\xE9 \\u0000 \\ud800\"}",
         "cannot book the shipment: HTTP 422: caf\xEF\xBF"
         "\xBD \xEF\xBF\xBD"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct talk talk;

        begin_booking(&talk);
        assert_int_equal(talk_http(&talk, 422, rows[i][0]), STEP_FAILED);
        check_text(rows[i][0], talk.outcome.error, rows[i][1]);
        check_impersonal(talk.outcome.error);

        json_auto_t *row = talk_row(&talk, "write_shipment_failed", 0);

        check_member(row, "reason", rows[i][1]);
        talk_end(&talk);
    }
}

TEST(an_endless_refusal_is_still_a_row)
{
    struct talk talk;
    char title[2000];

    for (size_t i = 0; i + 3 < sizeof(title); i += 3) {
        memcpy(title + i, i % 5 == 0 ? "\xE2\x82\xAC" : "a b", 4);
    }

    AUTO(free) char *body = xasprintf("{\"title\":\"%s\",\"detail\":\"%s\"}", title, title);

    begin_booking(&talk);
    assert_int_equal(talk_http(&talk, 400, body), STEP_FAILED);

    json_auto_t *row = talk_row(&talk, "write_shipment_failed", 0);

    assert_in_range(strlen(member_text(row, "reason")), 100, 299);
    talk_end(&talk);
}

TEST(a_context_that_makes_no_sense_is_refused)
{
    static const char *const rows[][2] = {
        {"environment", "\"live\""},
        {"environment", "null"},
        {"reference", "null"},
        {"reference", "\" \""},
        {"service", "null"},
        {"service", "\"\""},
        {"label_count", "0"},
        {"label_count", "null"},
        {"label_count", "\"many\""},
        {"dispatch_date", "null"},
        {"external_id", "\"../orders\""},
        {"external_id", "\"\""},
        {"from", "null"},
        {"to", "[]"},
    };
    AUTO(free) char *endless = xasprintf("\"%0101d\"", 0);

    for (size_t i = 0; i <= ARRAY_LENGTH(rows); i++) {
        bool is_last = i == ARRAY_LENGTH(rows);
        json_t *context = parsed(SHIPMENT_CONTEXT);
        struct talk talk;

        json_object_set_new(context, is_last ? "reference" : rows[i][0],
                            parsed(is_last ? endless : rows[i][1]));
        talk_begin(&talk, "create_shipment", context);
        ROW_CHECK(is_last ? endless : rows[i][0], talk.state == NULL);
        assert_int_equal(talk.outcome.error_class, ERROR_CLASS_CLIENT_ERROR);
        assert_string_not_equal(talk.outcome.error, "");
        talk_end(&talk);
    }
}
