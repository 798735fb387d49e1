/* The create_shipment job after an attempt whose outcome is unknown: looks before it books again.
 */
#include "tests/unit/search_helpers.h"

TEST(a_shipment_that_was_made_is_found)
{
    static const char *const lists[] = {
        "[" HIT(SHIPMENT_ID) "]",
        HIT(SHIPMENT_ID),
        "{\"0\":" HIT(SHIPMENT_ID) "}",
        "{\"hydra:member\":[" HIT(SHIPMENT_ID) "]}",
    };

    for (size_t i = 0; i < ARRAY_LENGTH(lists); i++) {
        struct talk talk;

        begin(&talk, "3");
        talk_http(&talk, 200, lists[i]);
        check_asked(&talk, SHIPMENT_ID);
        assert_int_equal(answer_hit(&talk, SHIPMENT_ID, "20411-17 b"), STEP_DONE);
        assert_int_equal(talk_rows(&talk, "write_shipment"), 1);
        assert_int_equal(talk_rows(&talk, "write_sending"), 0);
        check_value(talk.outcome.result, "reconciled", "true");
        check_value(talk.outcome.result, "labels", "2");
        check_value(talk.outcome.result, "duplicates", "");
        assert_int_equal(talk.outcome.http_status, 200);
        talk_end(&talk);
    }
}

TEST(a_found_shipment_without_labels_is_waited_for)
{
    AUTO(free) char *body = shipment_text(SHIPMENT_ID, "20411-17 b", 1);
    struct talk talk;

    begin(&talk, "7200");
    talk_http(&talk, 200, "[" HIT(SHIPMENT_ID) "]");
    assert_int_equal(talk_http(&talk, 200, body), STEP_RETRY);
    assert_int_equal(talk.outcome.error_class, ERROR_CLASS_OK);
    assert_int_equal(talk.outcome.retry_after_ms, 2000);

    json_auto_t *row = talk_row(&talk, "write_shipment", 0);

    check_value(row, "complete", "false");
    check_value(row, "labels/0/external_id", "\"a1000000-0000-4000-8000-000000000001\"");
    talk_end(&talk);
}

TEST(shipments_of_others_are_passed_over)
{
    static const char *const references[] = {"20411-170", "20411-1", "", "20411-17 B", "x"};
    struct talk talk;

    for (size_t i = 0; i < ARRAY_LENGTH(references); i++) {
        begin(&talk, "3");
        talk_http(&talk, 200, "[" HIT(OTHER_ID) "," HIT(SHIPMENT_ID) "]");
        check_asked(&talk, OTHER_ID);
        answer_hit(&talk, OTHER_ID, references[i]);
        check_asked(&talk, SHIPMENT_ID);
        assert_int_equal(answer_hit(&talk, SHIPMENT_ID, "20411-17 b"), STEP_DONE);
        check_value(talk.outcome.result, "external_id", "\"" SHIPMENT_ID "\"");
        check_value(talk.outcome.result, "duplicates", "");
        talk_end(&talk);
    }
}

TEST(of_several_the_first_counts_and_the_others_are_told)
{
    struct talk talk;

    begin(&talk, "100");
    talk_http(&talk, 200,
              "[" HIT("x1") "," HIT("a1") "," HIT("a2") "," HIT("a1") "," HIT("a3") "]");
    answer_hit(&talk, "x1", "20411-18");
    answer_hit(&talk, "a1", "20411-17 b");
    answer_hit(&talk, "a2", "20411-17 b");
    check_asked(&talk, "a3");
    assert_int_equal(answer_hit(&talk, "a3", "20411-17 b"), STEP_DONE);
    check_value(talk.outcome.result, "external_id", "\"a1\"");
    check_value(talk.outcome.result, "duplicates", "2");

    json_auto_t *row = talk_row(&talk, "write_shipment", 0);

    check_member(row, "external_id", "a1");
    assert_int_equal(talk_rows(&talk, "write_shipment"), 1);
    talk_end(&talk);
}

