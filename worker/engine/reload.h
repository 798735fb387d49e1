/*
 * What may change while a worker runs, on its way from the thread that read the settings to the
 * worker's own: the last one that was put in holds.
 */
#ifndef WORKER_ENGINE_RELOAD_H
#define WORKER_ENGINE_RELOAD_H

#include <stdatomic.h>

#include "worker/engine/claiming.h"
#include "worker/engine/runs.h"

struct reload;

/* Zeroed it is empty. */
struct reload_box {
    _Atomic(struct reload *) reload;
};

/* So many calls at most, and certificates to be read anew from this file (NULL: the system's); its
 * name is copied. Any thread may call it. */
void reload_put(struct reload_box *box, int in_flight, const char *ca_file);

/* Does what was put in, if anything was. The worker's own thread. */
void reload_apply(struct reload_box *box, struct claiming *claiming, struct runs *runs);

void reload_clear(struct reload_box *box);

#endif
