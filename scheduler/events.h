/*
 * What happened in the database that a person wants to hear of (koppeling.event), in the log: a
 * line an event, told by one of the schedulers. One thread.
 */
#ifndef SCHEDULER_EVENTS_H
#define SCHEDULER_EVENTS_H

#include <libpq-fe.h>
#include <stdbool.h>

#include "common/error.h"

/* Makes a counter for each kind of job visible, with 0: jobs that gave up for good. Errors as
 * database_run(). */
bool events_show(PGconn *connection, struct error *err) MUSTCHECK;

/* Writes a line for each row of sql/queries/schedule_events.sql, and counts the jobs. */
void events_tell(const PGresult *events);

#endif
