/*
 * The HTTP server of the panel: libmicrohttpd with a few threads, each of which calls the handler
 * and may wait for the database in it. What limits whoever is out there is here: how many
 * connections, how large a request, how long it may take; and what stands in each answer for the
 * browser's protection.
 *
 * One object for the process; server_sweep() and server_stop() are for the thread that started it.
 */
#ifndef PANEL_SERVER_SERVER_H
#define PANEL_SERVER_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"
#include "panel/server/request.h"

/* Fills the reply; called by any of the threads. */
typedef void server_handler(void *context, const struct request *request, struct reply *ret_reply);

/* PEM, the texts themselves. Not needed any longer than it takes to start with them. */
struct server_certificate {
    char *chain;
    char *key;
};

struct server_options {
    const char *address; /* host:port */
    int threads;
    const struct server_certificate *certificate; /* NULL: plain HTTP */
    const char *proxies; /* numeric addresses whose X-Forwarded-For counts */
    bool is_insecure;    /* cookies may go over plain HTTP, and have no "__Host-" */
    server_handler *handler;
    void *context;
};

struct server;

/* The options are borrowed for the life of the server. ERROR_CONFIG, ERROR_SYSTEM. */
bool server_start(const struct server_options *options, struct server **ret_server,
                  struct error *err) MUSTCHECK;

/* From now on connections are made with this certificate; those that there are go on with theirs
 * for a while. On failure all stays as it is. */
bool server_renew(struct server *server, const struct server_certificate *certificate,
                  struct error *err) MUSTCHECK;

/* Closes connections whose request or answer takes too long; to be called each second. */
void server_sweep(struct server *server);

/* Takes no more connections, waits for answers that are being given, and frees it. Accepts NULL. */
void server_stop(struct server *server);
DEFINE_CLEANUP(server, struct server *, server_stop);

uint16_t server_port(const struct server *server) MUSTCHECK;

#endif
