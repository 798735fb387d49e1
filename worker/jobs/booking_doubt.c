#include "worker/jobs/booking_doubt.h"

#include <math.h>
#include <string.h>

#include "worker/api/answer.h"
#include "worker/api/text/lenient.h"
#include "worker/jobs/booking_answer.h"

/* Without a word in the context. */
#define SETTLE_S 120

/* It is looked for after half of the time that it has been in doubt, and not more often than this,
 * nor less. */
#define LOOK_LEAST_S 8
#define LOOK_MOST_S  30

static const char deed[] = "book the shipment";

static double seconds_of(const struct job *job, const char *key, double otherwise)
{
    double seconds = 0;

    return lenient_number(job->context, key, &seconds) ? fmax(seconds, 0) : otherwise;
}

struct booking_doubt booking_doubt_read(const struct job *job)
{
    const char *state = json_string_value(json_object_get(job->context, "state"));

    return (struct booking_doubt){
        .was_asked_for = !isnan(seconds_of(job, "sent_seconds_ago", (double)NAN)),
        .is_open = state != NULL && strcmp(state, "sending") == 0,
        .given_up_s = seconds_of(job, "given_up_seconds_ago", (double)NAN),
        .settle_s = seconds_of(job, "settle_seconds", SETTLE_S),
    };
}

bool booking_doubt_is_settled(const struct booking_doubt *doubt)
{
    return !doubt->is_open || doubt->given_up_s >= doubt->settle_s;
}

static void write_doubt(struct outcome *outcome, bool not_found)
{
    outcome_write(outcome, "write_doubt", json_pack("{s:b}", "not_found", not_found ? 1 : 0));
}

enum step booking_doubt_wait(const struct booking_doubt *doubt, struct outcome *outcome)
{
    double waited_s = isnan(doubt->given_up_s) ? 0 : doubt->given_up_s;
    double rest_s = doubt->settle_s - waited_s;
    double pause_s = fmin(fmax(waited_s / 2, LOOK_LEAST_S), LOOK_MOST_S);

    write_doubt(outcome, true);
    outcome->retry_after_ms = (int64_t)ceil(fmin(pause_s, rest_s) * 1000);
    return outcome_fail(outcome, STEP_RETRY, ERROR_CLASS_OK,
                        "the shipment was asked for and is not found yet; if it is not within "
                        "%.0f s, it is asked for again",
                        ceil(rest_s));
}

bool booking_was_sent(const struct http_response *answer)
{
    /* An answer with a trouble is that to the question for a bearer token. */
    return answer->transport == ERROR_CLASS_OK
               ? answer->trouble == NULL || answer->trouble[0] == '\0'
               : answer->transport == ERROR_CLASS_UNKNOWN_OUTCOME;
}

enum step booking_doubt_open(const struct http_response *answer, const struct job *job,
                             struct outcome *outcome)
{
    write_doubt(outcome, false);
    return booking_answer_end(answer, STEP_UNCERTAIN, deed, job, outcome);
}

enum step booking_doubt_unreadable(const struct http_response *answer, const char *why,
                                   struct outcome *outcome)
{
    char words[ANSWER_WORDS];

    answer_explain(answer, why, words);
    write_doubt(outcome, false);
    return outcome_fail(outcome, STEP_UNCERTAIN, ERROR_CLASS_UNKNOWN_OUTCOME,
                        "the shipment may be booked, but the answer cannot be read: %s", words);
}

enum step booking_doubt_not_made(const struct http_response *answer, const struct job *job,
                                 struct outcome *outcome)
{
    outcome_write(outcome, "write_not_made", json_pack("{s:b}", "not_made", 1));
    return booking_answer_end(answer, STEP_RETRY, deed, job, outcome);
}
