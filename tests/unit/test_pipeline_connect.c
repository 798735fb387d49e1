/* From no connection to a ready one: each state on that way, and each way out of it. */
#include "tests/unit/unit.h"

#include "tests/unit/pipeline_helpers.h"

TEST(a_connection_is_probed_tuned_and_prepared_before_it_is_ready)
{
    struct buffer script = SCRIPT_INIT;
    struct rig rig;

    rig_start(&rig, CONFIG_PREPARE_AUTO);
    assert_int_equal(pipeline_socket(rig.pipeline), -1);
    rig_reach_preparing(&rig, &rig.peer);
    assert_false(pipeline_is_ready(rig.pipeline));
    script_prepared(&script);
    postgres_say(&rig.peer, &script);
    rig_expect(&rig, PIPELINE_CONNECTED);
    assert_true(pipeline_is_ready(rig.pipeline));
    assert_int_equal(pipeline_deadline_us(rig.pipeline), INT64_MAX);
    rig_stop(&rig);
}

TEST(a_refused_connection_is_tried_again_ever_later)
{
    static const int64_t longest_ms[] = {100, 200, 400, 800, 1000, 1000};
    struct rig rig;

    rig_start(&rig, CONFIG_PREPARE_AUTO);
    scripted_peer_refuse(&rig.peer);
    for (size_t i = 0; i < ARRAY_LENGTH(longest_ms); i++) {
        if (pipeline_advance(rig.pipeline, rig.now_us) == PIPELINE_NOTHING) {
            rig_expect(&rig, PIPELINE_LOST);
        }
        rig_expect_wait(&rig, longest_ms[i] * 1000);
    }
    rig_stop(&rig);
}

TEST(the_wait_is_short_again_after_a_connection_that_worked)
{
    struct rig rig;

    rig_start(&rig, CONFIG_PREPARE_AUTO);
    for (int64_t longest_us = SECOND_US / 10; longest_us < SECOND_US / 2; longest_us *= 2) {
        rig_knock(&rig, &rig.peer);
        scripted_peer_hang_up(&rig.peer);
        rig_expect(&rig, PIPELINE_LOST);
        rig_expect_wait(&rig, longest_us);
    }
    rig_reach_ready(&rig, &rig.peer);
    scripted_peer_hang_up(&rig.peer);
    rig_expect(&rig, PIPELINE_LOST);
    rig_expect_wait(&rig, SECOND_US / 10);
    rig_stop(&rig);
}

TEST(a_host_that_refuses_or_is_silent_is_followed_by_the_next_one_at_once)
{
    struct rig rig;
    uint64_t generation;

    rig_start_list(&rig);
    scripted_peer_refuse(&rig.peer);
    if (pipeline_advance(rig.pipeline, rig.now_us) == PIPELINE_NOTHING) {
        rig_expect(&rig, PIPELINE_LOST);
    }
    assert_int_equal(pipeline_deadline_us(rig.pipeline), rig.now_us);
    generation = pipeline_generation(rig.pipeline);
    rig_knock(&rig, &rig.second);
    assert_true(pipeline_generation(rig.pipeline) > generation);
    rig_expect_silence_is_given_up(&rig, 3 * SECOND_US);
    rig_expect_wait(&rig, SECOND_US / 10); /* that was the last one of the list */
    rig_stop(&rig);
}

TEST(a_standby_is_no_place_to_work)
{
    struct buffer script = SCRIPT_INIT;
    struct rig rig;

    rig_start_list(&rig);
    rig_knock(&rig, &rig.peer);
    script_welcome(&script, true);
    postgres_say(&rig.peer, &script);
    rig_expect(&rig, PIPELINE_LOST);
    rig_reach_ready(&rig, &rig.second);
    rig_stop(&rig);
}

TEST(a_connection_that_does_not_let_us_in_is_lost)
{
    struct buffer script = SCRIPT_INIT;
    struct rig rig;

    rig_start(&rig, CONFIG_PREPARE_AUTO);
    rig_knock(&rig, &rig.peer);
    script_trouble(&script, 'E', "28P01", "password authentication failed", NULL);
    postgres_say(&rig.peer, &script);
    rig_expect(&rig, PIPELINE_LOST);
    rig_expect_wait(&rig, SECOND_US / 10);
    rig_stop(&rig);
}

