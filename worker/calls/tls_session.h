/*
 * TLS sessions that are good for more than the connection which brought them. libcurl 7.88 (that of
 * Debian 12) frees a connection that it closes itself, as after GOAWAY, without a closing alert,
 * and OpenSSL takes that for a connection that was cut: it marks the session as one not to resume,
 * so that a session was resumed only while the connection it came from was still open. TLS has not
 * asked for that since 1.1 (RFC 5246, 7.2.1). A fatal alert still spoils a session.
 */
#ifndef WORKER_CALLS_TLS_SESSION_H
#define WORKER_CALLS_TLS_SESSION_H

#include <stdbool.h>

#include "common/error.h"

/* For all connections of the process from now on: once, before the first of them and before there
 * are threads. Fails without memory. */
bool tls_session_keep(struct error *err) MUSTCHECK;

#endif
