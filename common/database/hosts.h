/*
 * The hosts that a connection string names, of which one is the current one. libpq tries a list
 * from its start each time, and without blocking it waits for a host that accepts connections but
 * says nothing, such as a frozen primary, for as long as it is let; so whoever connects walks the
 * list himself.
 *
 * Invariant: there is a current host; with a string that names one host or none it stays. An object
 * belongs to one thread.
 */
#ifndef COMMON_DATABASE_HOSTS_H
#define COMMON_DATABASE_HOSTS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/cleanup.h"
#include "common/database/database.h"
#include "common/error.h"

struct database_hosts;

/* `url` (NULL: libpq's PG* variables) is borrowed for the life of the object. */
struct database_hosts *database_hosts_new(const char *url);
void database_hosts_free(struct database_hosts *hosts);

/* What is needed to connect to the current host; the strings are borrowed. Expand dbname. */
void database_hosts_fill(const struct database_hosts *hosts, const char *application_name,
                         struct database_parameters *parameters);

/* Makes the next host the current one. False when each has had its turn since the last
 * database_hosts_keep() or false. */
bool database_hosts_next(struct database_hosts *hosts);

/* The current host serves us. */
void database_hosts_keep(struct database_hosts *hosts);

/* How long one host may take until we are logged in (connect_timeout), in microseconds. */
int64_t database_hosts_timeout_us(const struct database_hosts *hosts) MUSTCHECK;

/* Connects to the first host that takes us, from the current one on, and waits. Errors as
 * database_open(). The caller PQfinish()es. */
bool database_hosts_open(struct database_hosts *hosts, const char *application_name,
                         PGconn **ret_connection, struct error *err) MUSTCHECK;

#endif
