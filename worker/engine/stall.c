/*
 * Whether work is left lying, for readiness.
 *
 * DESIGN. A worker at which jobs move never asks. One at which nothing moves asks with one of its
 * flights, a few times in KOPPELING_STALL_SECONDS, and remembers since when the answer has been yes
 * each time. So it needs neither a connection nor a clock of the database, a single late job is no
 * reason, and what is not claimable (a blocked API, a paused shop) never counts. A flight that does
 * not come back is noticed otherwise: by worker_progress_us().
 */
#include "worker/engine/worker_internal.h"

enum { LOOKS = 6 }; /* in KOPPELING_STALL_SECONDS */

int64_t worker_look_at_us(const struct worker *worker)
{
    int64_t moved = atomic_load(&worker->moved_us);

    if (worker->config->metrics_address == NULL || worker->stopping || worker->id == 0) {
        return INT64_MAX;
    }
    return (moved > worker->looked_us ? moved : worker->looked_us) +
           worker->config->stall_us / LOOKS;
}

void worker_add_look(struct worker *worker, struct exchange *exchange)
{
    worker->looked_us = worker->now_us;
    queue_add_due(worker->settings.queue, &exchange->flight);
    exchange->due_part = exchange->flight.part_count - 1;
}

void worker_note_look(struct worker *worker, const struct exchange *exchange)
{
    const PGresult *result = exchange->flight.parts[exchange->due_part].result;

    if (PQgetvalue(result, 0, 0)[0] != 't') {
        atomic_store(&worker->due_since_us, 0);
    } else if (atomic_load(&worker->due_since_us) == 0) {
        atomic_store(&worker->due_since_us, worker->now_us);
    }
}
