/*
 * Where a parcel is, as Boekuwzending tells it by its label [BKZ-608, BKZ-609, BKZ-612, BKZ-613].
 * What is not understood is an error and never "nothing new". Pure; any thread.
 */
#ifndef WORKER_API_BOEKUWZENDING_TRACKING_H
#define WORKER_API_BOEKUWZENDING_TRACKING_H

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"

/* Longest state and words that are kept, in characters. */
#define TRACKING_STATE_LENGTH 40
#define TRACKING_TEXT_LENGTH  200

/* Room for "2026-11-24 14:10:00 Europe/Amsterdam". */
#define TRACKING_MOMENT_SIZE 40

struct tracking {
    bool is_known; /* false: it says that it knows nothing of the label [BKZ-615] */
    char *state;   /* in lower case, known to us or not; owned; NULL: nothing is told yet */
    char *text;    /* in the carrier's words, perhaps with somebody's name; owned, or NULL */
    char at[TRACKING_MOMENT_SIZE]; /* when that was, as PostgreSQL reads it; "" when not told */
};

/* Reads the answer to GET /track-and-trace/{label}. ERROR_DATA, with words that quote nothing, when
 * it is no JSON object that tells of a parcel; *ret_tracking is then empty. */
bool tracking_read(const char *body, size_t length, struct tracking *ret_tracking,
                   struct error *err) MUSTCHECK;
void tracking_release(struct tracking *tracking);

static inline void tracking_cleanup(struct tracking *tracking)
{
    tracking_release(tracking);
}

#endif
