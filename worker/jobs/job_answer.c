#include "worker/jobs/job_answer.h"

#include "worker/api/answer.h"

enum step job_answer_useless(const struct http_response *answer, const char *deed, const char *why,
                             struct outcome *outcome)
{
    enum error_class class = answer_class(answer);
    char words[ANSWER_WORDS];

    if (class == ERROR_CLASS_OK) {
        answer_explain(answer, why, words);
        return job_answer_unreadable(answer, deed, words, outcome);
    }
    answer_describe(answer, words);
    outcome->http_status = answer->status;
    outcome->retry_after_ms = answer->retry_after_ms;
    return outcome_fail(outcome, job_answer_step(answer), class, "cannot %s: %s", deed, words);
}

enum step job_answer_step(const struct http_response *answer)
{
    return answer->is_too_large && answer->transport != ERROR_CLASS_UNKNOWN_OUTCOME ? STEP_FAILED
                                                                                    : STEP_RETRY;
}

enum step job_answer_unreadable(const struct http_response *answer, const char *deed,
                                const char *why, struct outcome *outcome)
{
    outcome->http_status = answer->status;
    return outcome_fail(outcome, STEP_RETRY, ERROR_CLASS_UNREADABLE, "cannot %s: %s", deed, why);
}