/* The times are from when the request was given up: null means that nobody knows. */
TEST(what_is_not_found_is_waited_for_and_then_booked_again)
{
    static const struct {
        const char *given_up_s;
        int64_t wait_ms; /* 0: it is booked */
    } rows[] = {
        {"null", 8000}, {"0", 8000},    {"-2", 8000},  {"3", 8000},     {"16", 8000},
        {"20", 10000},  {"50", 25000},  {"60", 30000}, {"60.5", 29500}, {"88", 2000},
        {"89.5", 500},  {"89.9999", 1}, {"90", 0},     {"90.1", 0},     {"90000", 0},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct talk talk;

        begin(&talk, rows[i].given_up_s);
        talk_http(&talk, 200, "[]");
        if (rows[i].wait_ms > 0) {
            json_auto_t *row = talk_row(&talk, "write_doubt", 0);

            ROW_CHECK(rows[i].given_up_s, talk.step == STEP_RETRY);
            ROW_CHECK(rows[i].given_up_s, talk.outcome.error_class == ERROR_CLASS_OK);
            ROW_CHECK(rows[i].given_up_s, talk.outcome.retry_after_ms == rows[i].wait_ms);
            check_value(row, "not_found", "true");
        } else {
            check_booking(&talk);
            assert_int_equal(talk_rows(&talk, "write_doubt"), 0);
            assert_int_equal(answer_hit(&talk, SHIPMENT_ID, "20411-17 b"), STEP_DONE);
            check_value(talk.outcome.result, "reconciled", "false");
        }
        talk_end(&talk);
    }
}

/* A context without the time, as of a version before it, is no reason to book at once. */
TEST(without_a_word_on_how_long_two_minutes_are_waited)
{
    static const char *const given_up_s[] = {"119", "120"};

    for (size_t i = 0; i < ARRAY_LENGTH(given_up_s); i++) {
        struct talk talk;

        begin(&talk, given_up_s[i]);
        json_t *context = json_incref(talk.job.context);
        json_object_del(context, "settle_seconds");
        talk_end(&talk);
        talk_begin(&talk, "create_shipment", context);
        talk_start(&talk);
        assert_int_equal(talk_http(&talk, 200, "[]"), i == 0 ? STEP_RETRY : STEP_CALL);
        talk_end(&talk);
    }
}

/* An earlier request made nothing for certain. An even earlier one may have, so there is a look. */
TEST(what_was_certainly_not_made_is_booked_when_it_is_not_found)
{
    struct talk talk;

    begin_in_state(&talk, "requested", "null");
    talk_http(&talk, 200, "[]");
    check_booking(&talk);
    talk_end(&talk);
    begin_in_state(&talk, "requested", "null");
    talk_http(&talk, 200, "[" HIT(SHIPMENT_ID) "]");
    assert_int_equal(answer_hit(&talk, SHIPMENT_ID, "20411-17 b"), STEP_DONE);
    talk_end(&talk);
}

TEST(only_shipments_of_others_mean_that_it_is_not_there)
{
    struct talk talk;

    begin(&talk, "95");
    talk_http(&talk, 200, "[" HIT(OTHER_ID) "]");
    answer_hit(&talk, OTHER_ID, "20411-18");
    check_next_page(&talk, 2);
    talk_http(&talk, 200, "[]");
    check_booking(&talk);
    talk_end(&talk);
    begin(&talk, "20");
    talk_http(&talk, 200, "[" HIT(OTHER_ID) "]");
    answer_hit(&talk, OTHER_ID, "20411-18");
    assert_int_equal(talk_http(&talk, 200, "[]"), STEP_RETRY);
    assert_int_equal(talk.outcome.error_class, ERROR_CLASS_OK);
    assert_int_equal(talk.outcome.retry_after_ms, 10000);
    talk_end(&talk);
}

