#include "tests/unit/kind_helpers.h"

static const char good_context[] =
    "{\"shop_host\":\"voorbeeld.myonline.store\",\"open_statuses\":[1,3],\"shipped_status\":2,"
    "\"from_address\":{\"name\":\"Wim Winkel\",\"company\":null,"
    "\"email\":\"wim@example.org\",\"phone\":null,\"street\":\"Laan\",\"number\":\"1\","
    "\"number_addition\":null,\"postcode\":\"3511ZZ\",\"city\":\"Utrecht\",\"country\":\"NL\"}}";

static void begin(struct talk *talk)
{
    talk_begin(talk, "verify", json_loads(good_context, 0, NULL));
    assert_non_null(talk->state);
}

/* Answers the first call with the store, its domain replaced by `domain` unless NULL. */
static enum step answer_store(struct talk *talk, const char *domain)
{
    json_auto_t *store = load_fixture("store.json");

    if (domain != NULL) {
        json_object_set_new(store, "primary_domain", json_string(domain));
    }

    AUTO(free) char *text = json_dumps(store, JSON_COMPACT);

    assert_int_equal(talk_start(talk), STEP_CALL);
    assert_string_equal(talk->request.path, "/v1/store");
    assert_int_equal(talk->request.auth, HTTP_AUTH_STORE);
    return talk_http(talk, 200, text);
}

/* Fails unless one row was written, with this state and code; returns it. */
static json_t *verdict(const struct talk *talk, const char *state, const char *code)
{
    json_t *row = talk_row(talk, "write_verified", 0);

    assert_int_equal(talk_rows(talk, "write_verified"), 1);
    check_member(row, "state", state);
    check_text("code", json_string_value(json_object_get(row, "reason_code")), code);
    assert_int_equal(json_string_length(json_object_get(row, "reason")) > 0, code != NULL);
    assert_int_equal(json_string_length(json_object_get(row, "reason_en")) > 0, code != NULL);
    assert_int_equal(talk->outcome.shop_environment, ENVIRONMENT_PRODUCTION);
    return row;
}

static void check_warned(json_t *row, bool warned)
{
    assert_int_equal(json_is_string(json_object_get(row, "warning")), warned);
    assert_int_equal(json_is_string(json_object_get(row, "warning_en")), warned);
}

TEST(a_good_shop_becomes_active)
{
    struct talk talk;
    AUTO(free) char *statuses = fixture_text("orderstatuses.json");

    begin(&talk);
    assert_int_equal(answer_store(&talk, NULL), STEP_CALL);
    assert_string_equal(talk.request.path, "/v1/orderstatuses");
    assert_int_equal(talk.request.auth, HTTP_AUTH_PARTNER);
    assert_int_equal(talk_http(&talk, 200, statuses), STEP_DONE);

    json_auto_t *row = verdict(&talk, "active", NULL);

    check_warned(row, false);
    check_member(row, "store_id", "e5fc33df-b2bf-40ec-8d8d-56fc34b495cc");
    check_member(row, "store_name", "Voorbeeldwinkel");
    check_member(row, "store_domain", "voorbeeld.myonline.store");
    check_member(row, "region_code", "NL");
    check_member(row, "currency", "EUR");
    assert_int_equal(json_array_size(json_object_get(row, "statuses")), 5);
    check_member(talk.outcome.result, "state", "active");
    assert_int_equal(talk.outcome.http_status, 200);
    assert_int_equal(talk.outcome.error_class, ERROR_CLASS_OK);
    talk_end(&talk);
}

TEST(a_token_that_cannot_be_opened_is_told_without_a_call)
{
    struct talk talk;

    begin(&talk);
    talk.job.token_problem = "cannot be opened with this key";
    assert_int_equal(talk_start(&talk), STEP_DONE);

    json_auto_t *row = verdict(&talk, "rejected", "token_unreadable");

    assert_null(json_object_get(row, "store_id"));
    talk_end(&talk);
}

TEST(what_is_missing_in_the_sender_address_is_named)
{
    static const struct {
        const char *address;
        const char *dutch;
        const char *english;
    } rows[] = {
        {"null", "naam of bedrijfsnaam, straat, huisnummer, postcode, plaats, land",
         "name or company, street, house number, postcode, city, country"},
        {"{\"name\":\"W\",\"email\":\"e\",\"street\":\"L\",\"number\":\"\",\"postcode\":\"1\","
         "\"city\":null,\"country\":\"NL\"}",
         ": huisnummer, plaats.", ": house number, city."},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct talk talk;

        begin(&talk);
        json_object_set_new(talk.job.context, "from_address",
                            json_loads(rows[i].address, JSON_DECODE_ANY, NULL));
        assert_int_equal(talk_start(&talk), STEP_DONE);

        json_auto_t *row = verdict(&talk, "rejected", "from_address_incomplete");

        ROW_CHECK(rows[i].dutch, strstr(member_text(row, "reason"), rows[i].dutch) != NULL);
        ROW_CHECK(rows[i].english, strstr(member_text(row, "reason_en"), rows[i].english) != NULL);
        talk_end(&talk);
    }
}

