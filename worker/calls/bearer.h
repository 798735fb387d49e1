/*
 * OAuth2 bearer tokens of Boekuwzending, per environment and client id: fetched when first needed,
 * kept until a minute before they expire, fetched again once when the API refuses one. While a
 * token is being fetched, everybody who needs it waits for that one call. A thread has its own;
 * nothing is shared.
 */
#ifndef WORKER_CALLS_BEARER_H
#define WORKER_CALLS_BEARER_H

#include <stdint.h>

#include "worker/calls/http.h"

struct bearers;
struct bearer_waiter;

/* The wait is over: `token` is good, or it is NULL and `answer` says why there is none (never a
 * success; transport is never UNKNOWN_OUTCOME, since the request in question was not sent). Both
 * are valid during the call only. */
typedef void bearer_done_callback(void *context, const char *token,
                                  const struct http_response *answer);

struct bearers *bearers_new(struct http_client *http);

/* Forgets all tokens (wiped) and waiters. NULL is allowed. Must precede http_client_free(). */
void bearers_free(struct bearers *bearers);

/* The token at hand, borrowed until the loop goes on; NULL when it must be fetched. */
const char *bearers_find(const struct bearers *bearers, enum environment environment,
                         const char *client_id, int64_t now_us);

/* Whose token is asked for, and who is told. The texts are borrowed during bearers_wait() only, and
 * the secret is not kept. */
struct bearer_request {
    enum environment environment;
    const char *client_id;
    const char *client_secret;
    bearer_done_callback *done;
    void *context;
};

/* Waits for a token; `done` runs later, from the HTTP client's loop. */
struct bearer_waiter *bearers_wait(struct bearers *bearers, const struct bearer_request *request);

/* Stops waiting; `done` does not run. */
void bearers_cancel(struct bearers *bearers, struct bearer_waiter *waiter);

/* The API refused a request that was sent at this moment: the next find asks for a fresh token,
 * unless the one at hand was fetched since, so that it cannot be the one that was refused. */
void bearers_drop(struct bearers *bearers, enum environment environment, const char *client_id,
                  int64_t sent_us);

/* Hides in `words` the tokens at hand of this client (NULL: none), in all environments. */
void bearers_redact(const struct bearers *bearers, const char *client_id, char *words);

#endif
