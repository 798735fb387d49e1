/*
 * What is wrong with the APIs: a queue of faults, of which the first that matches a request is
 * applied to it.
 *
 * The queue is guarded by the simulator's lock. A fault itself never changes after it was made, but
 * for the counts, and lives as long as somebody refers to it.
 */
#ifndef SIMULATOR_FAULTS_H
#define SIMULATOR_FAULTS_H

#include <jansson.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "tests/simulator/answer.h"
#include "tests/simulator/api.h"
#include "tests/simulator/dice.h"

enum fault_use {
    FAULT_REPLACES, /* the request has no effect, unless after_effect is set */
    FAULT_BENDS,    /* the request takes effect and its answer is bent */
    FAULT_LABELS,   /* for POST /shipments only: `ms` delays the labels, not the answer */
    FAULT_BOOKING,  /* for POST /shipments only: the shipment is there after `ms`, come what may */
};

struct fault;

/* Bytes that are not plain UTF-8, by the variant of the fault: a row of encodings.c. */
void apply_encoded(const struct fault *fault, enum api api, struct answer *answer);

struct fault_kind {
    const char *name;
    enum fault_use use;
    void (*apply)(const struct fault *fault, enum api api, struct answer *answer); /* or NULL */
};

/* What a fault was made from; texts are owned by `json`. */
struct fault_settings {
    const char *scope, *fault, *method, *path_contains;
    const char *location, *body, *content_type, *variant;
    int64_t status; /* 0: as the kind likes */
    int64_t times;  /* 0: until cleared */
    int64_t ms, jitter_ms, bytes, levels, bytes_per_second;
    double probability;
    int after_effect;
    const json_t *retry_after_json; /* seconds as a number, or a text */
};

struct fault {
    atomic_int references;
    json_t *json;
    struct fault_settings settings;
    const struct fault_kind *kind;
    char retry_after[64];   /* "" for none */
    bool has_api, has_shop; /* the scope is one API, or one shop */
    enum api api;
    const char *shop;
    uint64_t id;
    int64_t applied;
    struct fault *next;
};

struct faults {
    struct fault *first, **tail;
    uint64_t last_id;
};

/* The request that a fault may apply to. */
struct fault_target {
    enum api api;
    const char *shop; /* "" when unknown */
    const char *method;
    const char *path; /* as received, with the API's prefix */
};

void faults_init(struct faults *faults);

/* Makes a fault from a control request and queues it. ERROR_DATA when it makes no sense. */
bool faults_add(struct faults *faults, json_t *json, uint64_t *ret_id, struct error *err) MUSTCHECK;

/* The fault to apply, with a reference for the caller, or NULL. Counts it. */
struct fault *faults_match(struct faults *faults, const struct fault_target *target,
                           struct dice *dice) MUSTCHECK;

/* Removes those with this scope (NULL: all) and, unless 0, this id; returns how many. */
size_t faults_clear(struct faults *faults, const char *scope, uint64_t id);

/* All that are queued, as a JSON list. The caller releases it. */
json_t *faults_list(const struct faults *faults);

/* Drops a reference; NULL is allowed. */
void fault_release(struct fault *fault);

/* The table in fault_kinds.c; NULL when there is no such kind. */
const struct fault_kind *fault_kind_find(const char *name);

#endif
