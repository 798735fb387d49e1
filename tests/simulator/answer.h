/*
 * What a request will be answered with, before it goes on the wire: an ordinary answer, one that is
 * bent by a fault, or none at all.
 */
#ifndef SIMULATOR_ANSWER_H
#define SIMULATOR_ANSWER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buffer.h"
#include "common/cleanup.h"
#include "tests/simulator/api.h"

#define JSON_TYPE    "application/json"
#define PROBLEM_TYPE "application/problem+json"

enum answer_end {
    ANSWER_SEND,
    ANSWER_CLOSE, /* close the connection instead */
    ANSWER_RESET, /* the same with a TCP reset */
    ANSWER_STALL, /* say nothing until the client goes away */
};

/* A piece of a body that is made on the way out: the text, so many times. */
struct answer_run {
    const char *text; /* a constant */
    uint64_t times;
};

#define ANSWER_RUNS 5

struct answer {
    enum answer_end end;
    int status;
    struct buffer body;
    struct answer_run runs[ANSWER_RUNS]; /* the body, when the first has a text */
    const char *content_encoding;        /* a constant; NULL: none */
    const char *content_type; /* these three: constants, or owned by the fault of the call */
    const char *location;
    const char *retry_after;
    char allow[40];           /* for 405 */
    uint64_t missing_bytes;   /* promised in Content-Length, never sent */
    int64_t bytes_per_second; /* 0: as fast as it goes */
};

/* An empty 200. */
void answer_init(struct answer *answer);
void answer_release(struct answer *answer);

/* Forgets body and status, as if nothing had been said. */
void answer_restart(struct answer *answer, int status);

/* An error in the way of the API. */
void answer_problem(struct answer *answer, enum api api, int status, const char *format, ...)
    PRINTF(4, 5);

/* A JSON value as the body; takes the reference. */
void answer_json(struct answer *answer, int status, json_t *json);

/* A text that is already JSON. */
void answer_text(struct answer *answer, int status, const char *text);

/* Length of the whole body. */
uint64_t answer_length(const struct answer *answer);

#endif
