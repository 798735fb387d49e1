/*
 * One request from its arrival to its answer:
 *
 *   RECEIVING --(all of it is here; a fault is picked)--> WAITING (when there is latency)
 *     --> carried out, unless the fault replaces that --> answered, closed, reset or STALLED
 *
 * A call is handled by one thread at a time. It holds no pointer into the state between two steps,
 * since the state may be reset meanwhile.
 */
#ifndef SIMULATOR_CALL_H
#define SIMULATOR_CALL_H

#include <jansson.h>
#include <microhttpd.h>
#include <stdbool.h>
#include <stdint.h>

#include "tests/simulator/answer.h"
#include "tests/simulator/delays.h"
#include "tests/simulator/simulator.h"

#define CALL_PARAMETERS     2
#define CALL_PARAMETER_SIZE 128
#define CALL_CALLER_SIZE    128

enum call_phase { CALL_RECEIVING, CALL_WAITING, CALL_STALLED };

struct call {
    struct simulator *simulator;
    struct MHD_Connection *connection;
    const char *url;  /* decoded, without the query; owned by the connection */
    const char *path; /* the part of it after the API's prefix */
    const char *method;
    enum api api;
    enum call_phase phase;
    bool is_in_flight;  /* it counts as received and not yet answered */
    bool was_performed; /* it was carried out */
    bool is_too_large;
    struct buffer body;
    json_t *json;                  /* the body, or NULL when it is empty or not JSON */
    char caller[CALL_CALLER_SIZE]; /* shop name or client id; "" when unknown */
    struct fault *fault;           /* or NULL */
    struct waiter waiter;
    uint64_t journal_sequence;
    struct answer answer;

    /* For the handlers, while they hold the simulator's lock. */
    char parameters[CALL_PARAMETERS][CALL_PARAMETER_SIZE]; /* what {} in the route stood for */
    struct shop *shop;
    struct booking *booking;
    const struct account *account;
};

struct call *call_new(struct simulator *simulator, struct MHD_Connection *connection,
                      const char *url, const char *method);

/* Frees the call, answered or not. */
void call_free(struct call *call);

/* A piece of the request's body. */
void call_receive(struct call *call, const char *bytes, size_t length);

/* Goes on as far as possible; what MHD's access handler has to return. */
enum MHD_Result call_advance(struct call *call);

/* A parameter of the query, or NULL. */
const char *call_query(const struct call *call, const char *name);

/* The environment of Boekuwzending that the call is for. */
struct booking *call_booking(const struct call *call);

/* The bearer token of the Authorization header, or NULL. */
const char *call_bearer(const struct call *call);

/* For the handlers of long work: lets others have a turn. Pointers into the state are void then. */
void call_breathe(const struct call *call);

/* An error in the way of the call's API. */
#define call_problem(call, status, ...)                                                            \
    answer_problem(&(call)->answer, (call)->api, (status), __VA_ARGS__)

#endif
