/*
 * The search for the one report that makes the database refuse a whole batch: the batch is halved
 * until the culprit stands alone. What was beside it goes in batches that double again. Pure.
 */
#ifndef WORKER_ENGINE_BISECTION_H
#define WORKER_ENGINE_BISECTION_H

#include <stdbool.h>

struct bisection {
    int limit; /* reports in the next batch, at most */
    bool is_searching;
};

void bisection_init(struct bisection *bisection);

/* A batch of so many reports, at least one, was refused for one of them. True when it stood alone:
 * it is the culprit. */
bool bisection_refused(struct bisection *bisection, int reports);

/* A batch was committed; `is_empty`: no report waits any more. */
void bisection_committed(struct bisection *bisection, bool is_empty);

#endif
