/* When a worker asks for jobs, and for how many. */
#include "tests/unit/unit.h"

#include "worker/engine/claiming.h"

#define SECOND INT64_C(1000000)

/* So many of the first API, and none of others. */
#define all_of(count) (&(struct queue_apis){.of = {count}})

/* With room for 400, after a first claim at the time 0 that brought so many of 256. */
static struct claiming after_claim(int brought)
{
    struct claiming claiming;

    claiming_init(&claiming, 400, 1, false);
    claiming_asked(&claiming, all_of(claiming_room(&claiming, 0, 0)), false, 0);
    claiming_answered(&claiming, all_of(brought));
    return claiming;
}

TEST(the_window_begins_small_and_never_passes_what_is_allowed)
{
    struct claiming claiming;

    claiming_init(&claiming, 10, 1, false);
    assert_int_equal(claiming_room(&claiming, 0, 0), 10);
    claiming_widen(&claiming);
    assert_int_equal(claiming_room(&claiming, 0, 0), 10);
    claiming_init(&claiming, 400, 1, false);
    assert_int_equal(claiming_room(&claiming, 0, 0), 256);
    for (int i = 0; i < 200; i++) {
        claiming_widen(&claiming);
    }
    assert_int_equal(claiming_room(&claiming, 0, 0), 400);
}

TEST(the_window_closes_by_steps_and_never_quite)
{
    struct claiming claiming;

    claiming_init(&claiming, 400, 1, false);
    claiming_narrow(&claiming);
    assert_int_equal(claiming_room(&claiming, 0, 0), 254);
    for (int i = 0; i < 1000; i++) {
        claiming_narrow(&claiming);
    }
    assert_in_range(claiming_room(&claiming, 0, 0), 32, 34);
}

TEST(another_most_holds_at_once)
{
    struct claiming claiming;

    claiming_init(&claiming, 10, 1, false);
    claiming_set_most(&claiming, 400);
    assert_int_equal(claiming_room(&claiming, 0, 0), 256);
    claiming_set_most(&claiming, 20);
    assert_int_equal(claiming_room(&claiming, 0, 0), 20);
    assert_int_equal(claiming_room(&claiming, 0, 30), 0);
}

TEST(what_is_held_takes_room)
{
    struct claiming claiming;

    claiming_init(&claiming, 100, 1, false);
    assert_int_equal(claiming_room(&claiming, 0, 99), 1);
    assert_int_equal(claiming_room(&claiming, 0, 100), 0);
    assert_int_equal(claiming_room(&claiming, 0, 130), 0);
}

TEST(calls_that_ended_since_the_last_claim_are_claimed_ahead_up_to_a_quarter)
{
    struct claiming claiming;

    claiming_init(&claiming, 100, 1, false);
    for (int i = 0; i < 7; i++) {
        claiming_call_ended(&claiming, 0);
    }
    assert_int_equal(claiming_room(&claiming, 0, 100), 7);
    for (int i = 0; i < 100; i++) {
        claiming_call_ended(&claiming, 0);
    }
    assert_int_equal(claiming_room(&claiming, 0, 100), 25);
    claiming_asked(&claiming, all_of(25), false, 0);
    assert_int_equal(claiming_room(&claiming, 0, 100), 0);
}

TEST(a_claim_asks_for_a_thousand_at_most)
{
    struct claiming claiming;

    claiming_init(&claiming, 10000, 1, false);
    for (int i = 0; i < 10000; i++) {
        claiming_widen(&claiming);
    }
    assert_int_equal(claiming_room(&claiming, 0, 0), 1000);
}

TEST(the_first_claim_is_due_at_once_and_the_next_a_jittered_while_later)
{
    struct claiming claiming;
    bool varies = false;

    claiming_init(&claiming, 400, 1, false);
    assert_true(claiming_wants(&claiming, all_of(0), false, false, 1));
    for (int i = 0; i < 100; i++) {
        int64_t before = claiming.poll_at_us;

        claiming_asked(&claiming, all_of(256), false, 5 * SECOND);
        claiming_answered(&claiming, all_of(0));
        assert_in_range(claiming_due_us(&claiming, all_of(0)), 5 * SECOND + SECOND / 2, 6 * SECOND);
        varies = varies || (i > 0 && claiming.poll_at_us != before);
    }
    assert_true(varies);
    assert_false(claiming_wants(&claiming, all_of(0), false, false, claiming.poll_at_us - 1));
    assert_true(claiming_wants(&claiming, all_of(0), false, false, claiming.poll_at_us));
}

TEST(who_waits_for_an_empty_queue_asks_ten_times_as_often)
{
    struct claiming claiming;

    claiming_init(&claiming, 400, 1, true);
    claiming_asked(&claiming, all_of(256), false, 0);
    assert_in_range(claiming_due_us(&claiming, all_of(0)), SECOND / 20, SECOND / 10);
}

