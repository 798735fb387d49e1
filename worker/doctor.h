/*
 * koppeling-worker doctor: what a worker needs, as this one is set up: the database, the key that
 * opens what is sealed, the services. Changes nothing and calls nothing but the front door of each
 * service; see common/doctor/doctor.h.
 */
#ifndef WORKER_DOCTOR_H
#define WORKER_DOCTOR_H

#include <stdbool.h>

#include "common/config/config.h"
#include "common/sealing.h"

/* Prints the findings; returns the exit code. `key` may be NULL: there is none. */
int worker_doctor(const struct config *config, const struct sealing_key *key, bool is_json);

#endif