/* A hit that cannot be looked at may be ours: better a person looks than that it is paid twice. */
TEST(a_doubtful_hit_prevents_a_second_booking)
{
    static const struct {
        int status;
        const char *body;
    } rows[] = {
        {404, "{\"title\":\"Not Found\"}"},
        {200, "{\"id\":\"" OTHER_ID "\"}"},
        {200, "{\"id\":\"" OTHER_ID "\",\"invoiceReference\":null}"},
        {200, "{\"id\":\"" OTHER_ID "\",\"invoiceReference\":[\"20411-17 b\"]}"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct talk talk;

        begin(&talk, "90");
        talk_http(&talk, 200, "[" HIT(OTHER_ID) "]");
        talk_http(&talk, rows[i].status, rows[i].body);
        if (talk.step == STEP_CALL) { /* nor can a page behind it tell */
            check_next_page(&talk, 2);
            talk_http(&talk, 200, "[]");
        }
        assert_int_equal(talk.step, STEP_RETRY);
        assert_int_equal(talk.outcome.error_class, ERROR_CLASS_UNREADABLE);
        assert_null(talk.outcome.writes);
        talk_end(&talk);
        /* Unless ours is found beside it. */
        begin(&talk, "90");
        talk_http(&talk, 200, "[" HIT(OTHER_ID) "," HIT(SHIPMENT_ID) "]");
        talk_http(&talk, rows[i].status, rows[i].body);
        check_asked(&talk, SHIPMENT_ID);
        assert_int_equal(answer_hit(&talk, SHIPMENT_ID, "20411-17 b"), STEP_DONE);
        talk_end(&talk);
    }
}

TEST(a_search_that_fails_books_nothing)
{
    static const struct {
        int status; /* 0: no answer, for the reason in `class` */
        const char *body;
        enum error_class class;
    } rows[] = {
        {0, "", ERROR_CLASS_TIMEOUT},
        {0, "", ERROR_CLASS_NETWORK},
        {400, "", ERROR_CLASS_CLIENT_ERROR},
        {404, "{\"title\":\"Not Found\"}", ERROR_CLASS_CLIENT_ERROR},
        {404, "<html>", ERROR_CLASS_UNREADABLE},
        {401, "", ERROR_CLASS_AUTH},
        {429, "", ERROR_CLASS_RATE_LIMITED},
        {503, "[]", ERROR_CLASS_SERVER_ERROR},
        {200, "", ERROR_CLASS_UNREADABLE},
        {200, "{}", ERROR_CLASS_UNREADABLE},
        {200, "null", ERROR_CLASS_UNREADABLE},
        {200, "<html>", ERROR_CLASS_UNREADABLE},
        {200, "[[]]", ERROR_CLASS_UNREADABLE},
        {200, "[{\"id\":\"../x\"}]", ERROR_CLASS_UNREADABLE},
        {200, "[" HIT(OTHER_ID) ",{}]", ERROR_CLASS_UNREADABLE},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows) * 2; i++) {
        size_t row = i / 2;
        struct talk talk;

        begin(&talk, "90");
        if (i % 2 == 1) { /* the search works, the reading of a hit does not */
            talk_http(&talk, 200, "[" HIT(SHIPMENT_ID) "]");
            if (rows[row].class == ERROR_CLASS_CLIENT_ERROR && rows[row].status == 404) {
                talk_end(&talk);
                continue; /* see above */
            }
        }
        if (rows[row].status == 0) {
            talk_trouble(&talk, rows[row].class);
        } else {
            talk_http(&talk, rows[row].status, rows[row].body);
        }
        assert_int_equal(talk.step, STEP_RETRY);
        assert_int_equal(talk.outcome.error_class, rows[row].class);
        assert_int_equal(talk.outcome.http_status, rows[row].status);
        assert_null(talk.outcome.writes);
        talk_end(&talk);
    }
}

TEST(a_numeric_id_can_be_asked_for)
{
    struct talk talk;

    begin(&talk, "90");
    talk_http(&talk, 200, "[{\"id\":4711}]");
    check_asked(&talk, "4711");
    talk_end(&talk);
}
