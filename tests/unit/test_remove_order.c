#include "tests/unit/booking_helpers.h"

#define UUID "3b0f6a52-7c1e-4d7e-9a57-0c7f5b7a1101"

#define OURS(more) "{\"id\":\"k1\",\"externalId\":\"" UUID "\"" more "}"

static const char missing[] = "{\"title\":\"Not Found\"}";

/* A job about an order with this id there (NULL: with none); the first request is asked for. */
static void begin(struct talk *talk, const char *pushed_id)
{
    talk_begin(talk, "remove_order",
               json_pack("{s:s, s:s, s:s?, s:b}", "environment", "production", "external_id", UUID,
                         "pushed_id", pushed_id, "has_to_leave", 1));
    assert_non_null(talk->state);
    assert_int_equal(talk_start(talk), STEP_CALL);
}

static void check_asked(const struct talk *talk, enum http_method method, const char *path,
                        const char *query)
{
    assert_int_equal(talk->step, STEP_CALL);
    assert_int_equal(talk->request.method, method);
    assert_int_equal(talk->request.api, API_BOEKUWZENDING);
    assert_int_equal(talk->request.environment, ENVIRONMENT_PRODUCTION);
    assert_int_equal(talk->request.auth, HTTP_AUTH_BEARER);
    assert_string_equal(talk->request.path, path);
    assert_string_equal(talk->request.query, query);
    assert_false(talk->request.not_repeatable || talk->request.save_first);
    assert_null(talk->request.body);
}

static void check_search(const struct talk *talk)
{
    check_asked(talk, HTTP_GET, "/orders", "externalId=" UUID "&includeArchived=1");
}

/* Ends the conversation. */
static void check_forgotten(struct talk *talk, const char *pushed_id, const char *how)
{
    json_auto_t *row = talk_row(talk, "write_removed", 0);

    assert_int_equal(talk->step, STEP_DONE);
    assert_int_equal(talk_rows(talk, "write_removed"), 1);
    check_member(row, "pushed_id", pushed_id);
    check_member(talk->outcome.result, "how", how);
    talk_end(talk);
}

TEST(an_order_is_read_and_then_deleted)
{
    struct talk talk;

    begin(&talk, "k1");
    check_asked(&talk, HTTP_GET, "/orders/k1", "");
    talk_http(&talk, 200, OURS(",\"shipments\":[]"));
    check_asked(&talk, HTTP_DELETE, "/orders/k1", "");
    talk_http(&talk, 204, "");
    assert_int_equal(talk.outcome.http_status, 204);
    check_forgotten(&talk, "k1", "removed");
}

TEST(an_order_that_is_gone_already_is_success)
{
    for (int at = 0; at < 2; at++) {
        struct talk talk;

        begin(&talk, "k1");
        if (at == 1) {
            talk_http(&talk, 200, OURS(""));
        }
        talk_http(&talk, 404, missing);
        check_forgotten(&talk, "k1", at == 1 ? "removed" : "not_there");
    }
}

