#include "worker/jobs/booking_answer.h"

#include <string.h>

#include "worker/api/answer.h"
#include "worker/api/boekuwzending/party.h"
#include "worker/api/text/text.h"
#include "worker/jobs/job_answer.h"

bool booking_environment(const struct job *job, enum environment *ret_environment)
{
    const char *name = json_string_value(json_object_get(job->context, "environment"));

    if (name != NULL && strcmp(name, "production") == 0) {
        *ret_environment = ENVIRONMENT_PRODUCTION;
        return true;
    }
    if (name != NULL && strcmp(name, "staging") == 0) {
        *ret_environment = ENVIRONMENT_STAGING;
        return true;
    }
    return false;
}

enum step booking_answer_end(const struct http_response *answer, enum step step, const char *deed,
                             const struct job *job, struct outcome *outcome)
{
    char words[ANSWER_WORDS];
    enum error_class class =
        step == STEP_UNCERTAIN ? ERROR_CLASS_UNKNOWN_OUTCOME : answer_class(answer);

    answer_describe(answer, words);
    boekuwzending_party_mask(json_object_get(job->context, "to"), words);
    boekuwzending_party_mask(json_object_get(job->context, "from"), words);
    outcome->http_status = answer->status;
    outcome->retry_after_ms = answer->retry_after_ms;
    return outcome_fail(outcome, step, class, "cannot %s: %s", deed, words);
}

enum step booking_answer_fail(const struct http_response *answer, const char *deed,
                              const struct job *job, struct outcome *outcome)
{
    enum step step =
        answer_class(answer) == ERROR_CLASS_CLIENT_ERROR ? STEP_FAILED : job_answer_step(answer);

    return booking_answer_end(answer, step, deed, job, outcome);
}

enum step booking_answer_useless(const struct http_response *answer, const char *deed,
                                 const char *why, const struct job *job, struct outcome *outcome)
{
    return answer_class(answer) == ERROR_CLASS_OK
               ? job_answer_useless(answer, deed, why, outcome)
               : booking_answer_end(answer, job_answer_step(answer), deed, job, outcome);
}

enum step booking_answer_not_booked(struct outcome *outcome)
{
    AUTO(free)
    char *reason = text_clean(outcome->error, strlen(outcome->error), sizeof(outcome->error));

    outcome_write(outcome, "write_shipment_failed", json_pack("{s:s}", "reason", reason));
    return STEP_FAILED;
}
