/*
 * Which reports go with the next flight, and what follows when it was stored, refused, or neither
 * is known. A batch that the database refuses for one of its reports is halved until the culprit
 * stands alone (bisection.h). Then that job fails; or, when it is only that somebody else holds a
 * lock on a row, it is set aside and tried again by itself (quarantine.h).
 *
 * Belongs to one thread. `now_us` is clock_monotonic_us().
 */
#ifndef WORKER_ENGINE_REPORTER_H
#define WORKER_ENGINE_REPORTER_H

#include <stdbool.h>
#include <stdint.h>

#include "worker/engine/bisection.h"
#include "worker/engine/report.h"
#include "worker/engine/runs.h"
#include "worker/queue/flight.h"

struct reporter {
    struct runs *runs; /* borrowed */
    struct bisection bisection;
    struct report_span span; /* of the flight that is out */
    int64_t try_at_us;       /* nothing that was set aside is tried before */
};

void reporter_init(struct reporter *reporter, struct runs *runs);

/* Before a flight is composed: takes back what was set aside long enough. */
void reporter_prepare(struct reporter *reporter, int64_t now_us);

/* True when the next batch may well be refused: what must not be refused with it goes without. */
bool reporter_is_doubtful(const struct reporter *reporter);

/* Adds the next batch to a flight that is about to go out. */
void reporter_add(struct reporter *reporter, struct flight *flight);

/* That flight was committed. */
void reporter_settle(struct reporter *reporter, const struct flight *flight, int64_t now_us);

enum reporter_refusal {
    REPORTER_IS_INNOCENT, /* it was not for a report, or it will pass: the same again later */
    REPORTER_GOES_ON,     /* it was for a report: the next flight may go out at once */
    REPORTER_LOST_ONE,    /* … and a job was forgotten, which still runs in our name */
};

/* That flight was refused, and did nothing. */
enum reporter_refusal reporter_refuse(struct reporter *reporter, const struct flight *flight,
                                      int64_t now_us);

/* When something that was set aside is to be tried; INT64_MAX when nothing is. */
int64_t reporter_due_us(const struct reporter *reporter);

#endif
