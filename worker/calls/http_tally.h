/*
 * The numbers of the HTTP client, for its own files (http_internal.h). They are of the process: any
 * thread may count, without a lock. http_client_show_metrics() shows them.
 */
#ifndef WORKER_CALLS_HTTP_TALLY_H
#define WORKER_CALLS_HTTP_TALLY_H

#include <stdbool.h>
#include <stdint.h>

#include "worker/api/error_class.h"

/* A connection came to be, with a handshake or without; so many more are open than before. */
void http_tally_opened(bool is_tls);
void http_tally_open(int more);

/* A call goes once more over another connection, since its own broke. */
void http_tally_again(void);

/* A call has ended, after so many microseconds; `origin` is HTTP_ORIGIN_SHOPS, say. */
void http_tally_call(int origin, enum error_class outcome, int64_t took_us);

#endif
