/*
 * The scheduler: each tick puts into the job table what has become due and keeps the tables
 * healthy, in a few set-based statements. Any number may run: no lock keeps two apart; each skips
 * the rows that another one has in hand, and unique partial indexes make a double impossible
 * whatever happens.
 */
#ifndef SCHEDULER_SCHEDULER_H
#define SCHEDULER_SCHEDULER_H

#include <stdbool.h>

#include "common/config/config.h"
#include "common/error.h"

/* Runs ticks until SIGTERM or SIGINT, through lost connections; with `once` a single one. False
 * when it cannot start, or when the single tick failed. */
bool scheduler_run(const struct config *config, bool once, struct error *err) MUSTCHECK;

#endif
