/* The arithmetic of a lease. */
#include "worker/engine/lease.h"

void lease_init(struct lease *lease, int64_t length_us)
{
    *lease = (struct lease){.length_us = length_us};
}

bool lease_is_held(const struct lease *lease)
{
    return lease->worker_id != 0;
}

void lease_hold(struct lease *lease, int64_t worker_id, int64_t sent_us)
{
    lease->worker_id = worker_id;
    lease->deadline_us = sent_us + lease->length_us;
    lease->renew_at_us = sent_us + lease->length_us / 4;
}

bool lease_has_lapsed(const struct lease *lease, int64_t now_us)
{
    return lease_is_held(lease) && now_us >= lease->deadline_us;
}

void lease_drop(struct lease *lease)
{
    lease_init(lease, lease->length_us);
}

bool lease_renews(const struct lease *lease, int64_t now_us)
{
    return lease_is_held(lease) && now_us >= lease->renew_at_us;
}

void lease_renew_now(struct lease *lease, int64_t now_us)
{
    lease->renew_at_us = now_us;
}

void lease_lost_claim(struct lease *lease)
{
    lease->has_strays = lease->disowns_now = true;
}

void lease_lost_report(struct lease *lease)
{
    lease->has_strays = true;
}

bool lease_disowns(const struct lease *lease, int64_t now_us)
{
    return lease->disowns_now || (lease->has_strays && lease_renews(lease, now_us));
}

void lease_disowned(struct lease *lease)
{
    lease->disowns_now = false;
}

int64_t lease_renewal_due_us(const struct lease *lease)
{
    return lease_is_held(lease) ? lease->renew_at_us : INT64_MAX;
}

int64_t lease_deadline_us(const struct lease *lease)
{
    return lease_is_held(lease) ? lease->deadline_us : INT64_MAX;
}
