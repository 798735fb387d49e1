#include "common/log_limit.h"

#include <pthread.h>
#include <stddef.h>

/* More different events than a program has; one that finds no place is not limited. */
#define EVENTS 64

#define SECOND_US INT64_C(1000000)

/* What one line costs. */
#define LINE_US (SECOND_US / LOG_LIMIT_PER_SECOND)

/* The allowance is kept as time: each line uses up LINE_US of it, and it grows as time passes. */
struct allowance {
    const char *event;
    int64_t used_until_us; /* what was written is worth the time up to here */
    int64_t left_out;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct allowance allowances[EVENTS];

static struct allowance *find(const char *event)
{
    for (size_t i = 0; i < EVENTS; i++) {
        if (allowances[i].event == NULL) {
            allowances[i].event = event;
        }
        if (allowances[i].event == event) {
            return &allowances[i];
        }
    }
    return NULL;
}

bool log_limit_allows(const char *event, int64_t now_us, int64_t *ret_left_out)
{
    bool allows = true;

    *ret_left_out = 0;
    pthread_mutex_lock(&lock);
    struct allowance *allowance = find(event);

    if (allowance != NULL) {
        int64_t used = allowance->used_until_us > now_us ? allowance->used_until_us : now_us;

        allows = used - now_us <= (LOG_LIMIT_BURST - 1) * LINE_US;
        if (allows) {
            allowance->used_until_us = used + LINE_US;
            *ret_left_out = allowance->left_out;
            allowance->left_out = 0;
        } else {
            allowance->left_out++;
        }
    }
    pthread_mutex_unlock(&lock);
    return allows;
}
