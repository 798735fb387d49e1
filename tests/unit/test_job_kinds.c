#include "tests/unit/kind_helpers.h"

TEST(kinds_are_complete_and_have_different_names)
{
    for (size_t i = 0; job_kinds[i] != NULL; i++) {
        assert_non_null(job_kinds[i]->name);
        assert_true(job_kinds[i]->begin != NULL && job_kinds[i]->step != NULL &&
                    job_kinds[i]->end != NULL);
        assert_ptr_equal(job_kind_find(job_kinds[i]->name), job_kinds[i]);
        job_kinds[i]->end(NULL);
    }
}

TEST(the_kinds_of_the_design_are_found)
{
    static const char *const names[] = {
        "ping",  "verify",          "poll",        "mark_shipped", "confirm_order", "push_order",
        "quote", "create_shipment", "fetch_label", "remove_order", "watch_order",   "track_label",
    };

    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        ROW_CHECK(names[i], job_kind_find(names[i]) != NULL);
    }
    assert_null(job_kind_find("Ping"));
    assert_null(job_kind_find(""));
}

TEST(ping_is_done_at_once)
{
    struct talk talk;

    talk_begin(&talk, "ping", json_object());
    assert_int_equal(talk.kind->api, API_LOCAL);
    assert_non_null(talk.state);
    assert_int_equal(talk_start(&talk), STEP_DONE);
    assert_int_equal(talk.outcome.error_class, ERROR_CLASS_OK);
    assert_null(talk.outcome.writes);
    talk_end(&talk);
}

/* What the database hands over is checked before it is used. */
TEST(a_context_that_makes_no_sense_fails_the_job)
{
    static const char *const contexts[] = {
        "{}",
        "{\"open_statuses\":[],\"order_number\":\"5\"}",
        "{\"open_statuses\":\"1\",\"shop_host\":7}",
        "{\"open_statuses\":[\"x\"],\"order_number\":5,\"order_uuid\":[],\"label_environment\":{}}",
        "{\"open_statuses\":null,\"order_number\":\"5\",\"order_uuid\":\"x\","
        "\"label_environment\":\"staging\",\"shipped_status\":2}",
        "{\"open_statuses\":{},\"order_number\":\"5\",\"order_uuid\":\"x\","
        "\"label_environment\":null,\"shipped_status\":2}",
    };
    static const char *const kinds[] = {
        "verify",     "poll",  "mark_shipped", "create_shipment", "confirm_order",
        "push_order", "quote", "remove_order", "watch_order",     "track_label"};

    for (size_t i = 0; i < ARRAY_LENGTH(contexts) * ARRAY_LENGTH(kinds); i++) {
        struct talk talk;

        talk_begin(&talk, kinds[i % ARRAY_LENGTH(kinds)],
                   json_loads(contexts[i / ARRAY_LENGTH(kinds)], 0, NULL));
        assert_null(talk.state);
        assert_int_not_equal(talk.outcome.error_class, ERROR_CLASS_OK);
        assert_string_not_equal(talk.outcome.error, "");
        talk_end(&talk);
    }
}
