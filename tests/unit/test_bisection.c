/* The search for the report that makes the database refuse a batch. */
#include "tests/unit/unit.h"

#include "worker/engine/bisection.h"

/* Reports batches of `count` reports of which that number is the culprit; returns how many batches
 * it took until it stood alone. */
static int search(int count, int culprit)
{
    struct bisection bisection;
    int first = 0;

    bisection_init(&bisection);
    for (int batches = 1;; batches++) {
        int batch = count - first < bisection.limit ? count - first : bisection.limit;

        assert_true(batch > 0);
        if (culprit < first || culprit >= first + batch) {
            first += batch;
            bisection_committed(&bisection, first == count);
        } else if (bisection_refused(&bisection, batch)) {
            assert_int_equal(first, culprit);
            return batches;
        }
    }
}

TEST(the_culprit_is_found_wherever_it_stands)
{
    const int counts[] = {1, 2, 3, 7, 64, 1000};

    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        for (int culprit = 0; culprit < counts[i]; culprit += 1 + counts[i] / 50) {
            assert_in_range(search(counts[i], culprit), 1, 60);
        }
    }
    assert_int_equal(search(1, 0), 1);
}

TEST(a_refused_batch_is_halved_until_one_is_left)
{
    struct bisection bisection;

    bisection_init(&bisection);
    assert_int_equal(bisection.limit, 1000);
    assert_false(bisection.is_searching);
    assert_false(bisection_refused(&bisection, 9));
    assert_true(bisection.is_searching);
    assert_int_equal(bisection.limit, 4);
    assert_false(bisection_refused(&bisection, 4));
    assert_false(bisection_refused(&bisection, 2));
    assert_int_equal(bisection.limit, 1);
    assert_true(bisection_refused(&bisection, 1));
    assert_int_equal(bisection.limit, 1);
}

TEST(after_it_batches_double_until_they_are_whole_again)
{
    struct bisection bisection;
    int committed = 0;

    bisection_init(&bisection);
    assert_true(bisection_refused(&bisection, 1));
    while (bisection.is_searching) {
        bisection_committed(&bisection, false);
        committed++;
    }
    assert_int_equal(committed, 10);
    assert_int_equal(bisection.limit, 1000);
}

TEST(when_nothing_waits_any_more_the_search_is_over)
{
    struct bisection bisection;

    bisection_init(&bisection);
    assert_false(bisection_refused(&bisection, 40));
    bisection_committed(&bisection, true);
    assert_false(bisection.is_searching);
    assert_int_equal(bisection.limit, 1000);
}
