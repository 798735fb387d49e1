/*
 * The threads of libmicrohttpd with one certificate. It cannot be given another one while it runs,
 * so that with another certificate others are started, on the same socket. Of the thread that
 * started it.
 */
#ifndef PANEL_SERVER_SERVING_H
#define PANEL_SERVER_SERVING_H

#include <microhttpd.h>
#include <stdbool.h>

#include "common/error.h"
#include "panel/server/server.h"

/* What the library calls, in any of its threads. */
struct serving_calls {
    MHD_AccessHandlerCallback on_request;
    void *(*on_target)(void *, const char *, struct MHD_Connection *);
    MHD_RequestCompletedCallback on_completed;
    MHD_NotifyConnectionCallback on_connection;
    void *context;
    unsigned threads;
};

struct serving {
    struct MHD_Daemon *daemon; /* NULL: none */
    int listener; /* its own descriptor: by version it closes it when it fails, or not */
};

/* On a socket that listens, which stays the caller's. ERROR_CONFIG: what is the matter with the
 * certificate (NULL: plain HTTP); ERROR_SYSTEM. */
bool serving_start(const struct serving_calls *calls, const struct server_certificate *certificate,
                   int shared, struct serving *ret_serving, struct error *err) MUSTCHECK;

/* It takes no more connections; those that there are go on. */
void serving_quiesce(const struct serving *serving);

/* How many connections there are. */
unsigned serving_count(const struct serving *serving) MUSTCHECK;

/* Ends one that was quiesced, with its connections. None is none. */
void serving_end(struct serving *serving);

#endif
