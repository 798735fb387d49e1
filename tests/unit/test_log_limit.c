/* What keeps repeats out of the log. */
#include "tests/unit/unit.h"

#include "common/log_limit.h"

#define SECOND INT64_C(1000000)

/* Another event for each test, so that none uses up the allowance of another. */
static const char burst[] = "burst";
static const char outage[] = "outage";
static const char other[] = "other";

static int count_allowed(const char *event, int times, int64_t now_us, int64_t *ret_left_out)
{
    int allowed = 0;

    *ret_left_out = 0;
    for (int i = 0; i < times; i++) {
        int64_t left_out = 0;

        allowed += log_limit_allows(event, now_us, &left_out) ? 1 : 0;
        *ret_left_out += left_out;
    }
    return allowed;
}

TEST(a_burst_is_written_whole)
{
    int64_t left_out = 0;

    assert_int_equal(count_allowed(burst, LOG_LIMIT_BURST, SECOND, &left_out), LOG_LIMIT_BURST);
    assert_int_equal(left_out, 0);
}

TEST(in_an_outage_there_are_a_few_lines_a_second_and_a_count_of_the_rest)
{
    int64_t left_out = 0;
    int64_t all_left_out = 0;
    int allowed = count_allowed(outage, 500, SECOND, &all_left_out);

    assert_int_equal(allowed, LOG_LIMIT_BURST);
    for (int second = 2; second < 62; second++) {
        int now = count_allowed(outage, 500, second * SECOND, &left_out);

        assert_int_equal(now, LOG_LIMIT_PER_SECOND);
        allowed += now;
        all_left_out += left_out;
    }
    /* After a pause all is told, and a burst may come again. */
    assert_int_equal(count_allowed(outage, 500, 200 * SECOND, &left_out), LOG_LIMIT_BURST);
    assert_int_equal(allowed + all_left_out + left_out, 61 * 500);
}

TEST(another_event_is_not_kept_out)
{
    int64_t left_out = 0;

    assert_int_equal(count_allowed(burst, 1000, 2 * SECOND, &left_out) < 1000, true);
    assert_int_equal(count_allowed(other, 1, 2 * SECOND, &left_out), 1);
}
