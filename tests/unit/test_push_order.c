#include "tests/unit/booking_helpers.h"

#define UUID "3b0f6a52-7c1e-4d7e-9a57-0c7f5b7a1101"

static const char good_context[] =
    "{\"environment\":\"production\",\"external_id\":\"" UUID "\",\"reference\":\"20411\","
    "\"created_at_source\":\"2026-11-20 19:42:07\",\"pushed_id\":null,\"content_hash\":\"00ff\","
    "\"to\":" RECEIVER ",\"lines\":[{\"line_id\":\"9d0b\",\"quantity\":2,\"description\":\"Theepot"
    "\",\"sku\":null,\"weight_kg\":null,\"unit_price\":22.5}]}";

/* Where the conversation stands when the answer in question comes. */
enum moment { AT_CHANGE_KNOWN, AT_SEARCH, AT_CHANGE_FOUND, AT_CREATE };

static const char found[] = "[{\"id\":\"f1\",\"externalId\":\"" UUID "\"}]";

/* Leads up to the moment; the request for it was asked for. */
static void begin_at(struct talk *talk, enum moment moment)
{
    json_t *context = parsed(good_context);

    if (moment == AT_CHANGE_KNOWN) {
        json_object_set_new(context, "pushed_id", json_string("k1"));
    }
    talk_begin(talk, "push_order", context);
    assert_non_null(talk->state);
    assert_int_equal(talk_start(talk), STEP_CALL);
    if (moment == AT_CHANGE_FOUND) {
        assert_int_equal(talk_http(talk, 200, found), STEP_CALL);
    } else if (moment == AT_CREATE) {
        assert_int_equal(talk_http(talk, 200, "[]"), STEP_CALL);
    }
}

/* Fails unless the last step asked for this. */
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
    assert_int_equal(talk->request.not_repeatable, method == HTTP_POST);
    /* That it may stand there is durable before it can. */
    assert_int_equal(talk->request.save_first, method == HTTP_POST);
    assert_int_equal(talk_rows(talk, "write_pushing"), method == HTTP_POST);
    assert_int_equal(talk->request.body != NULL, method != HTTP_GET);
    if (method != HTTP_GET) {
        json_auto_t *body = parsed(talk->request.body);

        check_value(body, "externalId", "\"" UUID "\"");
        check_value(body, "orderLines/0/weight", "1.0");
    }
}

static void check_search(const struct talk *talk)
{
    check_asked(talk, HTTP_GET, "/orders", "externalId=" UUID "&includeArchived=1");
}

static void check_pushed(const struct talk *talk, const char *id, const char *how)
{
    json_auto_t *row = talk_row(talk, "write_pushed", 0);

    assert_int_equal(talk->step, STEP_DONE);
    assert_int_equal(talk_rows(talk, "write_pushed"), 1);
    check_member(row, "pushed_id", id);
    check_member(row, "content_hash", "00ff");
    check_member(talk->outcome.result, "pushed_id", id);
    check_member(talk->outcome.result, "how", how);
    assert_int_equal(talk->outcome.error_class, ERROR_CLASS_OK);
    assert_int_equal(talk->outcome.label_environment, ENVIRONMENT_NONE);
    assert_int_equal(talk->outcome.shop_environment, ENVIRONMENT_NONE);
}

TEST(a_known_order_is_replaced)
{
    static const char *const bodies[] = {"{\"id\":\"k1\"}", "", "<html>"};

    for (size_t i = 0; i < ARRAY_LENGTH(bodies); i++) {
        struct talk talk;

        begin_at(&talk, AT_CHANGE_KNOWN);
        check_asked(&talk, HTTP_PUT, "/orders/k1", "");
        talk_http(&talk, i == 1 ? 204 : 200, bodies[i]);
        check_pushed(&talk, "k1", "updated");
        assert_int_equal(talk.outcome.http_status, i == 1 ? 204 : 200);
        talk_end(&talk);
    }
}

