/*
 * The listening socket of a small server of ours.
 */
#ifndef COMMON_LISTENER_H
#define COMMON_LISTENER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"

/* Listens on the first address of "host:port" (common/host_port.h) that can be had, without
 * blocking. The caller closes *ret_listener. ERROR_CONFIG for a bad address or an unknown name,
 * ERROR_SYSTEM when it cannot listen there; the text is the reason only. */
bool listener_open(const char *address, int backlog, int *ret_listener,
                   struct error *err) MUSTCHECK;

/* The port that it got. */
uint16_t listener_port(int listener) MUSTCHECK;

#endif
