/*
 * The HTTP server: listens on 127.0.0.1 and turns requests into calls.
 */
#ifndef SIMULATOR_SERVER_H
#define SIMULATOR_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "tests/simulator/simulator.h"

struct server;

/* Starts answering; sets simulator->delays. ERROR_SYSTEM when it cannot listen. */
bool server_start(struct simulator *simulator, struct server **ret_server,
                  struct error *err) MUSTCHECK;

uint16_t server_port(const struct server *server);

/* Ends all connections and frees the server. */
void server_stop(struct server *server);

#endif
