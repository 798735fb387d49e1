/* When a worker asks whether work is left lying, and what it remembers of the answers. */
#include "worker/engine/stall.h"

enum { LOOKS = 6 }; /* in KOPPELING_STALL_SECONDS */

void stall_init(struct stall *stall, int64_t stall_us, int64_t now_us)
{
    stall->every_us = stall_us / LOOKS;
    stall->looked_us = now_us;
    atomic_init(&stall->came_round_us, now_us);
    atomic_init(&stall->exchanged_us, now_us);
    atomic_init(&stall->moved_us, now_us);
    atomic_init(&stall->due_since_us, 0);
    atomic_init(&stall->overdue_us, 0);
}

void stall_came_round(struct stall *stall, int64_t now_us)
{
    atomic_store_explicit(&stall->came_round_us, now_us, memory_order_relaxed);
}

void stall_exchanged(struct stall *stall, int64_t now_us)
{
    atomic_store(&stall->exchanged_us, now_us);
}

void stall_moved(struct stall *stall, int64_t now_us)
{
    atomic_store(&stall->moved_us, now_us);
}

int64_t stall_look_at_us(const struct stall *stall)
{
    int64_t moved = atomic_load(&stall->moved_us);

    if (stall->every_us == 0) {
        return INT64_MAX;
    }
    int64_t still = (moved > stall->looked_us ? moved : stall->looked_us) + stall->every_us;
    int64_t latest = stall->looked_us + LOOKS * stall->every_us;
    return still < latest ? still : latest;
}

void stall_looks(struct stall *stall, int64_t now_us)
{
    stall->looked_us = now_us;
}

void stall_saw(struct stall *stall, bool is_work_due, int64_t overdue_us, int64_t now_us)
{
    atomic_store(&stall->overdue_us, overdue_us);
    if (!is_work_due) {
        atomic_store(&stall->due_since_us, 0);
    } else if (atomic_load(&stall->due_since_us) == 0) {
        atomic_store(&stall->due_since_us, now_us);
    }
}
