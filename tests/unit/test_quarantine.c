/* Reports that wait for a row on which somebody else holds a lock. */
#include "tests/unit/unit.h"

#include "worker/engine/quarantine.h"

enum { SECOND = 1000000 };

static struct job_run_lists lists;

/* PENDING, of that shop (NULL: of none). */
static struct job_run *some_run(int64_t id, const char *shop)
{
    struct queue_job job = {.id = id, .attempt = 1, .token = 9, .kind = "ping", .shop_host = shop};
    const struct job_run_parts parts = {.queue_job = &job, .kind = job_kind_find("ping")};
    struct job_run *run = job_run_new(&parts, &lists);

    job_run_set_state(run, JOB_RUN_PENDING);
    return run;
}

static int count(enum job_run_state state)
{
    return lists.of[state].count;
}

static void free_all(void)
{
    for (int state = 0; state < JOB_RUN_STATES; state++) {
        while (lists.of[state].first != NULL) {
            job_run_free(lists.of[state].first);
        }
    }
}

TEST(one_that_is_set_aside_is_tried_again_after_longer_and_longer_waits)
{
    const int64_t waits[] = {1, 2, 4, 8, 15, 15};
    struct job_run *run = some_run(1, "a.example");
    int64_t now = 0;

    assert_int_equal(quarantine_due_us(&lists), INT64_MAX);
    for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
        quarantine_put(&lists, run, now);
        assert_int_equal(run->state, JOB_RUN_ASIDE);
        assert_int_equal(quarantine_due_us(&lists), now + waits[i] * SECOND);
        now = quarantine_due_us(&lists);
        quarantine_recall(&lists, now - 1);
        assert_int_equal(run->state, JOB_RUN_ASIDE);
        quarantine_recall(&lists, now);
        assert_int_equal(run->state, JOB_RUN_PENDING);
        assert_true(run->is_suspect);
    }
    free_all();
}

TEST(one_locked_order_holds_no_other_of_its_shop)
{
    struct job_run *culprit = some_run(1, "a.example");
    struct job_run *other = some_run(2, "a.example");

    quarantine_put(&lists, culprit, 0);
    assert_int_equal(other->state, JOB_RUN_PENDING);
    quarantine_join(&lists, other);
    assert_int_equal(other->state, JOB_RUN_PENDING);
    free_all();
}

TEST(two_of_a_shop_mean_that_the_shop_is_locked)
{
    struct job_run *first = some_run(1, "a.example");
    struct job_run *second = some_run(2, "a.example");
    struct job_run *third = some_run(3, "a.example");
    struct job_run *elsewhere = some_run(4, "b.example");

    quarantine_put(&lists, first, 0);
    quarantine_put(&lists, second, SECOND / 2);
    assert_int_equal(third->state, JOB_RUN_ASIDE);
    assert_int_equal(elsewhere->state, JOB_RUN_PENDING);
    struct job_run *late = some_run(5, "a.example");
    quarantine_join(&lists, late);
    assert_int_equal(late->state, JOB_RUN_ASIDE);
    assert_int_equal(late->try_at_us, second->try_at_us);
    free_all();
}

TEST(one_is_tried_for_a_locked_shop_and_they_take_turns)
{
    struct job_run *first = some_run(1, "a.example");
    struct job_run *second = some_run(2, "a.example");

    quarantine_put(&lists, first, 0);
    quarantine_put(&lists, second, 0);
    int64_t now = quarantine_due_us(&lists);
    quarantine_recall(&lists, now);
    assert_int_equal(first->state, JOB_RUN_PENDING);
    assert_int_equal(count(JOB_RUN_ASIDE), 1);
    assert_true(quarantine_due_us(&lists) > now);
    quarantine_put(&lists, first, now);
    quarantine_recall(&lists, quarantine_due_us(&lists));
    assert_int_equal(second->state, JOB_RUN_PENDING);
    free_all();
}

TEST(when_one_was_stored_all_of_its_shop_go_on)
{
    struct job_run *first = some_run(1, "a.example");
    struct job_run *second = some_run(2, "a.example");
    struct job_run *elsewhere = some_run(3, "b.example");

    quarantine_put(&lists, elsewhere, 0);
    quarantine_put(&lists, first, 0);
    quarantine_put(&lists, second, 0);
    quarantine_lift(&lists, first);
    assert_int_equal(first->state, JOB_RUN_PENDING);
    assert_int_equal(second->state, JOB_RUN_PENDING);
    assert_int_equal(elsewhere->state, JOB_RUN_ASIDE);
    free_all();
}

TEST(jobs_without_a_shop_have_nothing_in_common)
{
    struct job_run *first = some_run(1, NULL);
    struct job_run *second = some_run(2, NULL);
    struct job_run *third = some_run(3, NULL);

    quarantine_put(&lists, first, 0);
    quarantine_put(&lists, second, 0);
    assert_int_equal(third->state, JOB_RUN_PENDING);
    quarantine_lift(&lists, first);
    assert_int_equal(second->state, JOB_RUN_ASIDE);
    free_all();
}
