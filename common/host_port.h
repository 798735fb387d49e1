/*
 * Where a small server of ours listens: "host:port" taken apart. No name is looked up here.
 */
#ifndef COMMON_HOST_PORT_H
#define COMMON_HOST_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"

struct host_port {
    char host[256]; /* a name or a numeric address, without brackets; "" for all addresses */
    uint16_t port;  /* 0: a free one */
    bool or_next;   /* if it is taken, the next one that is free will do */
};

/* Understands "127.0.0.1:9187", "localhost:9187", "[::1]:9187" and ":9187", with a + behind it or
 * not. ERROR_CONFIG, with a text that says what is wrong and does not repeat the address. */
bool host_port_split(const char *text, struct host_port *ret_host_port,
                     struct error *err) MUSTCHECK;

#endif
