#include "worker/jobs/shop_answer.h"

#include "worker/api/answer.h"

enum step shop_answer_retry(const struct http_response *answer, const char *deed,
                            struct outcome *outcome)
{
    char words[ANSWER_WORDS];

    answer_describe(answer, words);
    outcome->http_status = answer->status;
    outcome->retry_after_ms = answer->retry_after_ms;
    return outcome_fail(outcome, STEP_RETRY, answer_class(answer), "cannot %s: %s", deed, words);
}

enum step shop_answer_unreadable(const struct http_response *answer, const char *deed,
                                 const char *why, struct outcome *outcome)
{
    outcome->http_status = answer->status;
    return outcome_fail(outcome, STEP_RETRY, ERROR_CLASS_UNREADABLE, "cannot %s: %s", deed, why);
}
