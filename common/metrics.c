#include "common/metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buffer.h"
#include "common/memory.h"

/* Some hundreds of metrics are some tens of kilobytes. */
#define TEXT_LIMIT (4 << 20)

/* All registered metrics, newest first. It only grows, and a struct is complete before it is
 * linked, so it is read without a lock. */
static _Atomic(struct metric *) registered_metrics;

static void register_metric(struct metric *metric)
{
    if (atomic_exchange(&metric->registered, true)) {
        return;
    }
    metric->next = atomic_load(&registered_metrics);
    while (!atomic_compare_exchange_weak(&registered_metrics, &metric->next, metric)) {
        /* Another thread was faster; metric->next is the new head now. */
    }
}

void metric_add(struct metric *metric, int64_t amount)
{
    if (!atomic_load_explicit(&metric->registered, memory_order_relaxed)) {
        register_metric(metric);
    }
    atomic_fetch_add_explicit(&metric->value, amount, memory_order_relaxed);
}

void metric_set(struct metric *metric, int64_t value)
{
    if (!atomic_load_explicit(&metric->registered, memory_order_relaxed)) {
        register_metric(metric);
    }
    atomic_store_explicit(&metric->value, value, memory_order_relaxed);
}

void histogram_observe(struct histogram *histogram, int64_t microseconds)
{
    int64_t took = microseconds > 0 ? microseconds : 0;
    size_t bucket = 0;

    while (histogram->bounds[bucket] != 0 && took > histogram->bounds[bucket]) {
        bucket++;
    }
    atomic_fetch_add_explicit(&histogram->counts[bucket], 1, memory_order_relaxed);
    metric_add(&histogram->metric, took);
}

void histogram_show(struct histogram *histogram)
{
    metric_add(&histogram->metric, 0);
}

static const char *labels_of(const struct metric *metric)
{
    return metric->labels != NULL ? metric->labels : "";
}

static int compare_metrics(const void *a, const void *b)
{
    const struct metric *const *left = a;
    const struct metric *const *right = b;
    int order = strcmp((*left)->name, (*right)->name);

    return order != 0 ? order : strcmp(labels_of(*left), labels_of(*right));
}

/* All metrics by name and labels, since those of one name must stand together; to be freed. */
static const struct metric **sorted_metrics(size_t *ret_count)
{
    const struct metric *first = atomic_load(&registered_metrics);
    size_t count = 0;

    for (const struct metric *metric = first; metric != NULL; metric = metric->next) {
        count++;
    }

    /* NOLINTBEGIN(bugprone-sizeof-expression): it is an array of pointers */
    const struct metric **metrics = xcalloc(count, sizeof(*metrics));

    for (size_t i = 0; i < count; i++, first = first->next) {
        metrics[i] = first;
    }
    qsort(metrics, count, sizeof(*metrics), compare_metrics);
    /* NOLINTEND(bugprone-sizeof-expression) */
    *ret_count = count;
    return metrics;
}

/* The format knows two escapes in help texts; in labels, which are written out in the declaration,
 * only a newline is left to be escaped. */
static bool append_escaped(struct buffer *text, const char *source, bool escape_backslash)
{
    for (; *source != '\0'; source++) {
        const char *escaped = *source == '\n'                       ? "\\n"
                              : *source == '\\' && escape_backslash ? "\\\\"
                                                                    : NULL;

        if (!(escaped != NULL ? buffer_append_text(text, escaped)
                              : buffer_append(text, source, 1))) {
            return false;
        }
    }
    return true;
}

static bool append_header(struct buffer *text, const struct metric *metric)
{
    static const char *const types[] = {
        [METRIC_COUNTER] = "counter", [METRIC_GAUGE] = "gauge", [METRIC_HISTOGRAM] = "histogram"};

    return buffer_printf(text, "# HELP %s ", metric->name) &&
           append_escaped(text, metric->help != NULL ? metric->help : "", true) &&
           buffer_printf(text, "\n# TYPE %s %s\n", metric->name, types[metric->type]);
}

static bool append_value(struct buffer *text, const struct metric *metric)
{
    long long value = atomic_load_explicit(&metric->value, memory_order_relaxed);
    /* Negated as unsigned, so that the smallest number is no special case. */
    unsigned long long size = value < 0 ? -(unsigned long long)value : (unsigned long long)value;
    const char *sign = value < 0 ? "-" : "";

    if (metric->is_seconds) {
        return buffer_printf(text, " %s%llu.%06llu\n", sign, size / 1000000, size % 1000000);
    }
    return buffer_printf(text, " %s%llu\n", sign, size);
}

/* `name` and `suffix` with the labels of the metric, and `more` of them or "". */
static bool append_name(struct buffer *text, const struct metric *metric, const char *suffix,
                        const char *more)
{
    const char *labels = labels_of(metric);
    bool has_labels = labels[0] != '\0' || more[0] != '\0';

    return buffer_append_text(text, metric->name) && buffer_append_text(text, suffix) &&
           buffer_append_text(text, has_labels ? "{" : "") && append_escaped(text, labels, false) &&
           buffer_append_text(text, labels[0] != '\0' && more[0] != '\0' ? "," : "") &&
           buffer_append_text(text, more) && buffer_append_text(text, has_labels ? "}" : "");
}

/* "0.25", "10": a bound without zeros at its end. */
static void print_bound(int64_t microseconds, char *ret_text, size_t size)
{
    snprintf(ret_text, size, "%g", (double)microseconds / 1e6);
}

/* The count is the last bucket, so the two never disagree, whoever counts meanwhile. */
static bool append_histogram(struct buffer *text, const struct metric *metric)
{
    const struct histogram *histogram = (const struct histogram *)metric;
    long long count = 0;

    for (size_t i = 0;; i++) {
        bool is_last = histogram->bounds[i] == 0;
        char bound[32] = "+Inf";
        char label[48];

        if (!is_last) {
            print_bound(histogram->bounds[i], bound, sizeof(bound));
        }
        snprintf(label, sizeof(label), "le=\"%s\"", bound);
        count += atomic_load_explicit(&histogram->counts[i], memory_order_relaxed);
        if (!append_name(text, metric, "_bucket", label) ||
            !buffer_printf(text, " %lld\n", count)) {
            return false;
        }
        if (is_last) {
            break;
        }
    }
    return append_name(text, metric, "_sum", "") && append_value(text, metric) &&
           append_name(text, metric, "_count", "") && buffer_printf(text, " %lld\n", count);
}

static bool append_sample(struct buffer *text, const struct metric *metric)
{
    if (metric->type == METRIC_HISTOGRAM) {
        return append_histogram(text, metric);
    }
    return append_name(text, metric, "", "") && append_value(text, metric);
}

char *metrics_text(void)
{
    AUTO(buffer) struct buffer text = BUFFER_INIT(TEXT_LIMIT);
    size_t count = 0;
    AUTO(free) const struct metric **metrics = sorted_metrics(&count);

    for (size_t i = 0; i < count; i++) {
        bool is_first = i == 0 || strcmp(metrics[i]->name, metrics[i - 1]->name) != 0;
        size_t start = text.length;

        if (!(!is_first || append_header(&text, metrics[i])) || !append_sample(&text, metrics[i])) {
            /* Half a line would spoil the whole page. */
            text.length = start;
            text.bytes[start] = '\0';
            break;
        }
    }
    return buffer_steal(&text);
}
