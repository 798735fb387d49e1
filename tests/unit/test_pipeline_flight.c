/* A flight over a ready connection: the three ways in which it can end, and what else may come. */
#include "tests/unit/unit.h"

#include "tests/unit/pipeline_helpers.h"

/* Sends a renewal (prepared), a goodbye and a finish (prepared); the server has heard it. */
static void take_off(struct rig *rig, struct flight *flight)
{
    *flight = (struct flight){.part_count = 0};
    flight_parameter_integer(flight_add(flight, "worker_renew"), 7);
    flight_parameter_integer(flight_add(flight, "worker_goodbye"), 7);
    flight_parameter_boolean(flight_add(flight, "queue_finish"), true);
    pipeline_send(rig->pipeline, flight, rig->now_us);
    assert_false(pipeline_is_ready(rig->pipeline));
    postgres_hear(&rig->peer, "BDEPBDEBDES");
}

static void start_flying(struct rig *rig, struct flight *flight)
{
    rig_start(rig, CONFIG_PREPARE_AUTO);
    rig_reach_ready(rig, &rig->peer);
    take_off(rig, flight);
}

static void stop_flying(struct rig *rig, struct flight *flight)
{
    flight_clear(flight);
    rig_stop(rig);
}

/* What the server says when all went well, in the order of take_off(). */
static void script_success(struct buffer *script)
{
    script_statement(script, true, "7");
    script_statement(script, false, NULL);
    script_statement(script, true, "12");
    script_ready(script);
}

/* The connection is gone, and nobody knows what came of the flight. */
static void expect_unknown(struct rig *rig, const struct flight *flight)
{
    rig_expect(rig, PIPELINE_LANDED);
    assert_int_equal(flight->status, FLIGHT_UNKNOWN);
    assert_true(strlen(flight->error) > 0);
    assert_false(pipeline_is_ready(rig->pipeline));
    rig_expect_wait(rig, SECOND_US / 10);
}

TEST(a_flight_is_committed_and_each_statement_has_its_result)
{
    struct buffer script = SCRIPT_INIT;
    struct flight flight;
    struct rig rig;

    start_flying(&rig, &flight);
    script_success(&script);
    postgres_say(&rig.peer, &script);
    rig_expect(&rig, PIPELINE_LANDED);
    assert_int_equal(flight.status, FLIGHT_COMMITTED);
    assert_string_equal(PQgetvalue(flight_result(&flight, "worker_renew"), 0, 0), "7");
    assert_int_equal(PQntuples(flight_result(&flight, "worker_goodbye")), 0);
    assert_string_equal(PQgetvalue(flight_result(&flight, "queue_finish"), 0, 0), "12");
    assert_true(pipeline_is_ready(rig.pipeline));
    assert_int_equal(pipeline_deadline_us(rig.pipeline), INT64_MAX);
    flight_clear(&flight);
    take_off(&rig, &flight); /* and the next one */
    stop_flying(&rig, &flight);
}

TEST(a_flight_lands_with_the_last_byte_of_its_answer)
{
    struct buffer script = SCRIPT_INIT;
    struct flight flight;
    struct rig rig;

    start_flying(&rig, &flight);
    script_success(&script);
    for (size_t i = 0; i < script.length; i++) {
        scripted_peer_say_bytes(&rig.peer, script.bytes + i, 1);
        enum pipeline_event event = rig_go_on(&rig);
        assert_int_equal(event, i + 1 < script.length ? PIPELINE_NOTHING : PIPELINE_LANDED);
    }
    assert_int_equal(flight.status, FLIGHT_COMMITTED);
    buffer_release(&script);
    stop_flying(&rig, &flight);
}

/* A renewal through a pooler; the server has heard it. */
static void start_pooled(struct rig *rig, struct flight *flight)
{
    *flight = (struct flight){.part_count = 0};
    rig_start(rig, CONFIG_PREPARE_AUTO);
    rig_reach_probing(rig, &rig->peer);
    say_pid(&rig->peer, SERVER_PID + 1);
    rig_expect(rig, PIPELINE_CONNECTED);
    flight_parameter_text(flight_add(flight, "worker_renew"), "7");
    pipeline_send(rig->pipeline, flight, rig->now_us);
    postgres_hear(&rig->peer, "PBDEPBDEPBDES");
}

