/*
 * Replies as HTTP: the headers that protect the browser, cookies, and the bytes.
 */
#ifndef PANEL_SERVER_SEND_H
#define PANEL_SERVER_SEND_H

#include <microhttpd.h>
#include <stdbool.h>

#include "panel/server/request.h"

struct send_options {
    bool is_tls;      /* the connection itself is TLS */
    bool is_insecure; /* cookies without Secure and "__Host-" */
};

/* Queues the reply, whose bytes are taken over. */
enum MHD_Result send_reply(struct MHD_Connection *connection, const struct send_options *options,
                           struct reply *reply);

#endif
