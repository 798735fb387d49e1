/*
 * Faults on purpose, by name. A run of the tests without a report means nothing unless the
 * sanitizers are seen to report, so tests/analysis/sanitized lets each of these happen first.
 * Without a name it lists those that this build must find.
 */
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef __has_feature
#define __has_feature(feature) 0
#endif

static void *volatile kept;
static int shared;

static void leak(void)
{
    kept = malloc(100);
    kept = NULL;
}

static void use_after_free(void)
{
    char *bytes = malloc(100);

    kept = bytes;
    free(bytes);
    memset(kept, 0, 1);
}

static void overflow(void)
{
    volatile int most = INT_MAX;

    most = most + 1;
}

static void *count(void *unused)
{
    for (int i = 0; i < 1000; i++) {
        shared++;
    }
    return unused;
}

static void race(void)
{
    pthread_t other;

    if (pthread_create(&other, NULL, count, NULL) != 0) {
        exit(EXIT_FAILURE);
    }
    count(NULL);
    pthread_join(other, NULL);
}

/* Which sanitizer this is built with; the other one finds other things. */
#if __has_feature(thread_sanitizer) || defined(__SANITIZE_THREAD__)
enum { WATCHES_THREADS = true, WATCHES_MEMORY = false };
#else
enum { WATCHES_THREADS = false, WATCHES_MEMORY = true };
#endif

static const struct {
    const char *name;
    void (*happen)(void);
    bool is_found;
} faults[] = {
    {"race", race, WATCHES_THREADS},
    {"leak", leak, WATCHES_MEMORY},
    {"use-after-free", use_after_free, WATCHES_MEMORY},
    {"overflow", overflow, WATCHES_MEMORY},
};

int main(int argument_count, char **arguments)
{
    for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++) {
        if (argument_count < 2 && faults[i].is_found) {
            puts(faults[i].name);
        } else if (argument_count > 1 && strcmp(arguments[1], faults[i].name) == 0) {
            faults[i].happen();
        }
    }
    return EXIT_SUCCESS;
}