TEST(a_pooler_gets_statements_with_their_text_after_what_they_depend_on)
{
    struct buffer script = SCRIPT_INIT;
    struct flight flight;
    struct rig rig;

    start_pooled(&rig, &flight);
    script_statement(&script, false, NULL);
    script_statement(&script, false, "pg_catalog, pg_temp");
    script_statement(&script, false, "7");
    script_ready(&script);
    postgres_say(&rig.peer, &script);
    rig_expect(&rig, PIPELINE_LANDED);
    assert_int_equal(flight.status, FLIGHT_COMMITTED);
    assert_string_equal(PQgetvalue(flight_result(&flight, "worker_renew"), 0, 0), "7");
    stop_flying(&rig, &flight);
}

TEST(what_a_flight_depends_on_may_be_refused_and_is_the_fault_of_no_statement)
{
    struct buffer script = SCRIPT_INIT;
    struct flight flight;
    struct rig rig;

    start_pooled(&rig, &flight);
    script_statement(&script, false, NULL);
    script_trouble(&script, 'E', "42501", "permission denied to set parameter", NULL);
    script_ready(&script);
    postgres_say(&rig.peer, &script);
    rig_expect(&rig, PIPELINE_LANDED);
    assert_int_equal(flight.status, FLIGHT_REFUSED);
    assert_int_equal(flight.failed_part, -1);
    assert_null(flight_result(&flight, "worker_renew"));
    stop_flying(&rig, &flight);
}

TEST(a_refusal_names_its_statement_and_the_connection_goes_on)
{
    struct buffer script = SCRIPT_INIT;
    struct flight flight;
    struct rig rig;

    start_flying(&rig, &flight);
    script_statement(&script, true, "7");
    script_trouble(&script, 'E', "23505", "duplicate key", NULL);
    script_ready(&script); /* the third statement is skipped */
    postgres_say(&rig.peer, &script);
    rig_expect(&rig, PIPELINE_LANDED);
    assert_int_equal(flight.status, FLIGHT_REFUSED);
    assert_int_equal(flight.failed_part, 1);
    assert_string_equal(flight.sqlstate, "23505");
    assert_int_equal(flight.code, ERROR_INTERNAL);
    assert_string_equal(flight.error, "duplicate key");
    assert_null(flight_result(&flight, "queue_finish"));
    assert_true(pipeline_is_ready(rig.pipeline));
    flight_clear(&flight);
    take_off(&rig, &flight);
    script_success(&script);
    postgres_say(&rig.peer, &script);
    rig_expect(&rig, PIPELINE_LANDED);
    assert_int_equal(flight.status, FLIGHT_COMMITTED);
    stop_flying(&rig, &flight);
}

TEST(a_refusal_at_commit_is_the_fault_of_no_statement)
{
    struct buffer script = SCRIPT_INIT;
    struct flight flight;
    struct rig rig;

    start_flying(&rig, &flight);
    script_statement(&script, true, "7");
    script_statement(&script, false, NULL);
    script_statement(&script, true, "12");
    script_trouble(&script, 'E', "40P01", "deadlock detected", NULL);
    script_ready(&script);
    postgres_say(&rig.peer, &script);
    rig_expect(&rig, PIPELINE_LANDED);
    assert_int_equal(flight.status, FLIGHT_REFUSED);
    assert_int_equal(flight.failed_part, -1);
    assert_int_equal(flight.code, ERROR_UNAVAILABLE);
    stop_flying(&rig, &flight);
}

TEST(a_server_that_can_no_longer_write_is_left)
{
    static const char *const states[] = {"25006", "57P01", "26000"};

    for (size_t i = 0; i < ARRAY_LENGTH(states); i++) {
        struct buffer script = SCRIPT_INIT;
        struct flight flight;
        struct rig rig;

        start_flying(&rig, &flight);
        script_trouble(&script, 'E', states[i], "it is over", NULL);
        script_ready(&script);
        postgres_say(&rig.peer, &script);
        expect_unknown(&rig, &flight);
        assert_string_equal(flight.error, "it is over");
        stop_flying(&rig, &flight);
    }
}

