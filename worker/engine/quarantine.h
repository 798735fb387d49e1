/*
 * Reports that cannot be stored, since somebody else holds a lock on a row that they change: a
 * person who left a transaction open, as a rule. They wait, so that nobody else's reports, claims
 * and renewals wait with them. Pure: the owner hands in the clock.
 *
 * One that was found to be the culprit is set aside (JOB_RUN_ASIDE) for a second, then tried again
 * in a flight of its own, then for twice as long, up to a quarter of a minute. When two of a shop
 * are aside, it is the shop that is locked, not an order: then the rest of its reports join them
 * without being tried, and one is tried for all. They take turns, so that one that could be stored
 * is.
 */
#ifndef WORKER_ENGINE_QUARANTINE_H
#define WORKER_ENGINE_QUARANTINE_H

#include <stdint.h>

#include "worker/engine/job_run.h"

/* Sets a run aside that is PENDING or SENT, and with it, when its shop is locked, what else of that
 * shop is. */
void quarantine_put(struct job_run_lists *lists, struct job_run *run, int64_t now_us);

/* A run has become PENDING: it joins its shop when that is locked. */
void quarantine_join(struct job_run_lists *lists, struct job_run *run);

/* Lets one whose wait is over be tried: it becomes PENDING, as a suspect. */
void quarantine_recall(struct job_run_lists *lists, int64_t now_us);

/* A suspect was stored: what was aside of its shop is PENDING again. */
void quarantine_lift(struct job_run_lists *lists, const struct job_run *run);

/* When the next one is to be tried; INT64_MAX when none is aside. */
int64_t quarantine_due_us(const struct job_run_lists *lists);

#endif
