/*
 * Tables of routes: which function answers which method and path.
 */
#ifndef SIMULATOR_ROUTE_H
#define SIMULATOR_ROUTE_H

#include <stddef.h>

#include "common/cleanup.h"
#include "tests/simulator/call.h"

/* Fills call->answer; call->parameters holds what each {} of the pattern stood for. */
typedef void route_handler(struct call *call);

struct route {
    const char *method;
    const char *pattern; /* "/orders/{}/payments"; {} is one whole segment */
    route_handler *handle;
    bool is_open; /* needs no credential of its own */
};

/* The first route that fits, or NULL after answering 404 or 405 in the way of the call's API. */
const struct route *route_find(const struct route *routes, size_t count,
                               struct call *call) MUSTCHECK;

#endif