TEST(a_statement_that_is_not_supported_is_no_reason_to_leave_the_server)
{
    static const char *const states[] = {"0A000", "08001"}; /* in a trigger of somebody else, say */

    for (size_t i = 0; i < ARRAY_LENGTH(states); i++) {
        struct buffer script = SCRIPT_INIT;
        struct flight flight;
        struct rig rig;

        start_flying(&rig, &flight);
        script_trouble(&script, 'E', states[i], "no", "plperl_call");
        script_ready(&script);
        postgres_say(&rig.peer, &script);
        rig_expect(&rig, PIPELINE_LANDED);
        assert_int_equal(flight.status, FLIGHT_REFUSED);
        assert_true(pipeline_is_ready(rig.pipeline));
        stop_flying(&rig, &flight);
    }
}

TEST(a_plan_that_no_longer_fits_is_made_anew_on_another_connection)
{
    struct buffer script = SCRIPT_INIT;
    struct flight flight;
    struct rig rig;

    start_flying(&rig, &flight);
    script_trouble(&script, 'E', "0A000", "cached plan must not change result type",
                   "RevalidateCachedQuery");
    script_ready(&script);
    postgres_say(&rig.peer, &script);
    expect_unknown(&rig, &flight);
    stop_flying(&rig, &flight);
}

TEST(a_commit_that_was_not_replicated_is_unknown)
{
    struct buffer script = SCRIPT_INIT;
    struct flight flight;
    struct rig rig;

    start_flying(&rig, &flight);
    script_statement(&script, true, "7");
    script_statement(&script, false, NULL);
    script_statement(&script, true, "12");
    script_trouble(&script, 'N', "01000", "annulation de l'attente", "SyncRepWaitForLSN");
    script_ready(&script);
    postgres_say(&rig.peer, &script);
    expect_unknown(&rig, &flight);
    stop_flying(&rig, &flight);
}

TEST(another_remark_of_the_server_changes_nothing)
{
    struct buffer script = SCRIPT_INIT;
    struct flight flight;
    struct rig rig;

    start_flying(&rig, &flight);
    script_trouble(&script, 'N', "01000", "something else", "SomethingElse");
    script_success(&script);
    postgres_say(&rig.peer, &script);
    rig_expect(&rig, PIPELINE_LANDED);
    assert_int_equal(flight.status, FLIGHT_COMMITTED);
    stop_flying(&rig, &flight);
}

TEST(a_connection_that_breaks_leaves_the_outcome_unknown)
{
    struct buffer whole = SCRIPT_INIT;
    /* Nothing; a part of a message; all but that the transaction is over. */
    size_t heard[] = {0, 3, 0};

    script_success(&whole);
    heard[2] = whole.length - 6;
    for (size_t i = 0; i < ARRAY_LENGTH(heard); i++) {
        struct flight flight;
        struct rig rig;

        start_flying(&rig, &flight);
        scripted_peer_say_bytes(&rig.peer, whole.bytes, heard[i]);
        scripted_peer_hang_up(&rig.peer);
        expect_unknown(&rig, &flight);
        rig_reach_ready(&rig, &rig.peer);
        stop_flying(&rig, &flight);
    }
    buffer_release(&whole);
}

TEST(a_server_that_is_silent_leaves_the_outcome_unknown)
{
    struct flight flight;
    struct rig rig;

    start_flying(&rig, &flight);
    assert_int_equal(pipeline_deadline_us(rig.pipeline), rig.now_us + ANSWER_US);
    rig.now_us += ANSWER_US;
    assert_int_equal(pipeline_advance(rig.pipeline, rig.now_us - 1), PIPELINE_NOTHING);
    assert_int_equal(pipeline_advance(rig.pipeline, rig.now_us), PIPELINE_LANDED);
    assert_int_equal(flight.status, FLIGHT_UNKNOWN);
    rig_expect_wait(&rig, SECOND_US / 10);
    stop_flying(&rig, &flight);
}

