/* In whose name a worker's jobs run, and until when. */
#include "tests/unit/unit.h"

#include "worker/engine/lease.h"

enum { LENGTH = 60000000, SENT = 5000000 };

static struct lease held_lease(void)
{
    struct lease lease;

    lease_init(&lease, LENGTH);
    lease_hold(&lease, 7, SENT);
    return lease;
}

TEST(none_is_held_at_first_and_none_can_lapse)
{
    struct lease lease;

    lease_init(&lease, LENGTH);
    assert_false(lease_is_held(&lease));
    assert_false(lease_has_lapsed(&lease, INT64_MAX));
    assert_false(lease_renews(&lease, INT64_MAX));
    assert_int_equal(lease_deadline_us(&lease), INT64_MAX);
    assert_int_equal(lease_renewal_due_us(&lease), INT64_MAX);
}

TEST(it_lasts_as_long_as_it_is_counted_from_before_the_request)
{
    struct lease lease = held_lease();

    assert_true(lease_is_held(&lease));
    assert_int_equal(lease_deadline_us(&lease), SENT + LENGTH);
    assert_false(lease_has_lapsed(&lease, SENT + LENGTH - 1));
    assert_true(lease_has_lapsed(&lease, SENT + LENGTH));
}

TEST(it_is_renewed_after_a_quarter_and_then_lasts_longer)
{
    struct lease lease = held_lease();
    const int64_t later = SENT + LENGTH / 4;

    assert_false(lease_renews(&lease, later - 1));
    assert_true(lease_renews(&lease, later));
    assert_int_equal(lease_renewal_due_us(&lease), later);
    lease_hold(&lease, 7, later);
    assert_false(lease_renews(&lease, later));
    assert_false(lease_has_lapsed(&lease, SENT + LENGTH));
    assert_true(lease_has_lapsed(&lease, later + LENGTH));
}

TEST(it_can_be_renewed_ahead_of_time)
{
    struct lease lease = held_lease();

    lease_renew_now(&lease, SENT + 1);
    assert_true(lease_renews(&lease, SENT + 1));
}

TEST(after_a_lost_claim_strays_are_disowned_at_once_and_with_each_renewal)
{
    struct lease lease = held_lease();

    assert_false(lease_disowns(&lease, SENT + LENGTH / 4));
    lease_lost_claim(&lease);
    assert_true(lease_disowns(&lease, SENT));
    lease_disowned(&lease);
    assert_false(lease_disowns(&lease, SENT));
    /* The server process that hung may still wake up and commit the claim. */
    assert_true(lease_disowns(&lease, SENT + LENGTH / 4));
    lease_disowned(&lease);
    assert_true(lease_disowns(&lease, SENT + LENGTH / 4));
}

TEST(a_lost_report_is_disowned_with_the_next_renewal)
{
    struct lease lease = held_lease();

    lease_lost_report(&lease);
    assert_false(lease_disowns(&lease, SENT));
    assert_true(lease_disowns(&lease, SENT + LENGTH / 4));
}

TEST(with_the_lease_its_strays_are_gone_and_its_length_is_not)
{
    struct lease lease = held_lease();

    lease_lost_claim(&lease);
    lease_drop(&lease);
    assert_false(lease_is_held(&lease));
    assert_false(lease_disowns(&lease, INT64_MAX));
    lease_hold(&lease, 8, SENT);
    assert_false(lease_disowns(&lease, INT64_MAX));
    assert_int_equal(lease_deadline_us(&lease), SENT + LENGTH);
}
