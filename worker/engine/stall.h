/*
 * Signs of life of one worker, and whether work is left lying, for readiness; and whether it has
 * nothing to do, for who wakes it.
 *
 * A worker at which nothing moves asks with one of its flights whether work lies about, a few times
 * in KOPPELING_STALL_SECONDS, and remembers since when the answer has been yes each time. One at
 * which jobs move asks once in that time, since with the same question it hears whether there is a
 * scheduler. Asking needs no connection of its own and no clock but ours; a single late job is no
 * reason, and what is not claimable (a blocked API, a paused shop) never counts. A flight that does
 * not come back is noticed otherwise: nothing was exchanged for too long.
 *
 * The worker's thread writes; any thread may read the times (clock_monotonic_us).
 */
#ifndef WORKER_ENGINE_STALL_H
#define WORKER_ENGINE_STALL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct stall {
    atomic_bool is_free;        /* it only waits for jobs: woken, it claims at once */
    atomic_llong came_round_us; /* the loop last came round: each second, unless it hangs */
    atomic_llong exchanged_us;  /* something was last exchanged with the database */
    atomic_llong moved_us;      /* a job last moved: was claimed, got an answer, or ended */
    atomic_llong due_since_us;  /* work has been found lying each time since then; 0: none was */
    atomic_llong overdue_us;    /* how late the oldest poll was that no scheduler had enqueued */
    int64_t looked_us;          /* when it last asked */
    int64_t every_us;           /* how often it asks while nothing moves; 0: never */
};

/* `stall_us`: KOPPELING_STALL_SECONDS; 0 when nobody asks for readiness. */
void stall_init(struct stall *stall, int64_t stall_us, int64_t now_us);

void stall_came_round(struct stall *stall, int64_t now_us);
void stall_exchanged(struct stall *stall, int64_t now_us);
void stall_moved(struct stall *stall, int64_t now_us);

/* When to ask next; INT64_MAX: not at all. */
int64_t stall_look_at_us(const struct stall *stall);

/* The question goes out; the answer is there: whether work lies, and how late the oldest poll is
 * that nobody has enqueued. */
void stall_looks(struct stall *stall, int64_t now_us);
void stall_saw(struct stall *stall, bool is_work_due, int64_t overdue_us, int64_t now_us);

#endif
