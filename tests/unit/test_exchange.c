/* What a worker says to the database, and what follows from each way in which it can end. */
#include "tests/unit/engine_helpers.h"

static struct engine_rig rig;

static void start(void)
{
    rig_start(&rig, false);
}

TEST(first_of_all_it_registers_and_then_it_claims)
{
    start();
    assert_true(rig_send(&rig));
    assert_int_equal(rig.flight->part_count, 1);
    rig_answer(&rig, "worker_register", rig_id(RIG_WORKER));
    rig_commit(&rig);
    assert_int_equal(exchange_lease_deadline_us(rig.exchange), rig.now_us + RIG_LEASE_US);
    assert_true(rig_send(&rig));
    assert_string_equal(rig_said(&rig, "queue_claim", 0), "41");
    assert_string_equal(rig_said(&rig, "queue_claim", 2), "512"); /* of each of two APIs: */
    assert_string_equal(rig_said(&rig, "queue_claim", 8), "{256,256}");
    rig_stop(&rig);
}

TEST(one_flight_is_out_at_a_time)
{
    start();
    assert_true(rig_send(&rig));
    assert_null(exchange_compose(rig.exchange, rig.now_us));
    rig_stop(&rig);
}

TEST(a_registration_that_is_refused_is_tried_again_after_a_wait)
{
    start();
    assert_true(rig_send(&rig));
    rig_refuse(&rig, "worker_register", ERROR_PERMISSION);
    assert_false(rig_send(&rig));
    rig.now_us += 999999;
    assert_false(rig_send(&rig));
    assert_int_equal(exchange_due_us(rig.exchange, rig.now_us), rig.now_us + 1);
    rig.now_us += 1;
    assert_true(rig_send(&rig));
    rig_stop(&rig);
}

TEST(jobs_that_end_at_once_are_reported_and_settled_with_the_commit)
{
    start();
    rig_claim(&rig, "ping", 3);
    assert_int_equal(rig_count(&rig, JOB_RUN_PENDING), 3);
    assert_true(rig_send(&rig));
    assert_int_equal(rig_count(&rig, JOB_RUN_SENT), 3);
    assert_string_equal(rig_said(&rig, "queue_finish", 0), "{1,2,3}");
    assert_false(runs_is_empty(rig.runs));
    rig_commit(&rig);
    assert_true(runs_is_empty(rig.runs));
    rig_stop(&rig);
}

TEST(jobs_that_call_hold_their_slots_until_they_are_answered)
{
    start();
    rig_claim(&rig, "poll", 5);
    assert_int_equal(rig_count(&rig, JOB_RUN_CALLING), 5);
    assert_int_equal(runs_held(rig.runs), 5);
    assert_false(rig_send(&rig));
    rig_stop(&rig);
}

TEST(the_lease_is_renewed_in_time_and_says_how_many_jobs_are_held)
{
    start();
    rig_claim(&rig, "poll", 5);
    rig.now_us += RIG_LEASE_US / 4;
    assert_true(rig_send(&rig));
    assert_string_equal(rig_said(&rig, "worker_renew", 0), "41");
    assert_string_equal(rig_said(&rig, "worker_renew", 2), "5");
    rig_answer(&rig, "worker_renew", rig_id(RIG_WORKER));
    rig_commit(&rig);
    assert_int_equal(exchange_lease_deadline_us(rig.exchange), rig.now_us + RIG_LEASE_US);
    rig_stop(&rig);
}

TEST(a_renewal_that_finds_no_lease_lets_go_of_everything)
{
    start();
    rig_claim(&rig, "poll", 5);
    rig.now_us += RIG_LEASE_US / 4;
    assert_true(rig_send(&rig));
    rig_commit(&rig);
    assert_true(runs_is_empty(rig.runs));
    assert_true(rig_send(&rig));
    assert_true(flight_has(rig.flight, "worker_register"));
    rig_stop(&rig);
}