TEST(an_order_that_is_gone_is_looked_up_and_created)
{
    struct talk talk;

    begin_at(&talk, AT_CHANGE_KNOWN);
    talk_http(&talk, 404, "{\"title\":\"Not Found\"}");
    check_search(&talk);
    talk_http(&talk, 200, "[]");
    check_asked(&talk, HTTP_POST, "/orders", "");
    talk_http(&talk, 201, "{\"id\":\"n1\",\"externalId\":\"" UUID "\"}");
    check_pushed(&talk, "n1", "created");
    assert_int_equal(talk.outcome.http_status, 201);
    talk_end(&talk);
}

/* Else it would be created beside the one that is there. */
TEST(a_404_in_html_does_not_mean_that_an_order_is_gone)
{
    static const enum moment points[] = {AT_CHANGE_KNOWN, AT_SEARCH, AT_CHANGE_FOUND};

    for (size_t i = 0; i < ARRAY_LENGTH(points); i++) {
        struct talk talk;

        begin_at(&talk, points[i]);
        assert_int_equal(talk_http(&talk, 404, "<html>Not Found</html>"), STEP_RETRY);
        assert_int_equal(talk.outcome.error_class, ERROR_CLASS_UNREADABLE);
        assert_null(talk.outcome.writes);
        talk_end(&talk);
    }
}

TEST(an_order_that_is_unwanted_by_now_is_left_out)
{
    json_t *context = parsed(good_context);
    struct talk talk;

    json_object_set_new(context, "pushed_id", json_string("k1"));
    json_object_set_new(context, "unwanted", json_string("it was withdrawn"));
    talk_begin(&talk, "push_order", context);
    assert_int_equal(talk_start(&talk), STEP_DONE);
    assert_null(talk.outcome.writes);
    check_member(talk.outcome.result, "how", "not_pushed");
    check_member(talk.outcome.result, "reason", "it was withdrawn");
    talk_end(&talk);
}

TEST(an_order_that_is_withdrawn_before_it_is_created_is_left_out)
{
    struct talk talk;

    begin_at(&talk, AT_CREATE);
    talk_answer(&talk, &(struct http_response){.transport = ERROR_CLASS_CLIENT_ERROR,
                                               .body = "",
                                               .retry_after_ms = -1,
                                               .trouble = "it was withdrawn",
                                               .objection = "it was withdrawn"});
    assert_int_equal(talk.step, STEP_DONE);
    assert_int_equal(talk_rows(&talk, "write_pushed"), 0);
    check_member(talk.outcome.result, "how", "not_pushed");
    check_member(talk.outcome.result, "reason", "it was withdrawn");
    talk_end(&talk);
}

TEST(an_unknown_order_is_looked_up_first)
{
    static const char *const lists[] = {
        found,
        "{\"id\":\"f1\",\"externalId\":\"" UUID "\"}",
        "[{\"id\":\"x\",\"externalId\":\"other\"},{\"id\":\"f1\",\"externalId\":\"" UUID "\"}]",
        "[{\"id\":\"a\",\"externalId\":\"" UUID "\",\"archived\":true},"
        "{\"id\":\"f1\",\"externalId\":\"" UUID "\",\"archived\":false}]",
    };

    for (size_t i = 0; i < ARRAY_LENGTH(lists); i++) {
        struct talk talk;

        begin_at(&talk, AT_SEARCH);
        check_search(&talk);
        talk_http(&talk, 200, lists[i]);
        check_asked(&talk, HTTP_PUT, "/orders/f1", "");
        talk_http(&talk, 200, "{\"id\":\"f1\"}");
        check_pushed(&talk, "f1", "updated");
        talk_end(&talk);
    }
}

TEST(an_order_of_another_identity_is_not_ours)
{
    struct talk talk;

    begin_at(&talk, AT_SEARCH);
    talk_http(&talk, 200, "[{\"id\":\"x\",\"externalId\":\"" UUID "1\"},{\"id\":\"y\"}]");
    check_asked(&talk, HTTP_GET, "/orders", "externalId=" UUID "&includeArchived=1&_page=2");
    talk_http(&talk, 200, "[]");
    check_asked(&talk, HTTP_POST, "/orders", "");
    talk_end(&talk);
}

