/*
 * koppeling-scheduler doctor: looks at the database, its tables and whether the work is done, and
 * says what it finds. Changes nothing; see common/doctor/doctor.h.
 */
#ifndef SCHEDULER_DOCTOR_H
#define SCHEDULER_DOCTOR_H

#include <stdbool.h>

#include "common/config/config.h"

/* Prints the findings; returns the exit code. */
int scheduler_doctor(const struct config *config, bool is_json);

#endif