TEST(a_lease_that_lapses_by_our_clock_lets_go_of_everything)
{
    start();
    rig_claim(&rig, "poll", 5);
    exchange_check_lease(rig.exchange, exchange_lease_deadline_us(rig.exchange) - 1);
    assert_int_equal(runs_held(rig.runs), 5);
    exchange_check_lease(rig.exchange, exchange_lease_deadline_us(rig.exchange));
    assert_true(runs_is_empty(rig.runs));
    assert_int_equal(exchange_lease_deadline_us(rig.exchange), INT64_MAX);
    rig_stop(&rig);
}

TEST(what_was_claimed_for_a_lease_that_lapsed_meanwhile_is_left_alone)
{
    start();
    rig_claim(&rig, "ping", 0);
    rig.now_us += RIG_LEASE_US / 4;
    assert_true(rig_send(&rig));
    rig_answer(&rig, "worker_renew", rig_id(RIG_WORKER));
    rig_answer(&rig, "queue_claim", rig_claimed(&rig, "poll", 1, 2));
    exchange_check_lease(rig.exchange, rig.now_us + RIG_LEASE_US);
    rig_commit(&rig);
    assert_true(runs_is_empty(rig.runs));
    assert_int_equal(exchange_lease_deadline_us(rig.exchange), INT64_MAX);
    rig_stop(&rig);
}

TEST(a_result_that_came_too_late_is_given_up)
{
    start();
    rig_claim(&rig, "ping", 3);
    assert_true(rig_send(&rig));
    rig_answer(&rig, "queue_finish", rig_id(2));
    rig_commit(&rig);
    assert_true(runs_is_empty(rig.runs));
    rig_stop(&rig);
}

TEST(what_a_refused_batch_told_is_told_again_in_the_same_order)
{
    start();
    rig_claim(&rig, "ping", 4);
    assert_true(rig_send(&rig));
    rig_refuse(&rig, NULL, ERROR_UNAVAILABLE);
    assert_int_equal(rig_count(&rig, JOB_RUN_PENDING), 4);
    assert_false(rig_send(&rig));
    rig.now_us += 50000;
    assert_true(rig_send(&rig));
    assert_string_equal(rig_said(&rig, "queue_finish", 0), "{1,2,3,4}");
    rig_stop(&rig);
}

/* Job 3 of 8 is the culprit: whatever batch it is in is refused. */
TEST(a_batch_is_halved_until_the_culprit_stands_alone_and_only_it_fails)
{
    int finished = 0;

    start();
    rig_claim(&rig, "ping", 8);
    for (int flights = 0; !runs_is_empty(rig.runs); flights++) {
        assert_in_range(flights, 0, 20);
        assert_true(rig_send(&rig));
        if (flight_has(rig.flight, "queue_fail")) {
            assert_string_equal(rig_said(&rig, "queue_fail", 0), "{3}");
            assert_non_null(strstr(rig_said(&rig, "queue_fail", 3), "SQLSTATE 23514"));
            rig_commit(&rig);
        } else if (strstr(rig_said(&rig, "queue_finish", 0), "3") != NULL) {
            assert_false(flights > 0 && flight_has(rig.flight, "queue_claim"));
            rig_refuse(&rig, "queue_finish", ERROR_DATA);
        } else {
            finished += rig_count(&rig, JOB_RUN_SENT);
            rig_commit(&rig);
        }
    }
    assert_int_equal(finished, 7);
    rig_stop(&rig);
}

TEST(a_job_of_which_even_the_failure_is_refused_is_left_to_be_disowned)
{
    start();
    rig_claim(&rig, "ping", 1);
    assert_true(rig_send(&rig));
    rig_refuse(&rig, "queue_finish", ERROR_DATA);
    assert_true(rig_send(&rig));
    rig_refuse(&rig, "queue_fail", ERROR_DATA);
    assert_true(runs_is_empty(rig.runs));
    rig.now_us += RIG_LEASE_US / 4;
    assert_true(rig_send(&rig));
    assert_string_equal(rig_said(&rig, "queue_disown", 1), "{}");
    rig_stop(&rig);
}

