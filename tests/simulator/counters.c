#include "tests/simulator/counters.h"

#include <string.h>

#include "common/cleanup.h"
#include "tests/simulator/json_text.h"

static const char *const method_names[COUNTED_METHODS] = {
    [COUNTED_GET] = "GET",     [COUNTED_POST] = "POST",     [COUNTED_PUT] = "PUT",
    [COUNTED_PATCH] = "PATCH", [COUNTED_DELETE] = "DELETE", [COUNTED_OTHER] = "other",
};

/* The plain numbers, in the order of printing. `clears` says what clearing does: levels stay. */
static const struct {
    const char *name;
    size_t offset;
    bool clears;
} totals[] = {
    {"in_flight", offsetof(struct counters, in_flight), false},
    {"max_in_flight", offsetof(struct counters, max_in_flight), true},
    {"connections", offsetof(struct counters, connections), false},
    {"max_connections", offsetof(struct counters, max_connections), true},
    {"connections_total", offsetof(struct counters, connections_total), true},
    {"bytes_received", offsetof(struct counters, bytes_received), true},
    {"bytes_sent", offsetof(struct counters, bytes_sent), true},
    {"tokens_issued", offsetof(struct counters, tokens_issued), true},
    {"faults_applied", offsetof(struct counters, faults_applied), true},
};

static atomic_llong *counters_total(struct counters *counters, size_t index)
{
    return (atomic_llong *)(void *)((char *)counters + totals[index].offset);
}

void counters_level(atomic_llong *level, atomic_llong *highest, long long change)
{
    long long now = atomic_fetch_add(level, change) + change;
    long long before = atomic_load(highest);

    while (now > before && !atomic_compare_exchange_weak(highest, &before, now)) {
        continue;
    }
}

static enum counted_method method_of(const char *name)
{
    size_t i = 0;

    while (i < COUNTED_OTHER && strcmp(method_names[i], name) != 0) {
        i++;
    }
    return (enum counted_method)i;
}

void counters_request(struct counters *counters, enum api api, const char *method, size_t body)
{
    atomic_fetch_add(&counters->requests[api][method_of(method)], 1);
    atomic_fetch_add(&counters->bytes_received, (long long)body);
    if (api != API_CONTROL) {
        counters_level(&counters->in_flight, &counters->max_in_flight, 1);
    }
}

void counters_answer(struct counters *counters, int status, size_t body)
{
    size_t family = (size_t)(status / 100);

    atomic_fetch_add(&counters->answers[family < ARRAY_LENGTH(counters->answers) ? family : 0], 1);
    atomic_fetch_add(&counters->bytes_sent, (long long)body);
}

void counters_connection(struct counters *counters, bool is_opened)
{
    counters_level(&counters->connections, &counters->max_connections, is_opened ? 1 : -1);
    if (is_opened) {
        atomic_fetch_add(&counters->connections_total, 1);
    }
}

static void counters_print_requests(struct counters *counters, struct buffer *text)
{
    long long all = 0;

    put_text(text, "{\"requests\":{");
    for (size_t api = 0; api < API_COUNT; api++) {
        put(text, "%s\"%s\":{", api > 0 ? "," : "", api_name((enum api)api));
        for (size_t method = 0; method < COUNTED_METHODS; method++) {
            long long count = atomic_load(&counters->requests[api][method]);

            put(text, "%s\"%s\":%lld", method > 0 ? "," : "", method_names[method], count);
            if (api != API_CONTROL) {
                all += count;
            }
        }
        put_text(text, "}");
    }
    put(text, "},\"requests_total\":%lld", all);
}

void counters_print(struct counters *counters, struct buffer *text)
{
    static const char *const families[] = {"none", "1xx", "2xx", "3xx", "4xx", "5xx"};

    counters_print_requests(counters, text);
    put_text(text, ",\"answers\":{");
    for (size_t i = 0; i < ARRAY_LENGTH(families); i++) {
        put(text, "%s\"%s\":%lld", i > 0 ? "," : "", families[i],
            atomic_load(&counters->answers[i]));
    }
    put_text(text, "}");
    for (size_t i = 0; i < ARRAY_LENGTH(totals); i++) {
        put(text, ",\"%s\":%lld", totals[i].name, atomic_load(counters_total(counters, i)));
    }
    put_text(text, "}");
}

void counters_clear(struct counters *counters)
{
    for (size_t api = 0; api < API_COUNT; api++) {
        for (size_t method = 0; method < COUNTED_METHODS; method++) {
            atomic_store(&counters->requests[api][method], 0);
        }
    }
    for (size_t i = 0; i < ARRAY_LENGTH(counters->answers); i++) {
        atomic_store(&counters->answers[i], 0);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(totals); i++) {
        if (totals[i].clears) {
            atomic_store(counters_total(counters, i), 0);
        }
    }
    atomic_store(&counters->max_in_flight, atomic_load(&counters->in_flight));
    atomic_store(&counters->max_connections, atomic_load(&counters->connections));
}
