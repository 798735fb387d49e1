#include "tests/unit/booking_helpers.h"
#include "worker/api/boekuwzending/tracking.h"

static bool read_text(const char *body, struct tracking *ret_tracking)
{
    struct error err = ERROR_INIT;
    bool is_read = tracking_read(body, strlen(body), ret_tracking, &err);

    assert_true(is_read || (err.code == ERROR_DATA && err.text[0] != '\0'));
    return is_read;
}

TEST(a_state_is_read_in_lower_case_with_its_words)
{
    AUTO(tracking) struct tracking tracking;

    assert_true(
        read_text("{\"active\":{\"status\":\"Delivered\",\"code\":\"postnl\",\"description\":"
                  "\"Bezorgd &amp; getekend\",\"datetime\":\"2026-11-24T14:10:00+01:00\"},"
                  "\"details\":[],\"distributor\":null}",
                  &tracking));
    assert_true(tracking.is_known);
    assert_string_equal(tracking.state, "delivered");
    assert_string_equal(tracking.text, "Bezorgd & getekend");
    assert_string_equal(tracking.at, "2026-11-24 14:10:00+01:00");
}

TEST(a_moment_is_read_in_each_of_its_shapes)
{
    static const struct {
        const char *members, *at;
    } rows[] = {
        {"\"datetime\":\"2026-11-24T14:10:00Z\"", "2026-11-24 14:10:00+00:00"},
        {"\"datetime\":\"2026-11-24T14:10:00.123456-0430\"", "2026-11-24 14:10:00-04:30"},
        {"\"datetime\":\"2026-11-24 14:10:00\"", "2026-11-24 14:10:00 Europe/Amsterdam"},
        {"\"datetime\":null,\"date\":\"2026-11-24 14:10:00\"",
         "2026-11-24 14:10:00 Europe/Amsterdam"},
        {"\"date\":{\"date\":\"2026-11-24 14:10:00.000000\",\"timezone_type\":3,\"timezone\":"
         "\"Europe/Amsterdam\"}",
         "2026-11-24 14:10:00 Europe/Amsterdam"},
        {"\"date\":{\"date\":\"2026-11-24 14:10:00.000000\",\"timezone_type\":1,\"timezone\":"
         "\"+02:00\"}",
         "2026-11-24 14:10:00+02:00"},
        {"\"date\":{\"date\":\"2026-11-24 14:10:00\",\"timezone\":\"UTC\"}",
         "2026-11-24 14:10:00+00:00"},
        /* The database would refuse these, or take them for another time. */
        {"\"date\":{\"date\":\"2026-11-24 14:10:00\",\"timezone\":\"Asia/Tokyo\"}", ""},
        {"\"datetime\":\"2026-02-30T14:10:00Z\"", ""},
        {"\"datetime\":\"2026-11-24T24:00:00Z\"", ""},
        {"\"datetime\":\"2026-11-24T14:10:00+15:00\"", ""},
        {"\"datetime\":\"2026-11-24T14:10:00+01:60\"", ""},
        {"\"datetime\":\"2026-11-24T14:10:00+\"", ""},
        {"\"datetime\":\"2026-11-24\"", ""},
        {"\"datetime\":\"gisteren\"", ""},
        {"\"datetime\":[]", ""},
        {"\"code\":\"x\"", ""},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        AUTO(tracking) struct tracking tracking;
        AUTO(free)
        char *body = xasprintf("{\"active\":{\"status\":\"scanned\",%s}}", rows[i].members);

        assert_true(read_text(body, &tracking));
        ROW_CHECK(rows[i].members, strcmp(tracking.at, rows[i].at) == 0);
    }
}

TEST(nothing_told_yet_is_no_state)
{
    static const char *const bodies[] = {
        "{\"active\":null,\"details\":[]}",
        "{\"active\":[],\"details\":[]}",
        "{\"active\":{}}",
        "{\"active\":{\"status\":null}}",
        "{\"active\":{\"status\":\"\"},\"details\":[]}",
    };

    for (size_t i = 0; i < ARRAY_LENGTH(bodies); i++) {
        AUTO(tracking) struct tracking tracking;

        ROW_CHECK(bodies[i], read_text(bodies[i], &tracking));
        assert_true(tracking.is_known);
        assert_null(tracking.state);
    }
}

TEST(an_error_says_that_the_label_is_not_known)
{
    AUTO(tracking) struct tracking tracking;

    assert_true(read_text("{\"error\":\"Label not found\"}", &tracking));
    assert_false(tracking.is_known);
    assert_null(tracking.state);
}

TEST(what_is_not_understood_is_not_nothing_new)
{
    static const char *const bodies[] = {
        "",
        "<html>",
        "{}",
        "[]",
        "null",
        "{\"title\":\"Maintenance\"}",
        "{\"active\":\"delivered\"}",
        "{\"active\":{\"status\":{\"code\":\"delivered\"}}}",
        "{\"active\":[\"delivered\"]}",
    };

    for (size_t i = 0; i < ARRAY_LENGTH(bodies); i++) {
        AUTO(tracking) struct tracking tracking;

        ROW_CHECK(bodies[i], !read_text(bodies[i], &tracking));
        assert_null(tracking.state);
    }
}
