/*
 * Counters, gauges and histograms, and the small HTTP server that shows them: /metrics (Prometheus
 * text), /live (200 while the process runs) and /ready (200 or 503 with a reason).
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

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

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

/* How long something took, counted in buckets that are fixed when it is declared: two additions to
 * atomics for each, whatever comes. It is shown in seconds. */
enum { HISTOGRAM_BOUNDS = 16 };
struct histogram {
    struct metric metric;  /* the value is the sum, in microseconds */
    const int64_t *bounds; /* microseconds, rising; 0 ends them */
    atomic_llong
        counts[HISTOGRAM_BOUNDS + 1]; /* up to each bound; the one behind is for the rest */
};

/* As METRIC_OF(), for a histogram of several; `label_text` is all of its labels or NULL. */
#define HISTOGRAM_OF(family, family_help, family_bounds, label_text)                               \
    {                                                                                              \
        .metric = {.name = (family),                                                               \
                   .labels = (label_text),                                                         \
                   .help = (family_help),                                                          \
                   .type = METRIC_HISTOGRAM,                                                       \
                   .is_seconds = true},                                                            \
        .bounds = (family_bounds)                                                                  \
    }

/* Thread-safe and cheap. What is less than nothing, by a clock that was set back, counts as 0. */
void histogram_observe(struct histogram *histogram, int64_t microseconds);

/* Shows it before anything was observed. Thread-safe. */
void histogram_show(struct histogram *histogram);

/* Sets what Prometheus expects of every process: memory, processor time, threads, start. Called for
 * each page; thread-safe. */
void metrics_read_process(void);

/* Shows which program this is, of which version, and for which schema; once, at the start. */
void metrics_show_build(const char *program);

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