TEST(a_server_without_encryption_is_asked_again_without)
{
    struct rig rig;
    uint64_t generation;

    rig_start_with(&rig, CONFIG_PREPARE_AUTO, "127.0.0.1", "sslmode=prefer");
    assert_int_equal(pipeline_advance(rig.pipeline, rig.now_us), PIPELINE_NOTHING);
    scripted_peer_accept(&rig.peer);
    rig_go_on_until_heard(&rig, &rig.peer);
    assert_int_equal(postgres_hear_greeting(&rig.peer), 80877103); /* SSLRequest */
    generation = pipeline_generation(rig.pipeline);
    scripted_peer_say(&rig.peer, "N");
    rig_go_on_until_heard(&rig, &rig.peer);
    assert_int_equal(postgres_hear_greeting(&rig.peer), 3 << 16);
    assert_true(pipeline_generation(rig.pipeline) > generation);
    rig_stop(&rig);
}

TEST(behind_a_pooler_nothing_is_tuned_and_prepared)
{
    struct rig rig;

    rig_start(&rig, CONFIG_PREPARE_AUTO);
    rig_reach_probing(&rig, &rig.peer);
    say_pid(&rig.peer, SERVER_PID + 1);
    rig_expect(&rig, PIPELINE_CONNECTED);
    assert_false(scripted_peer_waits(rig.peer.socket, 0));
    rig_stop(&rig);
}

TEST(whoever_says_so_has_statements_prepared_or_not_whatever_stands_between)
{
    struct rig rig;

    rig_start(&rig, CONFIG_PREPARE_OFF);
    rig_reach_probing(&rig, &rig.peer);
    say_pid(&rig.peer, SERVER_PID);
    rig_expect(&rig, PIPELINE_CONNECTED);
    rig_stop(&rig);

    rig_start(&rig, CONFIG_PREPARE_ON);
    rig_reach_probing(&rig, &rig.peer);
    say_pid(&rig.peer, SERVER_PID + 1);
    rig_go_on_until_heard(&rig, &rig.peer);
    postgres_hear(&rig.peer, "Q");
    rig_stop(&rig);
}

TEST(an_answer_may_come_byte_by_byte)
{
    struct buffer script = SCRIPT_INIT;
    struct rig rig;

    rig_start(&rig, CONFIG_PREPARE_AUTO);
    rig_reach_preparing(&rig, &rig.peer);
    script_prepared(&script);
    for (size_t i = 0; i < script.length; i++) {
        assert_false(pipeline_is_ready(rig.pipeline));
        scripted_peer_say_bytes(&rig.peer, script.bytes + i, 1);
        enum pipeline_event event = rig_go_on(&rig);
        assert_int_equal(event, i + 1 < script.length ? PIPELINE_NOTHING : PIPELINE_CONNECTED);
    }
    buffer_release(&script);
    rig_stop(&rig);
}

typedef void reach(struct rig *rig, struct scripted_peer *peer);

static reach *const questions[] = {rig_reach_probing, rig_reach_tuning, rig_reach_preparing};

TEST(a_server_that_leaves_a_question_open_is_given_up_after_half_a_minute)
{
    for (size_t i = 0; i < ARRAY_LENGTH(questions); i++) {
        struct rig rig;

        rig_start(&rig, CONFIG_PREPARE_AUTO);
        questions[i](&rig, &rig.peer);
        rig_expect_silence_is_given_up(&rig, ANSWER_US);
        rig_expect_wait(&rig, SECOND_US / 10);
        rig_stop(&rig);
    }
}

TEST(a_server_that_hangs_up_or_refuses_a_question_is_left)
{
    for (size_t i = 0; i < ARRAY_LENGTH(questions); i++) {
        struct buffer script = SCRIPT_INIT;
        struct rig rig;

        rig_start(&rig, CONFIG_PREPARE_AUTO);
        questions[i](&rig, &rig.peer);
        scripted_peer_hang_up(&rig.peer);
        rig_expect(&rig, PIPELINE_LOST);
        rig.now_us = pipeline_deadline_us(rig.pipeline);
        questions[i](&rig, &rig.peer);
        script_trouble(&script, 'E', "42P01", "relation \"koppeling.job\" does not exist", NULL);
        script_ready(&script);
        postgres_say(&rig.peer, &script);
        rig_expect(&rig, PIPELINE_LOST);
        assert_false(pipeline_is_ready(rig.pipeline));
        rig_stop(&rig);
    }
}