TEST(an_order_that_vanishes_after_the_search_is_created)
{
    struct talk talk;

    begin_at(&talk, AT_CHANGE_FOUND);
    talk_http(&talk, 404, "{\"title\":\"Not Found\"}");
    check_asked(&talk, HTTP_POST, "/orders", "");
    talk_http(&talk, 201, "{\"id\":12}");
    check_pushed(&talk, "12", "created");
    talk_end(&talk);
}

TEST(an_order_on_a_later_page_is_found)
{
    struct talk talk;

    begin_at(&talk, AT_SEARCH);
    talk_http(&talk, 200, "[{\"id\":\"x\",\"externalId\":\"other\"}]");
    talk_http(&talk, 200, found);
    check_asked(&talk, HTTP_PUT, "/orders/f1", "");
    talk_end(&talk);
}

/* From a service that does not page: the list of all tells whether ours is there. */
TEST(a_full_page_that_comes_again_is_settled_by_the_list_of_all)
{
    json_auto_t *list = json_array();
    struct talk talk;

    for (int i = 0; i < 30; i++) {
        json_array_append_new(list, json_pack("{s:i, s:s}", "id", i, "externalId", "other"));
    }

    AUTO(free) char *body = json_dumps(list, 0);

    begin_at(&talk, AT_SEARCH);
    talk_http(&talk, 200, body);
    talk_http(&talk, 200, body);
    check_asked(&talk, HTTP_GET, "/orders",
                "externalId=" UUID "&includeArchived=1&_pagination=false&_items_per_page=300");
    talk_http(&talk, 200, body);
    assert_int_equal(talk.request.method, HTTP_POST);
    talk_end(&talk);
}

TEST(a_created_order_without_an_id_is_uncertain)
{
    static const char *const bodies[] = {
        "", "{}", "[]", "<html>", "{\"id\":null}", "null", "{\"id\":\"a/b\"}"};

    for (size_t i = 0; i < ARRAY_LENGTH(bodies); i++) {
        struct talk talk;

        begin_at(&talk, AT_CREATE);
        ROW_CHECK(bodies[i], talk_http(&talk, 201, bodies[i]) == STEP_UNCERTAIN);
        assert_int_equal(talk.outcome.error_class, ERROR_CLASS_UNKNOWN_OUTCOME);
        assert_int_equal(talk_rows(&talk, "write_pushed"), 0);
        talk_end(&talk);
    }
}

/* How bad answers end the attempt: at either change, at the search, at the creation. */
static const struct {
    int status; /* 0: no answer, for the reason in `class` */
    enum error_class class;
    enum step at_change;
    enum step at_search;
    enum step at_create;
} endings[] = {
    {400, ERROR_CLASS_CLIENT_ERROR, STEP_FAILED, STEP_RETRY, STEP_FAILED},
    {422, ERROR_CLASS_CLIENT_ERROR, STEP_FAILED, STEP_RETRY, STEP_FAILED},
    {302, ERROR_CLASS_CLIENT_ERROR, STEP_FAILED, STEP_RETRY, STEP_FAILED},
    {401, ERROR_CLASS_AUTH, STEP_RETRY, STEP_RETRY, STEP_RETRY},
    {403, ERROR_CLASS_AUTH, STEP_RETRY, STEP_RETRY, STEP_RETRY},
    {429, ERROR_CLASS_RATE_LIMITED, STEP_RETRY, STEP_RETRY, STEP_RETRY},
    {500, ERROR_CLASS_SERVER_ERROR, STEP_RETRY, STEP_RETRY, STEP_UNCERTAIN},
    {503, ERROR_CLASS_SERVER_ERROR, STEP_RETRY, STEP_RETRY, STEP_UNCERTAIN},
    {999, ERROR_CLASS_UNREADABLE, STEP_RETRY, STEP_RETRY, STEP_UNCERTAIN},
    {0, ERROR_CLASS_TIMEOUT, STEP_RETRY, STEP_RETRY, STEP_RETRY},
    {0, ERROR_CLASS_NETWORK, STEP_RETRY, STEP_RETRY, STEP_RETRY},
    {0, ERROR_CLASS_TLS, STEP_RETRY, STEP_RETRY, STEP_RETRY},
    {0, ERROR_CLASS_UNREADABLE, STEP_RETRY, STEP_RETRY, STEP_RETRY},
    {0, ERROR_CLASS_UNKNOWN_OUTCOME, STEP_RETRY, STEP_RETRY, STEP_UNCERTAIN},
};