TEST(a_refusal_of_anything_but_a_report_blames_no_report)
{
    start();
    rig_claim(&rig, "ping", 2);
    rig.now_us += RIG_LEASE_US / 4;
    assert_true(rig_send(&rig));
    rig_refuse(&rig, "worker_renew", ERROR_DATA);
    assert_int_equal(rig_count(&rig, JOB_RUN_PENDING), 2);
    rig.now_us += 1000000;
    assert_true(rig_send(&rig));
    assert_string_equal(rig_said(&rig, "queue_finish", 0), "{1,2}");
    rig_stop(&rig);
}

TEST(after_an_unknown_end_reports_are_sent_again_and_lost_claims_disowned)
{
    start();
    rig_claim(&rig, "poll", 2);
    atomic_store(&rig.wakes, WAKE_WITH_OTHERS);
    assert_true(rig_send(&rig));
    assert_true(flight_has(rig.flight, "queue_claim"));
    rig_lose(&rig);
    assert_true(rig_send(&rig));
    assert_string_equal(rig_said(&rig, "queue_disown", 0), "41");
    assert_string_not_equal(rig_said(&rig, "queue_disown", 1), "{}");
    rig_commit(&rig);
    /* Not at once again, but with each renewal: the lost claim may be committed later. */
    rig.now_us += RIG_LEASE_US / 4;
    assert_true(rig_send(&rig));
    assert_true(flight_has(rig.flight, "queue_disown"));
    rig_stop(&rig);
}

TEST(after_an_unknown_end_without_a_claim_nothing_is_disowned)
{
    start();
    rig_claim(&rig, "ping", 2);
    exchange_stop(rig.exchange, rig.now_us);
    assert_true(rig_send(&rig));
    assert_false(flight_has(rig.flight, "queue_claim"));
    rig_lose(&rig);
    assert_true(rig_send(&rig));
    assert_string_equal(rig_said(&rig, "queue_finish", 0), "{1,2}");
    assert_false(flight_has(rig.flight, "queue_disown"));
    rig_stop(&rig);
}

TEST(a_worker_that_stops_claims_nothing_tells_all_and_says_goodbye)
{
    start();
    rig_claim(&rig, "poll", 2);
    exchange_stop(rig.exchange, rig.now_us);
    runs_stop(rig.runs, rig.now_us + 1000);
    atomic_store(&rig.wakes, WAKE_WITH_OTHERS);
    assert_true(rig_send(&rig));
    assert_false(flight_has(rig.flight, "queue_claim"));
    assert_string_equal(rig_said(&rig, "worker_renew", 3), "t");
    rig_answer(&rig, "worker_renew", rig_id(RIG_WORKER));
    rig_commit(&rig);
    rig.now_us += 1000;
    runs_release_calling(rig.runs, rig.now_us);
    assert_true(rig_send(&rig));
    assert_string_equal(rig_said(&rig, "queue_release", 0), "{1,2}");
    rig_commit(&rig);
    assert_false(exchange_is_over(rig.exchange));
    assert_true(rig_send(&rig));
    assert_string_equal(rig_said(&rig, "worker_goodbye", 0), "41");
    rig_commit(&rig);
    assert_true(exchange_is_over(rig.exchange));
    rig_stop(&rig);
}

TEST(until_idle_it_asks_whether_the_queue_is_empty_and_believes_it)
{
    rig_start(&rig, true);
    assert_true(rig_send(&rig));
    rig_answer(&rig, "worker_register", rig_id(RIG_WORKER));
    rig_commit(&rig);
    assert_true(rig_send(&rig));
    assert_false(exchange_is_idle(rig.exchange));
    rig_answer(&rig, "queue_idle", rig_yes("idle"));
    rig_commit(&rig);
    assert_true(exchange_is_idle(rig.exchange));
    rig_stop(&rig);
}

TEST(work_that_lies_about_is_noticed_when_nothing_moves)
{
    start();
    rig_claim(&rig, "ping", 0);
    rig.now_us += 5000000;
    assert_true(rig_send(&rig));
    rig_answer(&rig, "queue_due", rig_due("t", "7"));
    rig_commit(&rig);
    assert_int_equal(atomic_load(&rig.stall.due_since_us), rig.now_us);
    assert_int_equal(atomic_load(&rig.stall.overdue_us), 7000000);
    rig_stop(&rig);
}

