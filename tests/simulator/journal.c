#include "tests/simulator/journal.h"

#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/memory.h"
#include "tests/simulator/calendar.h"
#include "tests/simulator/json_text.h"

static void entry_clear(struct journal_entry *entry)
{
    free(entry->caller);
    free(entry->method);
    free(entry->path);
    free(entry->query);
    free(entry->body);
    free(entry->request_id);
    *entry = (struct journal_entry){.sequence = 0};
}

void journal_init(struct journal *journal, bool is_on)
{
    atomic_init(&journal->is_on, is_on);
    pthread_mutex_init(&journal->lock, NULL);
    journal->ring = xcalloc(JOURNAL_SIZE, sizeof(*journal->ring));
    journal->last = 0;
}

void journal_release(struct journal *journal)
{
    journal_clear(journal);
    free(journal->ring);
    journal->ring = NULL;
    pthread_mutex_destroy(&journal->lock);
}

uint64_t journal_receive(struct journal *journal, const struct journal_request *request)
{
    if (!atomic_load(&journal->is_on)) {
        return 0;
    }
    size_t kept =
        request->body_length < JOURNAL_BODY_LIMIT ? request->body_length : JOURNAL_BODY_LIMIT;
    struct journal_entry entry = {
        .api = request->api,
        .received_us = clock_wall_us(),
        .caller = xstrdup(request->caller),
        .method = xstrdup(request->method),
        .path = xstrdup(request->path),
        .query = xstrdup(request->query),
        .request_id = request->request_id != NULL ? xstrdup(request->request_id) : NULL,
        .body = request->body != NULL ? xstrndup(request->body, kept) : NULL,
    };
    pthread_mutex_lock(&journal->lock);
    entry.sequence = ++journal->last;
    struct journal_entry *slot = &journal->ring[entry.sequence % JOURNAL_SIZE];
    entry_clear(slot);
    *slot = entry;
    pthread_mutex_unlock(&journal->lock);
    return entry.sequence;
}

void journal_finish(struct journal *journal, uint64_t sequence,
                    const struct journal_outcome *outcome)
{
    if (sequence == 0) {
        return;
    }
    pthread_mutex_lock(&journal->lock);
    struct journal_entry *entry = &journal->ring[sequence % JOURNAL_SIZE];
    if (entry->sequence == sequence) {
        entry->duration_us = clock_wall_us() - entry->received_us;
        entry->status = outcome->status;
        entry->fault = outcome->fault;
        entry->was_performed = outcome->was_performed;
        entry->is_finished = true;
    }
    pthread_mutex_unlock(&journal->lock);
}

static bool entry_passes(const struct journal_entry *entry, const struct journal_filter *filter)
{
    return entry->sequence > filter->since &&
           (filter->caller == NULL || strcmp(entry->caller, filter->caller) == 0) &&
           (filter->method == NULL || strcmp(entry->method, filter->method) == 0) &&
           (filter->api == NULL || strcmp(api_name(entry->api), filter->api) == 0) &&
           (filter->path_contains == NULL || strstr(entry->path, filter->path_contains) != NULL);
}

static void entry_print(const struct journal_entry *entry, struct buffer *text)
{
    char moment[MOMENT_SIZE];

    calendar_moment_utc(entry->received_us, moment);
    put(text, "{\"sequence\":%llu,\"time\":\"%s\",\"at\":%.6f,\"api\":\"%s\",\"%s\":",
        (unsigned long long)entry->sequence, moment, (double)entry->received_us / 1e6,
        api_name(entry->api), entry->api == API_MIJNWEBWINKEL ? "shop" : "account");
    put_string(text, entry->caller[0] != '\0' ? entry->caller : NULL);
    put_text(text, ",\"method\":");
    put_string(text, entry->method);
    put_text(text, ",\"path\":");
    put_string(text, entry->path);
    put_text(text, ",\"query\":");
    put_string(text, entry->query);
    put_text(text, ",\"request_id\":");
    put_string(text, entry->request_id);
    put_text(text, ",\"body\":");
    put_string(text, entry->body);
    if (entry->is_finished && entry->status != 0) {
        put(text, ",\"status\":%d", entry->status);
    } else {
        put_text(text, ",\"status\":null");
    }
    put_text(text, ",\"fault\":");
    put_string(text, entry->fault);
    put(text, ",\"performed\":%s,\"finished\":%s,\"duration_ms\":%.3f}",
        entry->was_performed ? "true" : "false", entry->is_finished ? "true" : "false",
        (double)entry->duration_us / 1e3);
}

void journal_print(struct journal *journal, const struct journal_filter *filter,
                   struct buffer *text)
{
    uint64_t printed = 0;

    put_text(text, "[");
    pthread_mutex_lock(&journal->lock);
    uint64_t first = journal->last > JOURNAL_SIZE ? journal->last - JOURNAL_SIZE + 1 : 1;
    if (first <= filter->since) {
        first = filter->since + 1;
    }
    for (uint64_t at = first; at <= journal->last && printed < filter->limit; at++) {
        const struct journal_entry *entry = &journal->ring[at % JOURNAL_SIZE];

        if (entry->sequence != at || !entry_passes(entry, filter)) {
            continue;
        }
        if (printed++ > 0) {
            put_text(text, ",\n");
        }
        entry_print(entry, text);
    }
    pthread_mutex_unlock(&journal->lock);
    put_text(text, "]");
}

void journal_clear(struct journal *journal)
{
    pthread_mutex_lock(&journal->lock);
    for (size_t i = 0; i < JOURNAL_SIZE; i++) {
        if (journal->ring[i].sequence != 0) {
            entry_clear(&journal->ring[i]);
        }
    }
    pthread_mutex_unlock(&journal->lock);
}
