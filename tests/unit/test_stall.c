/* Whether work is left lying. */
#include "tests/unit/unit.h"

#include "worker/engine/stall.h"

enum { STALL = 30000000, EVERY = STALL / 6, START = 1000 };

TEST(it_asks_only_when_nothing_has_moved_for_a_while)
{
    struct stall stall;

    stall_init(&stall, STALL, START);
    assert_int_equal(stall_look_at_us(&stall), START + EVERY);
    stall_moved(&stall, START + 10);
    assert_int_equal(stall_look_at_us(&stall), START + 10 + EVERY);
    stall_looks(&stall, START + 20);
    assert_int_equal(stall_look_at_us(&stall), START + 20 + EVERY);
}

TEST(it_asks_now_and_then_though_jobs_move)
{
    struct stall stall;

    stall_init(&stall, STALL, START);
    stall_moved(&stall, START + STALL - 10);
    assert_int_equal(stall_look_at_us(&stall), START + STALL);
    stall_looks(&stall, START + STALL);
    stall_moved(&stall, START + STALL + 20);
    assert_int_equal(stall_look_at_us(&stall), START + STALL + 20 + EVERY);
}

TEST(it_never_asks_when_nobody_wants_to_know)
{
    struct stall stall;

    stall_init(&stall, 0, START);
    assert_int_equal(stall_look_at_us(&stall), INT64_MAX);
}

TEST(it_remembers_since_when_the_answer_has_been_yes_each_time)
{
    struct stall stall;

    stall_init(&stall, STALL, START);
    stall_saw(&stall, true, 0, 50);
    stall_saw(&stall, true, 0, 60);
    assert_int_equal(atomic_load(&stall.due_since_us), 50);
    stall_saw(&stall, false, 7, 70);
    assert_int_equal(atomic_load(&stall.due_since_us), 0);
    assert_int_equal(atomic_load(&stall.overdue_us), 7);
    stall_saw(&stall, true, 0, 80);
    assert_int_equal(atomic_load(&stall.due_since_us), 80);
}
