#include "common/metrics.h"

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
    return buffer_printf(text, "# HELP %s ", metric->name) &&
           append_escaped(text, metric->help != NULL ? metric->help : "", true) &&
           buffer_printf(text, "\n# TYPE %s %s\n", metric->name,
                         metric->type == METRIC_COUNTER ? "counter" : "gauge");
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

static bool append_sample(struct buffer *text, const struct metric *metric)
{
    if (!buffer_append_text(text, metric->name)) {
        return false;
    }
    if (metric->labels != NULL && metric->labels[0] != '\0' &&
        !(buffer_append_text(text, "{") && append_escaped(text, metric->labels, false) &&
          buffer_append_text(text, "}"))) {
        return false;
    }
    return append_value(text, metric);
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
