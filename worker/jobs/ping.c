/* Job kind "ping": done as soon as it starts. It measures the queue and nothing else. */
#include "worker/jobs/kinds.h"

/* begin() must return something; nobody reads or frees it. */
static char nothing;

static void *ping_begin(const struct job *job, struct outcome *outcome)
{
    (void)job;
    (void)outcome;
    return &nothing;
}

static enum step ping_step(void *state, const struct http_response *previous,
                           struct http_request *next, struct outcome *outcome)
{
    (void)state;
    (void)previous;
    (void)next;
    (void)outcome;
    return STEP_DONE;
}

static void ping_end(void *state)
{
    (void)state;
}

const struct job_kind job_kind_ping = {
    .name = "ping",
    .api = API_LOCAL,
    .begin = ping_begin,
    .step = ping_step,
    .end = ping_end,
};