TEST(bad_answers_end_the_attempt_with_their_class)
{
    for (size_t i = 0; i < ARRAY_LENGTH(endings) * 4; i++) {
        enum moment moment = (enum moment)(i % 4);
        size_t row = i / 4;
        enum step step = moment == AT_CREATE   ? endings[row].at_create
                         : moment == AT_SEARCH ? endings[row].at_search
                                               : endings[row].at_change;
        struct talk talk;
        char name[60];

        snprintf(name, sizeof(name), "%d, class %d, moment %d", endings[row].status,
                 (int)endings[row].class, (int)moment);
        begin_at(&talk, moment);
        if (endings[row].status == 0) {
            talk_trouble(&talk, endings[row].class);
        } else {
            talk_http(&talk, endings[row].status,
                      "{\"title\":\"No\",\"detail\":\"Fenna Testveld at 3511ZZ\"}");
        }
        ROW_CHECK(name, talk.step == step);
        ROW_CHECK(name,
                  talk.outcome.error_class ==
                      (step == STEP_UNCERTAIN ? ERROR_CLASS_UNKNOWN_OUTCOME : endings[row].class));
        ROW_CHECK(name, talk.outcome.http_status == endings[row].status);
        ROW_CHECK(name, talk.outcome.retry_after_ms == (endings[row].status == 429 ? 5000 : -1));
        ROW_CHECK(name, talk_rows(&talk, "write_pushed") == 0);
        check_impersonal(talk.outcome.error);
        talk_end(&talk);
    }
}

TEST(a_search_that_cannot_be_read_creates_nothing)
{
    static const char *const bodies[] = {"", "{}", "null", "<html>", "[{}]", "[7]"};

    for (size_t i = 0; i < ARRAY_LENGTH(bodies); i++) {
        struct talk talk;

        begin_at(&talk, AT_SEARCH);
        ROW_CHECK(bodies[i], talk_http(&talk, 200, bodies[i]) == STEP_RETRY);
        assert_int_equal(talk.outcome.error_class, ERROR_CLASS_UNREADABLE);
        talk_end(&talk);
    }

    struct talk talk;

    begin_at(&talk, AT_SEARCH);
    assert_int_equal(talk_http(&talk, 404, "{\"title\":\"Not Found\"}"), STEP_RETRY);
    assert_int_equal(talk.outcome.error_class, ERROR_CLASS_CLIENT_ERROR);
    talk_end(&talk);
}

TEST(a_context_that_makes_no_sense_is_refused)
{
    static const char *const rows[][2] = {
        {"environment", "\"live\""},   {"external_id", "null"}, {"external_id", "\"\""},
        {"content_hash", "null"},      {"to", "null"},          {"pushed_id", "\"../shipments\""},
        {"created_at_source", "null"},
    };
    AUTO(free) char *endless = xasprintf("\"%0101d\"", 0);

    for (size_t i = 0; i <= ARRAY_LENGTH(rows); i++) {
        bool is_last = i == ARRAY_LENGTH(rows);
        json_t *context = parsed(good_context);
        struct talk talk;

        json_object_set_new(context, is_last ? "external_id" : rows[i][0],
                            parsed(is_last ? endless : rows[i][1]));
        talk_begin(&talk, "push_order", context);
        ROW_CHECK(is_last ? endless : rows[i][0], talk.state == NULL);
        assert_int_equal(talk.outcome.error_class, ERROR_CLASS_CLIENT_ERROR);
        talk_end(&talk);
    }
}
