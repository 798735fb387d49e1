/*
 * koppeling-worker rekey: seals anew, for the present key, what was sealed for the previous one.
 *
 * Safe while workers run and back ends replace tokens: a value is replaced only where it is still
 * what was read, a page per transaction, so it can be stopped and started again at any moment.
 * Secrets are opened and sealed in this process only. One thread, one blocking connection.
 */
#ifndef WORKER_REKEY_H
#define WORKER_REKEY_H

#include <stdbool.h>

#include "common/config/config.h"
#include "common/error.h"
#include "common/sealing.h"

/* Walks over all sealed values and prints on standard output how many were sealed anew, were
 * current, and cannot be opened, and which those are (ids only). With `is_dry_run` nothing is
 * changed. ERROR_DATA when some cannot be opened; ERROR_UNAVAILABLE when the database is. */
bool rekey_run(const struct config *config, const struct sealing_key *key, bool is_dry_run,
               struct error *err) MUSTCHECK;

#endif