/* A merchant's other order is never deleted, nor one that he has labels of. */
TEST(what_is_not_ours_or_was_shipped_stays)
{
    static const struct {
        const char *body;
        const char *how;
    } rows[] = {
        {"{\"id\":\"k1\",\"externalId\":\"other\",\"shipments\":[]}", "not_ours"},
        {"{\"id\":\"k1\",\"externalId\":\"" UUID "x\"}", "not_ours"},
        {OURS(",\"shipments\":[\"/shipments/s1\"]"), "kept_with_shipments"},
        {OURS(",\"shipments\":{\"0\":\"/shipments/s1\"}"), "kept_with_shipments"},
        {OURS(",\"shipments\":\"/shipments/s1\""), "kept_with_shipments"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct talk talk;

        begin(&talk, "k1");
        talk_http(&talk, 200, rows[i].body);
        check_forgotten(&talk, "k1", rows[i].how);
    }
}

TEST(an_order_that_does_not_say_whose_it_is_is_not_deleted)
{
    static const char *const bodies[] = {"{}", "[]", "<html>", "{\"externalId\":null}", ""};

    for (size_t i = 0; i < ARRAY_LENGTH(bodies); i++) {
        struct talk talk;

        begin(&talk, "k1");
        assert_int_equal(talk_http(&talk, 200, bodies[i]), STEP_RETRY);
        assert_int_equal(talk.outcome.error_class, ERROR_CLASS_UNREADABLE);
        assert_null(talk.outcome.writes);
        talk_end(&talk);
    }
}

/* A push whose answer was lost may have made one, or two. */
TEST(what_may_have_been_created_is_searched_for_until_none_is_left)
{
    struct talk talk;

    begin(&talk, NULL);
    check_search(&talk);
    for (int i = 0; i < 2; i++) {
        talk_http(&talk, 200, "[{\"id\":\"x\",\"externalId\":\"other\"}," OURS("") "]");
        check_asked(&talk, HTTP_GET, "/orders/k1", "");
        talk_http(&talk, 200, OURS(""));
        check_asked(&talk, HTTP_DELETE, "/orders/k1", "");
        talk_http(&talk, 204, "");
        check_search(&talk);
    }
    talk_http(&talk, 200, "[]");
    check_forgotten(&talk, NULL, "removed");
}

TEST(nothing_found_is_nothing_to_delete)
{
    struct talk talk;

    begin(&talk, NULL);
    talk_http(&talk, 200, "[]");
    check_forgotten(&talk, NULL, "not_there");
}

TEST(a_search_that_never_ends_is_given_up)
{
    struct talk talk;
    int calls = 0;

    begin(&talk, NULL);
    for (; talk.step == STEP_CALL && calls < 100; calls++) {
        bool is_search = strcmp(talk.request.path, "/orders") == 0;

        talk_http(&talk, is_search ? 200 : 404, is_search ? "[" OURS("") "]" : missing);
    }
    assert_int_equal(talk.step, STEP_RETRY);
    assert_true(calls < 50);
    assert_null(talk.outcome.writes);
    talk_end(&talk);
}

TEST(an_order_that_is_wanted_again_is_left_alone)
{
    struct talk talk;

    talk_begin(&talk, "remove_order",
               json_pack("{s:s, s:s, s:s, s:b}", "environment", "production", "external_id", UUID,
                         "pushed_id", "k1", "has_to_leave", 0));
    assert_int_equal(talk_start(&talk), STEP_DONE);
    assert_null(talk.outcome.writes);
    check_member(talk.outcome.result, "how", "wanted_again");
    talk_end(&talk);
}

/* 0: at the reading; 1: at the deletion; 2: at the search. */
TEST(troubles_are_tried_again_and_refusals_wait_for_a_person)
{
    static const struct {
        int status;
        enum step step;
        enum error_class class;
    } rows[] = {
        {500, STEP_RETRY, ERROR_CLASS_SERVER_ERROR}, {429, STEP_RETRY, ERROR_CLASS_RATE_LIMITED},
        {401, STEP_RETRY, ERROR_CLASS_AUTH},         {403, STEP_RETRY, ERROR_CLASS_AUTH},
        {404, STEP_RETRY, ERROR_CLASS_UNREADABLE},   {409, STEP_FAILED, ERROR_CLASS_CLIENT_ERROR},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows) * 3; i++) {
        struct talk talk;
        size_t at = i % 3;
        size_t row = i / 3;

        begin(&talk, at == 2 ? NULL : "k1");
        if (at == 1) {
            talk_http(&talk, 200, OURS(""));
        }
        talk_http(&talk, rows[row].status, "<html>");
        assert_int_equal(talk.step, at == 2 ? STEP_RETRY : rows[row].step);
        assert_int_equal(talk.outcome.error_class, rows[row].class);
        assert_null(talk.outcome.writes);
        talk_end(&talk);
    }
}
