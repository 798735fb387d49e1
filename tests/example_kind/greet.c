/* Job kind "greet", the example of CONTRIBUTING: greets whom its args name. */
#include "tests/example_kind/greet.h"

#include <jansson.h>

static void *greet_begin(const struct job *job, struct outcome *outcome)
{
    json_t *name = json_object_get(job->args, "name");

    if (!json_is_string(name)) {
        outcome_fail(outcome, STEP_FAILED, ERROR_CLASS_UNREADABLE, "args have no name");
        return NULL;
    }
    return json_incref(name);
}

static enum step greet_step(void *state, const struct http_response *previous,
                            struct http_request *next, struct outcome *outcome)
{
    (void)previous;
    (void)next;
    outcome->result = json_pack("{s:O}", "greeted", (json_t *)state);
    return STEP_DONE;
}

static void greet_end(void *state)
{
    json_decref(state);
}

const struct job_kind job_kind_greet = {
    .name = "greet",
    .api = API_LOCAL,
    .begin = greet_begin,
    .step = greet_step,
    .end = greet_end,
};