TEST(a_wake_up_or_a_fresh_connection_is_reason_enough)
{
    struct claiming claiming = after_claim(0);

    assert_false(claiming_wants(&claiming, all_of(0), false, true, 1));
    assert_true(claiming_wants(&claiming, all_of(0), true, false, 1));
    claiming_hurry(&claiming);
    assert_true(claiming_wants(&claiming, all_of(0), false, false, 1));
}

TEST(after_a_full_claim_more_is_asked_for_when_it_is_worth_the_round_trip)
{
    struct claiming claiming = after_claim(256);

    assert_true(claiming_wants(&claiming, all_of(256 - 32), false, false, 1));
    assert_false(claiming_wants(&claiming, all_of(256 - 31), false, false, 1));
    /* A report goes anyway, so the claim costs no round trip. */
    assert_true(claiming_wants(&claiming, all_of(255), false, true, 1));
    assert_false(claiming_wants(&claiming, all_of(256), false, true, 1));
    claiming = after_claim(255);
    assert_false(claiming_wants(&claiming, all_of(0), false, true, 1));
}

TEST(without_room_nothing_is_ever_asked_for)
{
    struct claiming claiming = after_claim(256);

    assert_false(claiming_wants(&claiming, all_of(256), true, true, INT64_MAX));
    assert_int_equal(claiming_due_us(&claiming, all_of(256)), INT64_MAX);
}

/* Two APIs: the first has all that it may hold in flight, and it hangs. */
TEST(an_api_that_hangs_takes_no_room_from_another)
{
    struct claiming claiming;
    const struct queue_apis held = {.of = {256, 0}};
    const struct queue_apis rooms = {.of = {0, 256}};
    const struct queue_apis counts = {.of = {0, 256}};
    const struct queue_apis nearly = {.of = {256, 255}};

    claiming_init(&claiming, 400, 2, false);
    assert_int_equal(claiming_room(&claiming, 0, held.of[0]), 0);
    assert_int_equal(claiming_room(&claiming, 1, held.of[1]), 256);
    assert_true(claiming_wants(&claiming, &held, true, false, 1));
    assert_int_equal(claiming_asked(&claiming, &rooms, false, 0), 256);
    claiming_answered(&claiming, &counts);
    assert_true(claiming_wants(&claiming, &held, false, false, 1)); /* the second has more */
    assert_true(claiming_wants(&claiming, &nearly, false, true, 1));
    assert_int_equal(claiming_due_us(&claiming, &nearly), claiming.poll_at_us);
    claiming_call_ended(&claiming, 1);
    assert_int_equal(claiming_room(&claiming, 0, 256), 0); /* that was not a call of the first */
    assert_int_equal(claiming_room(&claiming, 1, 256), 1);
}

TEST(a_claim_that_was_cut_short_leaves_more_of_every_api)
{
    struct claiming claiming;
    const struct queue_apis rooms = {.of = {800, 800}};
    const struct queue_apis counts = {.of = {800, 200}};
    const struct queue_apis held = {.of = {800, 200}};

    claiming_init(&claiming, 2000, 2, false);
    claiming.window = 800;
    assert_int_equal(claiming_asked(&claiming, &rooms, false, 0), 1000);
    claiming_answered(&claiming, &counts);
    assert_true(claiming_wants(&claiming, &held, false, false, 1));
}

TEST(who_was_woken_alone_tastes_and_then_asks_for_all)
{
    struct claiming claiming;

    claiming_init(&claiming, 400, 1, false);
    assert_int_equal(claiming_asked(&claiming, all_of(256), true, 0), 16);
    claiming_answered(&claiming, all_of(3));
    assert_false(claiming_was_filled(&claiming));
    assert_false(claiming_wants(&claiming, all_of(3), false, false, 1));
    assert_int_equal(claiming_asked(&claiming, all_of(256), true, 0), 16);
    claiming_answered(&claiming, all_of(16));
    assert_true(claiming_was_filled(&claiming));
    assert_true(claiming_wants(&claiming, all_of(16), false, false, 1));
    assert_int_equal(claiming_asked(&claiming, all_of(240), false, 1), 240);
}

/* The first API has no room, and the second nothing to do. */
TEST(a_claim_without_room_was_not_filled)
{
    struct claiming claiming;
    const struct queue_apis rooms = {.of = {0, 256}};
    const struct queue_apis counts = {.of = {0, 0}};

    claiming_init(&claiming, 400, 2, false);
    claiming_asked(&claiming, &rooms, false, 0);
    claiming_answered(&claiming, &counts);
    assert_false(claiming_was_filled(&claiming));
}