TEST(a_refused_token_is_told)
{
    static const struct {
        int status;
        const char *code;
    } rows[] = {{401, "token_refused"},
                {403, "token_refused"},
                {404, "mijnwebwinkel_refused"},
                {400, "mijnwebwinkel_refused"},
                {302, "mijnwebwinkel_refused"}};

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct talk talk;

        begin(&talk);
        talk_start(&talk);
        assert_int_equal(talk_http(&talk, rows[i].status, "{\"title\":\"no\"}"), STEP_DONE);

        json_decref(verdict(&talk, "rejected", rows[i].code));

        assert_int_equal(talk.outcome.http_status, rows[i].status);
        check_member(talk.outcome.result, "reason_code", rows[i].code);
        talk_end(&talk);
    }
}

TEST(the_domain_rule_holds)
{
    static const struct {
        const char *domain;
        const char *code; /* NULL: goes on */
        bool is_warned;
    } rows[] = {
        {"https://voorbeeld.myonline.store", NULL, false},
        {"HTTP://WWW.Voorbeeld.myonline.store:443/nl/", NULL, false},
        {"voorbeeld.myonline.store/", NULL, false},
        {"https://ander.myonline.store/", "token_of_another_shop", false},
        {"https://www.knickknacks.be", NULL, true},
        {"", NULL, true},
    };
    AUTO(free) char *statuses = fixture_text("orderstatuses.json");

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct talk talk;

        begin(&talk);
        if (answer_store(&talk, rows[i].domain) == STEP_CALL) {
            talk_http(&talk, 200, statuses);
        }
        ROW_CHECK(rows[i].domain, talk.step == STEP_DONE);

        json_auto_t *row =
            verdict(&talk, rows[i].code != NULL ? "rejected" : "active", rows[i].code);

        check_warned(row, rows[i].is_warned);
        if (rows[i].code != NULL) {
            const char *reason = member_text(row, "reason");

            assert_non_null(strstr(reason, "ander.myonline.store"));
            assert_non_null(strstr(reason, "voorbeeld.myonline.store"));
            check_member(row, "store_domain", "ander.myonline.store");
        }
        talk_end(&talk);
    }
}

TEST(the_shipped_status_is_checked)
{
    static const struct {
        int status;
        const char *body;
        const char *code; /* NULL: active */
        bool is_warned;
    } rows[] = {
        {200, "[{\"status\":2,\"description\":\"verzonden\"}]", NULL, false},
        {200,
         "[{\"status\":2,\"description\":\"Betaald en verzonden\"},"
         "{\"status\":7,\"description\":\"Verzonden\"}]",
         NULL, false},
        {200, "[{\"status\":2,\"description\":\"Onderweg\"}]", NULL, false},
        {200,
         "[{\"status\":2,\"description\":\"Geannuleerd\"},"
         "{\"status\":7,\"description\":\"VERZONDEN\"}]",
         "shipped_status_unclear", false},
        {200, "[{\"status\":1,\"description\":\"Nieuw\"}]", "shipped_status_unknown", false},
        {200, "[{\"status\":2,\"description\":\"Credit\",\"credit_order\":true}]",
         "shipped_status_unknown", false},
        {200, "[]", NULL, true},
        {200, "<html>", NULL, true},
        {200, "{}", NULL, true},
        {401, "", NULL, true},
        {403, "", NULL, true},
        {404, "{\"title\":\"Not Found\"}", NULL, true},
        {400, "", NULL, true},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct talk talk;

        begin(&talk);
        answer_store(&talk, NULL);
        ROW_CHECK(rows[i].body, talk_http(&talk, rows[i].status, rows[i].body) == STEP_DONE);

        json_auto_t *row =
            verdict(&talk, rows[i].code != NULL ? "rejected" : "active", rows[i].code);

        check_warned(row, rows[i].is_warned);
        if (same_text(rows[i].code, "shipped_status_unclear")) {
            assert_non_null(strstr(member_text(row, "reason"), "\"Geannuleerd\"; status 7"));
        }
        talk_end(&talk);
    }
}

