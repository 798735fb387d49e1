/* Which calls may look for a connection, and when. */
#include "tests/unit/unit.h"

#include "common/cleanup.h"
#include "worker/calls/gate.h"

#define SECOND INT64_C(1000000)

static struct gate shut_gate(void)
{
    struct gate gate;

    gate_init(&gate, false, 1000);
    return gate;
}

/* Lets in all that may look now, and says how many. */
static int let_in(struct gate *gate, int64_t now_us)
{
    int count = 0;

    while (gate_lets_in(gate, now_us)) {
        gate_look(gate, now_us);
        count++;
    }
    return count;
}

/* One that looks opens a connection, over which its request leaves. */
static void open_one(struct gate *gate, int64_t now_us)
{
    assert_true(gate_connect(gate));
    gate_pass(gate, true, now_us);
}

TEST(over_plain_http_nobody_waits)
{
    struct gate gate;

    gate_init(&gate, true, 1);
    for (int i = 0; i < 1000; i++) {
        assert_true(gate_lets_in(&gate, 0));
        gate_look(&gate, 0);
        assert_true(gate_connect(&gate));
    }
}

TEST(one_call_looks_and_the_others_join_its_connection)
{
    struct gate gate = shut_gate();

    assert_int_equal(let_in(&gate, 0), 1);
    open_one(&gate, 0);
    for (int i = 0; i < 99; i++) {
        assert_true(gate_lets_in(&gate, 0));
        gate_look(&gate, 0);
        gate_pass(&gate, false, 0);
    }
    assert_int_equal(let_in(&gate, 0), 1); /* the one that finds no room opens the next alone */
    open_one(&gate, 0);
    assert_int_equal(let_in(&gate, 0), 1);
    assert_int_equal(gate.connections, 2);
}

TEST(connections_that_take_one_call_each_are_opened_in_ever_larger_steps)
{
    struct gate gate = shut_gate();
    static const int steps[] = {1, 2, 8, 64, 64};

    for (size_t i = 0; i < ARRAY_LENGTH(steps); i++) {
        int count = let_in(&gate, 0);

        assert_int_equal(count, steps[i]);
        while (count-- > 0) {
            open_one(&gate, 0);
        }
    }
}

TEST(that_nobody_can_be_reached_is_soon_known_to_all)
{
    struct gate gate = shut_gate();
    int rounds = 0;

    for (int told = 0; told < 400; rounds++) {
        for (int count = let_in(&gate, 0); count > 0; count--, told++) {
            gate_fail(&gate);
        }
    }
    assert_in_range(rounds, 1, 10);
}

TEST(behind_one_that_hangs_others_look_soon_and_then_it_holds_up_nobody)
{
    struct gate gate = shut_gate();

    assert_int_equal(let_in(&gate, 10 * SECOND), 1);
    assert_int_equal(gate_opens_at_us(&gate, 10 * SECOND), 10 * SECOND + SECOND / 2);
    assert_int_equal(let_in(&gate, 10 * SECOND + SECOND / 2 - 1), 0);
    assert_int_equal(let_in(&gate, 10 * SECOND + SECOND / 2), 1);
    assert_int_equal(let_in(&gate, 60 * SECOND), 7); /* but not ever more */
    assert_int_equal(gate_opens_at_us(&gate, 60 * SECOND), INT64_MAX);
    open_one(&gate, 60 * SECOND);
    assert_true(let_in(&gate, 60 * SECOND) > 0); /* the eight that hang count no more */
}

TEST(nobody_joins_a_connection_that_has_not_said_how_many_it_takes)
{
    struct gate gate = shut_gate();

    let_in(&gate, 0);
    gate_await_greeting(&gate);
    open_one(&gate, 0);
    assert_int_equal(let_in(&gate, 0), 0);
    gate_greet(&gate);
    assert_true(let_in(&gate, 0) > 0);
}

TEST(a_connection_that_says_nothing_is_overtaken)
{
    struct gate gate = shut_gate();

    let_in(&gate, 0);
    gate_await_greeting(&gate);
    open_one(&gate, 0);
    assert_int_equal(let_in(&gate, SECOND / 2), 1);
    open_one(&gate, SECOND / 2);
    assert_true(let_in(&gate, SECOND / 2) > 0);
}

TEST(while_a_connection_breaks_nobody_looks)
{
    struct gate gate = shut_gate();

    gate_pause(&gate, SECOND);
    assert_false(gate_lets_in(&gate, SECOND));
    int64_t opens_us = gate_opens_at_us(&gate, SECOND);
    assert_in_range(opens_us, SECOND + 1, SECOND + SECOND / 50);
    assert_true(gate_lets_in(&gate, opens_us));
}

TEST(there_are_no_more_connections_than_allowed)
{
    struct gate gate;

    gate_init(&gate, false, 1);
    let_in(&gate, 0);
    open_one(&gate, 0);
    assert_true(let_in(&gate, 0) > 0);
    assert_false(gate_connect(&gate));
    gate_refuse(&gate);
    assert_int_equal(let_in(&gate, 9 * SECOND), 0); /* not even with patience */
    assert_int_equal(gate_opens_at_us(&gate, 9 * SECOND), INT64_MAX);
    gate_end(&gate);
    assert_true(let_in(&gate, 9 * SECOND) > 0);
}

TEST(a_connection_that_was_closed_makes_room)
{
    struct gate gate;

    gate_init(&gate, false, 1);
    let_in(&gate, 0);
    open_one(&gate, 0);
    let_in(&gate, 0);
    gate_refuse(&gate);
    gate_disconnect(&gate);
    assert_true(gate_lets_in(&gate, 0));
    assert_true(gate_connect(&gate));
}

TEST(when_nobody_is_there_nothing_is_full)
{
    struct gate gate;

    gate_init(&gate, false, 0);
    let_in(&gate, 0);
    assert_false(gate_connect(&gate));
    gate_refuse(&gate);
    assert_int_equal(let_in(&gate, 0), 1); /* else it would stay so */
    gate_give_up(&gate);
    assert_int_equal(gate.looking, 0);
}
