/*
 * Counters and gauges, and the small HTTP server that shows them: /metrics (Prometheus text), /live
 * (200 while the process runs) and /ready (200 or 503 with a reason).
 *
 * A metric is declared once, as a static struct, and registers itself on first use; values are C11
 * atomics, so any thread may change one without a lock. Labels are part of the declaration, written
 * as in the text format; metrics that share a name share type and help.
 */
#ifndef COMMON_METRICS_H
#define COMMON_METRICS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"

enum metric_type { METRIC_COUNTER, METRIC_GAUGE };

struct metric {
    const char *name;   /* "koppeling_jobs_finished_total" */
    const char *labels; /* "kind=\"poll\",outcome=\"done\"" or NULL */
    const char *help;
    enum metric_type type;
    bool is_seconds; /* the value is in microseconds and printed as seconds */
    atomic_llong value;
    atomic_bool registered;
    struct metric *next;
};

/*
 * One of a family: metrics of one name that differ in the value of one label. A macro of the owner
 * holds what they share, so that each is a row with its label:
 *
 *   #define ENDED(outcome) METRIC_OF("jobs_ended_total", "Attempts ended.", "outcome", outcome)
 *   static struct metric ended[] = {[DONE] = ENDED("done"), [FAILED] = ENDED("failed")};
 */
#define METRIC_OF(family, family_help, label, label_value)                                         \
    {                                                                                              \
        .name = (family), .labels = label "=\"" label_value "\"", .help = (family_help)            \
    }

/* Both are thread-safe and cheap. Adding 0 shows a counter before it first counts. */
void metric_add(struct metric *metric, int64_t amount);
void metric_set(struct metric *metric, int64_t value);

/* Says whether the process makes progress; called by the server's thread. On false it writes a
 * short reason (no secret) into `reason`. */
typedef bool metrics_ready_callback(void *context, char *reason, size_t reason_size);

struct metrics_server;

/* Listens on "host:port" ("127.0.0.1:9187", "[::1]:9187", ":9187" for all addresses; port 0 takes a
 * free one) and answers from a thread of its own, on which all signals are blocked. `ready` NULL is
 * always ready. ERROR_CONFIG for a bad address, ERROR_SYSTEM when it cannot listen. */
bool metrics_server_start(const char *address, metrics_ready_callback *ready, void *context,
                          struct metrics_server **ret_server, struct error *err) MUSTCHECK;

/* Waits for the answer that is being given; then `ready` is not called any more. Accepts NULL. */
void metrics_server_stop(struct metrics_server *server);
DEFINE_CLEANUP(metrics_server, struct metrics_server *, metrics_server_stop);

/* The port it listens on. */
uint16_t metrics_server_port(const struct metrics_server *server) MUSTCHECK;

/* All registered metrics as Prometheus text (0.0.4), by name, to be freed. Thread-safe. */
char *metrics_text(void) MUSTCHECK;

#endif
