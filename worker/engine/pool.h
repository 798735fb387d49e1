/*
 * The pool: starts the workers of a process with their listener and metrics, waits for a signal,
 * and stops them in order.
 */
#ifndef WORKER_ENGINE_POOL_H
#define WORKER_ENGINE_POOL_H

#include <stdbool.h>

#include "common/config/config.h"
#include "common/error.h"
#include "common/sealing.h"

/* Runs until SIGTERM or SIGINT, or, with until_idle, until there is nothing left to do. Without a
 * key (NULL) only jobs that need no token are taken. False with an error when it cannot start. */
bool pool_run(const struct config *config, const struct sealing_key *key, bool until_idle,
              struct error *err) MUSTCHECK;

#endif
