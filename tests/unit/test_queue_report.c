/* How outcomes become the statements of a flight. */
#include "tests/unit/unit.h"

#include <string.h>

#include "common/memory.h"
#include "worker/queue/queue.h"

static struct flight flight;
static struct queue_report report;

static void start(void)
{
    flight_clear(&flight);
    queue_report_init(&report);
}

static void check_part(int index, const char *query, const char *const *parameters, int count)
{
    const struct flight_part *part = &flight.parts[index];

    assert_string_equal(part->query, query);
    assert_int_equal(part->parameter_count, count);
    for (int i = 0; i < count; i++) {
        assert_string_equal(part->parameters[i], parameters[i]);
    }
}

TEST(nothing_to_report_is_no_statement)
{
    start();
    queue_report_add(&report, &flight);
    assert_int_equal(flight.part_count, 0);
}

TEST(failures_are_about_their_api_then_their_shop_then_their_job)
{
    static const char *const about_api[] = {"{1,2}", "{7,8}", "{\"timeout\",\"rate_limited\"}",
                                            "{\"late\",\"slow \\\"down\\\"\"}", "{NULL,429}"};
    static const char *const about_shop[] = {"{1,2}", "{7,8}", "{\"timeout\",\"rate_limited\"}",
                                             "{NULL,600}"};
    static const char *const about_job[] = {"{1,2}",
                                            "{7,8}",
                                            "{\"timeout\",\"rate_limited\"}",
                                            "{\"late\",\"slow \\\"down\\\"\"}",
                                            "{NULL,429}",
                                            "{NULL,600}",
                                            "{f,t}",
                                            "{NULL,\"koppeling-2-1-3\"}"};

    start();
    queue_report_failed(
        &report,
        &(struct queue_failed){
            .id = 1, .token = 7, .error_class = "timeout", .error = "late", .retry_after_ms = -1});
    queue_report_failed(&report, &(struct queue_failed){.id = 2,
                                                        .token = 8,
                                                        .error_class = "rate_limited",
                                                        .error = "slow \"down\"",
                                                        .http_status = 429,
                                                        .retry_after_ms = 600,
                                                        .call_id = "koppeling-2-1-3",
                                                        .give_up = true});
    queue_report_add(&report, &flight);
    assert_int_equal(flight.part_count, 3);
    check_part(0, "queue_trip_api", about_api, 5);
    check_part(1, "queue_hold_shop", about_shop, 4);
    check_part(2, "queue_fail", about_job, QUEUE_FAILED_COLUMNS);
    flight_clear(&flight);
}

TEST(an_account_that_is_to_blame_is_held_before_its_job_is_judged)
{
    static const char *const about_account[] = {"{1,2}", "{7,8}", "{NULL,\"account\"}"};

    start();
    queue_report_failed(
        &report, &(struct queue_failed){.id = 1, .token = 7, .error_class = "auth", .error = "no"});
    queue_report_failed(&report, &(struct queue_failed){.id = 2,
                                                        .token = 8,
                                                        .error_class = "auth",
                                                        .error = "no",
                                                        .blames = QUEUE_BLAMES_ACCOUNT});
    queue_report_add(&report, &flight);
    assert_int_equal(flight.part_count, 4);
    check_part(2, "queue_hold_account", about_account, 3);
    assert_string_equal(flight.parts[3].query, "queue_fail");
    flight_clear(&flight);
}

TEST(a_partner_token_that_is_refused_holds_the_service)
{
    static const char *const about_operator[] = {"{1}", "{7}", "{\"operator\"}"};

    start();
    queue_report_failed(&report, &(struct queue_failed){.id = 1,
                                                        .token = 7,
                                                        .error_class = "server_error",
                                                        .error = "no",
                                                        .blames = QUEUE_BLAMES_OPERATOR});
    queue_report_add(&report, &flight);
    assert_int_equal(flight.part_count, 4);
    check_part(2, "queue_hold_api", about_operator, 3);
    assert_string_equal(flight.parts[3].query, "queue_fail");
    flight_clear(&flight);
}

TEST(what_was_done_is_told_before_what_failed_since_it_shows_that_the_api_works)
{
    start();
    queue_report_released(&report, 3, 9);
    queue_report_failed(
        &report,
        &(struct queue_failed){.id = 1, .token = 7, .error_class = "timeout", .error = "late"});
    queue_report_done(&report, &(struct queue_done){.id = 2, .token = 8, .http_status = 200});
    queue_report_add(&report, &flight);
    assert_int_equal(flight.part_count, 5);
    assert_string_equal(flight.parts[0].query, "queue_finish");
    assert_string_equal(flight.parts[3].query, "queue_fail");
    check_part(4, "queue_release", (const char *const[]){"{3}", "{9}"}, 2);
    flight_clear(&flight);
    queue_report_add(&report, &flight);
    assert_int_equal(flight.part_count, 0);
}
