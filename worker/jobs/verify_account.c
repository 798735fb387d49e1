/*
 * Job kind "verify_account": asks Boekuwzending whose credentials an account has, and tells what is
 * wrong with them [BKZ-207, R-907]. Its arguments name the environment.
 */
#include <string.h>

#include "common/memory.h"
#include "worker/api/answer.h"
#include "worker/api/boekuwzending/request.h"
#include "worker/api/text/lenient.h"
#include "worker/jobs/job_answer.h"
#include "worker/jobs/kinds.h"

/* Longest name that is kept, in characters. */
#define NAME_LENGTH 200

struct verification {
    const struct job *job;
    enum environment environment;
};

static void verification_end(void *state)
{
    free(state);
}

static void *verification_begin(const struct job *job, struct outcome *outcome)
{
    const char *name = json_string_value(json_object_get(job->args, "environment"));
    enum environment environment = name == NULL                      ? ENVIRONMENT_NONE
                                   : strcmp(name, "production") == 0 ? ENVIRONMENT_PRODUCTION
                                   : strcmp(name, "staging") == 0    ? ENVIRONMENT_STAGING
                                                                     : ENVIRONMENT_NONE;

    if (environment == ENVIRONMENT_NONE) {
        outcome_fail(outcome, STEP_FAILED, ERROR_CLASS_CLIENT_ERROR,
                     "the job's arguments name no environment");
        return NULL;
    }

    struct verification *verification = xcalloc(1, sizeof(*verification));

    *verification = (struct verification){.job = job, .environment = environment};
    return verification;
}

/* The words of the reason are in the database. */
static enum step finish(const char *state, const char *reason, const char *name,
                        struct outcome *outcome)
{
    outcome_write(
        outcome, "write_account",
        json_pack("{s:s, s:s?, s:s?}", "state", state, "reason_code", reason, "name", name));
    json_decref(outcome->result);
    outcome->result = json_pack("{s:s, s:s*}", "state", state, "reason_code", reason);
    return STEP_DONE;
}

/* Not their fault: it is said, and asked again. */
static enum step put_off(const struct http_response *answer, const char *why,
                         struct outcome *outcome)
{
    outcome_write(outcome, "write_account",
                  json_pack("{s:s, s:s, s:n}", "state", "unchecked", "reason_code",
                            "account_unreachable", "name"));
    return job_answer_useless(answer, "ask whose credentials they are", why, outcome);
}

static enum step judge(const struct http_response *answer, struct outcome *outcome)
{
    struct error err = ERROR_INIT;

    outcome->http_status = answer->status;
    if (answer_class(answer) == ERROR_CLASS_AUTH) {
        return finish("rejected", "account_refused", NULL, outcome);
    }
    if (answer_class(answer) != ERROR_CLASS_OK) {
        return put_off(answer, NULL, outcome);
    }

    json_auto_t *me = lenient_parse(answer->body, answer->length, NULL, &err);

    if (!json_is_object(me)) {
        return put_off(answer, me != NULL ? "the answer is no object" : err.text, outcome);
    }

    AUTO(free) char *name = lenient_text(me, "name", NAME_LENGTH);

    return finish("active", NULL, name, outcome);
}

static enum step verification_step(void *state, const struct http_response *previous,
                                   struct http_request *next, struct outcome *outcome)
{
    struct verification *verification = state;

    if (previous != NULL) {
        return judge(previous, outcome);
    }
    if (verification->job->token_problem != NULL) {
        return finish("rejected", "account_secret_unreadable", NULL, outcome);
    }
    boekuwzending_request_me(next, verification->environment);
    return STEP_CALL;
}

const struct job_kind job_kind_verify_account = {
    .name = "verify_account",
    .api = API_BOEKUWZENDING,
    .begin = verification_begin,
    .step = verification_step,
    .end = verification_end,
};
