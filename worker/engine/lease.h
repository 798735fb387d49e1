/*
 * The lease of a worker: in whose name its jobs run, until when, and whether jobs may run in that
 * name that it does not know of. Pure: the owner hands in the clock.
 *
 * Times are counted by our clock from before a request was sent, so the lease never seems longer to
 * us than it is in the database. It is renewed after a quarter of its length.
 *
 * STRAYS. A claim that got no answer may have been committed, or may be at any later moment, when a
 * server process that hung wakes up. So what runs in our name and is not on our lists is disowned:
 * at once, and with each renewal from then on, for as long as the lease is held.
 */
#ifndef WORKER_ENGINE_LEASE_H
#define WORKER_ENGINE_LEASE_H

#include <stdbool.h>
#include <stdint.h>

struct lease {
    int64_t length_us;
    int64_t worker_id;   /* koppeling.worker.id; 0: none is held */
    int64_t deadline_us; /* it lapses then, as far as we know */
    int64_t renew_at_us;
    bool has_strays;  /* jobs may run in our name, now or later, that we do not know of */
    bool disowns_now; /* they are looked for at once, not only with the next renewal */
};

/* None is held yet. */
void lease_init(struct lease *lease, int64_t length_us);

bool lease_is_held(const struct lease *lease);

/* It was granted or renewed, by a request that was sent at `sent_us`. */
void lease_hold(struct lease *lease, int64_t worker_id, int64_t sent_us);

/* True when it has lapsed: nothing may be done for its jobs any more. */
bool lease_has_lapsed(const struct lease *lease, int64_t now_us);

/* It is gone, and its strays with it: whoever rescues its jobs gets them all. */
void lease_drop(struct lease *lease);

bool lease_renews(const struct lease *lease, int64_t now_us);

/* The next renewal is due now: there is something to tell with it. */
void lease_renew_now(struct lease *lease, int64_t now_us);

/* A claim got no answer. */
void lease_lost_claim(struct lease *lease);

/* A job was given up without a report. */
void lease_lost_report(struct lease *lease);

/* Whether what runs in our name and is unknown to us is to be disowned now. */
bool lease_disowns(const struct lease *lease, int64_t now_us);

/* That was done. */
void lease_disowned(struct lease *lease);

/* When the next renewal is due, and when it lapses; INT64_MAX when none is held. */
int64_t lease_renewal_due_us(const struct lease *lease);
int64_t lease_deadline_us(const struct lease *lease);

#endif
