/*
 * Who a worker process is, so that its successor on the same machine can tell whether it still
 * lives and take over its jobs at once instead of waiting for the lease to lapse.
 */
#ifndef WORKER_ENGINE_IDENTITY_H
#define WORKER_ENGINE_IDENTITY_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/error.h"

struct identity {
    char host[256];
    char host_key[128]; /* boot id and pid namespace: pids mean the same only within it */
    pid_t pid;
    int64_t pid_started; /* clock ticks after boot: tells a reused pid apart */
};

/* Of the calling process. What cannot be found out is left empty; then nobody takes over from
 * it. */
void identity_of_self(struct identity *ret_identity);

/* True when the process certainly does not run any more. */
bool identity_is_gone(pid_t pid, int64_t pid_started);

/* Ends the leases of workers of this machine whose processes are gone, and returns their jobs to
 * the queue. *ret_count says how many workers that were. */
bool identity_take_over(PGconn *connection, const struct identity *identity, int *ret_count,
                        struct error *err) MUSTCHECK;

#endif
