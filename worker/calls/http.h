/*
 * HTTP for one worker thread: a curl multi handle driven by the thread's own epoll set, hundreds to
 * thousands of transfers in flight, connections kept alive, and with HTTP/2 shared by as many calls
 * as the peer allows. A call waits rather than open a connection more than needed (gate.h).
 *
 * Addresses come from the configuration only; a redirect is never followed, since the store token
 * would travel with it. A secret enters the URL or a header here, at the moment of sending, and
 * leaves in no log line, error text or response. Bodies are bounded in size, transfers in time. One
 * thread owns it.
 */
#ifndef WORKER_CALLS_HTTP_H
#define WORKER_CALLS_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/config/config.h"
#include "common/error.h"
#include "worker/api/http_message.h"

struct http_client;
struct http_call; /* one transfer in flight */

/* The answer to a call, or the reason why there is none; the call is over when this runs. */
typedef void http_done_callback(void *context, const struct http_response *response);

/* What a request needs besides itself; borrowed during http_send() only. */
struct http_secrets {
    const char *store_token;  /* HTTP_AUTH_STORE */
    const char *bearer_token; /* HTTP_AUTH_BEARER */
};

/* `epoll` is the thread's set; the client adds its sockets with `tag` as the upper half of data.u64
 * and the descriptor as the lower. `most_calls` sizes the connection cache. */
struct http_client *http_client_new(const struct config *config, int epoll, uint32_t tag,
                                    size_t most_calls);

/* From the next call on: certificates that are read anew, from this file (NULL: curl's own), over
 * new connections, and room for so many calls. What is in flight goes on as it began. */
void http_client_reload(struct http_client *client, const char *ca_file, size_t most_calls);

/* Makes the metrics of connections visible with their first value. Any thread may call it. */
void http_client_show_metrics(void);

/* Cancels what is in flight without calling back. NULL is allowed. */
void http_client_free(struct http_client *client);

/* Starts a call. `done` runs later, from http_client_advance() or http_client_on_socket(), never
 * from here. The request is not kept. */
struct http_call *http_send(struct http_client *client, const struct http_request *request,
                            const struct http_secrets *secrets, http_done_callback *done,
                            void *context);

/* Stops a call; `done` does not run. */
void http_cancel(struct http_client *client, struct http_call *call);

/* The epoll set reported events for one of the client's descriptors. */
void http_client_on_socket(struct http_client *client, int descriptor, uint32_t events);

/* Runs due timeouts. */
void http_client_advance(struct http_client *client, int64_t now_us);

/* When http_client_advance() is due; INT64_MAX for never. */
int64_t http_client_deadline_us(const struct http_client *client);

/* Retry-After (delta seconds or an HTTP date) in ms, clamped to 0..1 hour; -1 when it is neither.
 * `now_s` is the wall clock, for dates. */
int64_t http_retry_after_ms(const char *value, int64_t now_s) MUSTCHECK;

#endif