TEST(a_silent_host_of_a_list_is_followed_by_the_next_one_at_once)
{
    struct flight flight;
    struct rig rig;

    rig_start_list(&rig);
    rig_reach_ready(&rig, &rig.peer);
    take_off(&rig, &flight);
    rig.now_us += ANSWER_US;
    assert_int_equal(pipeline_advance(rig.pipeline, rig.now_us), PIPELINE_LANDED);
    assert_int_equal(pipeline_deadline_us(rig.pipeline), rig.now_us);
    rig_reach_ready(&rig, &rig.second);
    stop_flying(&rig, &flight);
}

TEST(a_connection_that_broke_before_the_flight_was_sent_is_told_with_it)
{
    struct flight flight = {.part_count = 0};
    struct rig rig;

    rig_start(&rig, CONFIG_PREPARE_AUTO);
    rig_reach_ready(&rig, &rig.peer);
    scripted_peer_hang_up(&rig.peer);
    flight_parameter_integer(flight_add(&flight, "worker_renew"), 7);
    pipeline_send(rig.pipeline, &flight, rig.now_us);
    expect_unknown(&rig, &flight);
    stop_flying(&rig, &flight);
}

/* More than fits in the buffers of the sockets. */
TEST(what_does_not_fit_is_sent_when_there_is_room)
{
    enum { PARTS = 30, BYTES = 1 << 20 };
    struct flight flight = {.part_count = 0};
    struct buffer script = SCRIPT_INIT;
    struct rig rig;

    rig_start(&rig, CONFIG_PREPARE_AUTO);
    rig_reach_ready(&rig, &rig.peer);
    for (int i = 0; i < PARTS; i++) {
        char *text = xcalloc(1, BYTES + 1);

        memset(text, 'a', BYTES);
        flight_parameter_take(flight_add(&flight, "queue_finish"), text);
        script_statement(&script, true, "1");
    }
    pipeline_send(rig.pipeline, &flight, rig.now_us);
    assert_int_equal(pipeline_events(rig.pipeline) & POLLOUT, POLLOUT);
    while ((pipeline_events(rig.pipeline) & POLLOUT) != 0) {
        assert_true(scripted_peer_hear(&rig.peer));
        assert_int_equal(rig_go_on(&rig), PIPELINE_NOTHING);
    }
    while (rig.peer.heard.bytes[rig.peer.heard.length - 5] != 'S') { /* the end: Sync */
        assert_true(scripted_peer_waits(rig.peer.socket, PEER_PATIENCE_MS));
        assert_true(scripted_peer_hear(&rig.peer));
    }
    script_ready(&script);
    postgres_say(&rig.peer, &script);
    rig_expect(&rig, PIPELINE_LANDED);
    assert_int_equal(flight.status, FLIGHT_COMMITTED);
    stop_flying(&rig, &flight);
}

TEST(a_server_may_speak_unasked)
{
    struct buffer script = SCRIPT_INIT;
    struct buffer notification = SCRIPT_INIT;
    struct rig rig;

    rig_start(&rig, CONFIG_PREPARE_AUTO);
    rig_reach_ready(&rig, &rig.peer);
    script_parameter(&script, "TimeZone", "UTC");
    script_trouble(&script, 'N', "01000", "a remark", NULL);
    script_number(&notification, SERVER_PID);
    script_text(&notification, "koppeling_job");
    script_text(&notification, "");
    script_payload(&script, 'A', &notification);
    postgres_say(&rig.peer, &script);
    assert_int_equal(rig_go_on(&rig), PIPELINE_NOTHING);
    assert_true(pipeline_is_ready(rig.pipeline));
    script_trouble(&script, 'E', "57P01", "terminating connection", NULL);
    postgres_say(&rig.peer, &script);
    scripted_peer_hang_up(&rig.peer);
    rig_expect(&rig, PIPELINE_LOST);
    rig_expect_wait(&rig, SECOND_US / 10);
    rig_stop(&rig);
}
