/*
 * Every request that the two APIs received, in a ring of the newest ones. Holds no token and no
 * secret: they are taken out before anything is written here. Thread-safe.
 */
#ifndef SIMULATOR_JOURNAL_H
#define SIMULATOR_JOURNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buffer.h"
#include "tests/simulator/api.h"

#define JOURNAL_SIZE       200000
#define JOURNAL_BODY_LIMIT 65536 /* bytes of a body that are kept */

struct journal_entry {
    uint64_t sequence; /* 0: an empty slot */
    enum api api;
    int64_t received_us; /* wall time */
    int64_t duration_us;
    char *caller; /* shop name or client id; "" when unknown */
    char *method;
    char *path;
    char *query;
    char *body;
    char *request_id;   /* header X-Request-Id; NULL: none */
    int status;         /* 0: not answered (yet) */
    const char *fault;  /* name of the fault that was applied, a constant, or NULL */
    bool was_performed; /* the request was carried out, whatever the answer */
    bool is_finished;
};

struct journal {
    atomic_bool is_on;
    pthread_mutex_t lock; /* guards the rest */
    struct journal_entry *ring;
    uint64_t last; /* sequence number of the newest entry */
};

/* Texts are borrowed for the call. */
struct journal_request {
    enum api api;
    const char *caller;
    const char *method;
    const char *path;
    const char *query;
    const char *request_id;
    const char *body;
    size_t body_length;
};

struct journal_outcome {
    int status;
    const char *fault;
    bool was_performed;
};

struct journal_filter {
    const char *caller, *method, *path_contains, *api; /* NULL: any */
    uint64_t since;                                    /* only later sequence numbers */
    uint64_t limit;                                    /* the oldest so many */
};

void journal_init(struct journal *journal, bool is_on);
void journal_release(struct journal *journal);

/* Returns the sequence number (1..), or 0 when the journal is off. */
uint64_t journal_receive(struct journal *journal, const struct journal_request *request);

/* Completes an entry; nothing happens when it has been overwritten or cleared. */
void journal_finish(struct journal *journal, uint64_t sequence,
                    const struct journal_outcome *outcome);

/* A JSON list, oldest first. */
void journal_print(struct journal *journal, const struct journal_filter *filter,
                   struct buffer *text);

/* Forgets the entries; the numbering goes on. */
void journal_clear(struct journal *journal);

#endif