TEST(a_claim_goes_along_with_a_report)
{
    start();
    rig_claim(&rig, "ping", 100);
    atomic_store(&rig.wakes, WAKE_WITH_OTHERS);
    assert_true(rig_send(&rig));
    assert_true(flight_has(rig.flight, "queue_finish"));
    /* What the report tells of takes no room any more when the claim is heard. */
    assert_string_equal(rig_said(&rig, "queue_claim", 8), "{256,256}");
    assert_int_equal(atomic_load(&rig.wakes), 0);
    rig_stop(&rig);
}

TEST(woken_alone_it_tastes_and_calls_for_help_when_there_is_more)
{
    start();
    rig_claim(&rig, "ping", 0);
    assert_true(exchange_is_free(rig.exchange));
    atomic_store(&rig.wakes, WAKE_ALONE);
    assert_true(rig_send(&rig));
    assert_string_equal(rig_said(&rig, "queue_claim", 2), "16");
    rig_answer(&rig, "queue_claim", rig_claimed(&rig, "poll", 1, 16));
    rig_commit(&rig);
    assert_int_equal(rig.helpers_called, 1);
    assert_false(exchange_is_free(rig.exchange));
    /* It goes on at once. */
    assert_true(rig_send(&rig));
    assert_string_equal(rig_said(&rig, "queue_claim", 2), "496");
    rig_answer(&rig, "queue_claim", rig_claimed(&rig, "poll", 17, 3));
    rig_commit(&rig);
    assert_int_equal(rig.helpers_called, 1);
    rig_stop(&rig);
}

/* Job 3 of 8 changes a row on which somebody else holds a lock. */
TEST(a_report_that_waits_for_a_lock_is_set_aside_and_holds_nobody)
{
    int finished = 0;

    start();
    rig_claim(&rig, "ping", 8);
    for (int flights = 0; rig_count(&rig, JOB_RUN_PENDING) > 0; flights++) {
        assert_in_range(flights, 0, 20);
        assert_true(rig_send(&rig));
        if (strstr(rig_said(&rig, "queue_finish", 0), "3") != NULL) {
            rig_refuse(&rig, "queue_finish", ERROR_LOCKED);
        } else {
            finished += rig_count(&rig, JOB_RUN_SENT);
            rig_commit(&rig);
        }
    }
    assert_int_equal(finished, 7);
    assert_int_equal(rig_count(&rig, JOB_RUN_ASIDE), 1);
    assert_int_equal(runs_held(rig.runs), 1);

    rig.now_us = exchange_due_us(rig.exchange, rig.now_us);
    assert_true(rig_send(&rig));
    if (!flight_has(rig.flight, "queue_finish")) {
        rig_commit(&rig);
        rig.now_us += 1000000;
        assert_true(rig_send(&rig));
    }
    assert_string_equal(rig_said(&rig, "queue_finish", 0), "{3}");
    assert_false(flight_has(rig.flight, "queue_claim"));
    rig_commit(&rig);
    assert_true(runs_is_empty(rig.runs));
    rig_stop(&rig);
}

TEST(while_a_culprit_is_looked_for_the_lease_is_renewed_by_itself)
{
    start();
    rig_claim(&rig, "ping", 8);
    assert_true(rig_send(&rig));
    rig_refuse(&rig, "queue_finish", ERROR_LOCKED);
    rig.now_us += RIG_LEASE_US / 4;
    assert_true(rig_send(&rig));
    assert_true(flight_has(rig.flight, "worker_renew"));
    assert_false(flight_has(rig.flight, "queue_finish"));
    rig_answer(&rig, "worker_renew", rig_id(RIG_WORKER));
    rig_commit(&rig);
    assert_true(rig_send(&rig));
    assert_string_equal(rig_said(&rig, "queue_finish", 0), "{1,2,3,4}");
    rig_stop(&rig);
}
