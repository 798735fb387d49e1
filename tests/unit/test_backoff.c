/* Waits after refusals. */
#include "tests/unit/unit.h"

#include "worker/engine/backoff.h"

TEST(nothing_waits_at_first)
{
    const struct backoff backoff = {.wait_us = 0};

    assert_int_equal(backoff.until_us, 0);
}

TEST(waits_double_from_the_least_to_the_most)
{
    const int64_t waits[] = {100, 200, 400, 500, 500};
    struct backoff backoff = {.wait_us = 0};

    for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
        backoff_again(&backoff, 100, 500, 1000);
        assert_int_equal(backoff.until_us, 1000 + waits[i]);
    }
}

TEST(another_trouble_may_ask_for_a_longer_wait)
{
    struct backoff backoff = {.wait_us = 0};

    backoff_again(&backoff, 10, 500, 0);
    backoff_again(&backoff, 300, 500, 0);
    assert_int_equal(backoff.until_us, 300);
    backoff_again(&backoff, 10, 500, 0);
    assert_int_equal(backoff.until_us, 500);
}

TEST(after_a_success_the_first_wait_is_short_again)
{
    struct backoff backoff = {.wait_us = 0};

    backoff_again(&backoff, 100, 500, 0);
    backoff_again(&backoff, 100, 500, 0);
    backoff_end(&backoff);
    backoff_again(&backoff, 100, 500, 7);
    assert_int_equal(backoff.until_us, 107);
}
