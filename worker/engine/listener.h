/*
 * The wake-up of a worker process: one thread with one direct connection that LISTENs, and wakes
 * the workers when jobs were enqueued. It is a help, not a need: workers also look by themselves
 * every second, so a lost notification costs a second and nothing else. Behind a transaction pooler
 * LISTEN does not work: then KOPPELING_LISTEN_URL gives a direct address, or there is polling only.
 */
#ifndef WORKER_ENGINE_LISTENER_H
#define WORKER_ENGINE_LISTENER_H

#include "common/error.h"

struct listener;

typedef void listener_wake(void *context);

/* `url` is borrowed. `wake` runs on the listener's thread, after each notification and each
 * reconnect. */
bool listener_start(const char *url, listener_wake *wake, void *context,
                    struct listener **ret_listener, struct error *err) MUSTCHECK;

/* Stops and joins the thread. NULL is allowed. */
void listener_stop(struct listener *listener);

#endif