TEST(two_warnings_are_both_told)
{
    struct talk talk;

    begin(&talk);
    answer_store(&talk, "https://www.knickknacks.be");
    assert_int_equal(talk_http(&talk, 403, ""), STEP_DONE);

    json_auto_t *row = verdict(&talk, "active", NULL);

    assert_non_null(strstr(member_text(row, "warning"), "www.knickknacks.be"));
    assert_non_null(strstr(member_text(row, "warning"), "bestelstatussen"));
    talk_end(&talk);
}

/* What an unreachable shop answers to the first call; status 0: nothing. */
static const struct {
    int status;
    enum error_class class;
    const char *body;
} troubles[] = {
    {0, ERROR_CLASS_TIMEOUT, ""},
    {0, ERROR_CLASS_NETWORK, ""},
    {0, ERROR_CLASS_TLS, ""},
    {0, ERROR_CLASS_UNREADABLE, ""},
    {500, ERROR_CLASS_SERVER_ERROR, ""},
    {503, ERROR_CLASS_SERVER_ERROR, "<html>"},
    {200, ERROR_CLASS_UNREADABLE, "<html>"},
    {404, ERROR_CLASS_UNREADABLE, "<html>"},
    {200, ERROR_CLASS_UNREADABLE, "{\"name\":\"x\"}"},
};

TEST(an_unreachable_shop_is_tried_again_until_the_last_attempt)
{
    for (size_t i = 0; i < 2 * ARRAY_LENGTH(troubles); i++) {
        size_t trouble = i / 2;
        bool is_last = i % 2 == 1;
        struct talk talk;

        talk_begin(&talk, "verify", json_loads(good_context, 0, NULL));
        talk.job.attempt = is_last ? 3 : 2;
        talk_start(&talk);
        if (troubles[trouble].status == 0) {
            talk_trouble(&talk, troubles[trouble].class);
        } else {
            talk_http(&talk, troubles[trouble].status, troubles[trouble].body);
        }
        assert_int_equal(talk.step, is_last ? STEP_DONE : STEP_RETRY);
        assert_int_equal(talk.outcome.error_class,
                         is_last ? ERROR_CLASS_OK : troubles[trouble].class);

        json_auto_t *row =
            verdict(&talk, is_last ? "rejected" : "pending", "mijnwebwinkel_unreachable");

        assert_null(json_object_get(row, "store_id"));
        talk_end(&talk);
    }
}

TEST(a_status_list_that_cannot_be_had_does_not_reject_the_shop)
{
    for (int is_last = 0; is_last <= 1; is_last++) {
        struct talk talk;

        talk_begin(&talk, "verify", json_loads(good_context, 0, NULL));
        talk.job.attempt = is_last ? 3 : 2;
        answer_store(&talk, NULL);
        assert_int_equal(talk_http(&talk, 500, ""), is_last ? STEP_DONE : STEP_RETRY);

        json_auto_t *row = verdict(&talk, is_last ? "active" : "pending",
                                   is_last ? NULL : "mijnwebwinkel_unreachable");

        check_member(row, "store_id", "e5fc33df-b2bf-40ec-8d8d-56fc34b495cc");
        check_warned(row, is_last);
        talk_end(&talk);
    }
}

TEST(too_many_requests_are_waited_for_and_nothing_is_written)
{
    for (int second = 0; second <= 1; second++) {
        struct talk talk;

        begin(&talk);
        if (second) {
            answer_store(&talk, NULL);
        } else {
            talk_start(&talk);
        }
        assert_int_equal(talk_http(&talk, 429, ""), STEP_RETRY);
        assert_int_equal(talk.outcome.error_class, ERROR_CLASS_RATE_LIMITED);
        assert_true(talk.outcome.retry_after_ms == 5000);
        assert_int_equal(talk.outcome.http_status, 429);
        assert_null(talk.outcome.writes);
        talk_end(&talk);
    }
}

TEST(a_shop_whose_answer_is_too_large_is_told_at_once)
{
    struct talk talk;

    begin(&talk);
    assert_int_equal(talk_start(&talk), STEP_CALL);
    assert_int_equal(talk_too_large(&talk), STEP_DONE);

    json_auto_t *row = verdict(&talk, "rejected", "mijnwebwinkel_unreachable");

    check_member(row, "reason_en",
                 "Mijnwebwinkel gives an answer about your shop that is too large to be read. "
                 "Press Connect again later.");
    talk_end(&talk);
}
