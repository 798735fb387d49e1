/*
 * Job kind "track_label": asks where the parcels of an order are, for each of its labels that is
 * tracked. What was told of one is said at once, so that trouble with the next loses nothing.
 *
 *   unwanted by now, or none is tracked any more ──> nothing is asked
 *   read a label ──404──> not known there (yet): asked more rarely
 *         └──> its state is said, and the next is read
 */
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "worker/api/answer.h"
#include "worker/api/boekuwzending/request.h"
#include "worker/api/boekuwzending/tracking.h"
#include "worker/jobs/booking_answer.h"
#include "worker/jobs/kinds.h"

struct track {
    const struct job *job;
    enum environment environment;
    json_t *labels; /* {id, state}: of each the state that we know, or null; borrowed */
    size_t next;    /* the one that was asked for */
    size_t news;    /* of how many the state is another one now */
};

static void track_end(void *state)
{
    free(state);
}

static const char *label_id(const struct track *track)
{
    return json_string_value(json_object_get(json_array_get(track->labels, track->next), "id"));
}

static bool are_labels(json_t *labels)
{
    size_t index = 0;
    json_t *label = NULL;

    json_array_foreach(labels, index, label)
    {
        const char *id = json_string_value(json_object_get(label, "id"));

        if (id == NULL || !boekuwzending_is_id(id)) {
            return false;
        }
    }
    return json_is_array(labels);
}

static void *track_begin(const struct job *job, struct outcome *outcome)
{
    struct track *track = xcalloc(1, sizeof(*track));

    *track = (struct track){.job = job, .labels = json_object_get(job->context, "labels")};
    if (!booking_environment(job, &track->environment) || !are_labels(track->labels)) {
        outcome_fail(outcome, STEP_FAILED, ERROR_CLASS_CLIENT_ERROR,
                     "the job's context is not that of an order with labels");
        track_end(track);
        return NULL;
    }
    return track;
}

static enum step finish(const struct track *track, struct outcome *outcome)
{
    json_decref(outcome->result);
    outcome->result =
        json_pack("{s:s, s:I, s:I}", "how", "seen", "labels",
                  (json_int_t)json_array_size(track->labels), "news", (json_int_t)track->news);
    outcome->unremarkable = track->news == 0;
    return STEP_DONE;
}

/* Asks for the next label, or ends. */
static enum step go_on(const struct track *track, struct http_request *next,
                       struct outcome *outcome)
{
    const char *id = label_id(track);

    if (id == NULL) {
        return finish(track, outcome);
    }
    boekuwzending_request_tracking(next, track->environment, id);
    return STEP_CALL;
}

static enum step start(const struct track *track, struct http_request *next,
                       struct outcome *outcome)
{
    const char *unwanted = json_string_value(json_object_get(track->job->context, "unwanted"));

    if (unwanted == NULL && json_array_size(track->labels) == 0) {
        unwanted = "none of its labels is tracked";
    }
    if (unwanted != NULL) {
        json_decref(outcome->result);
        outcome->result = json_pack("{s:s, s:s}", "how", "not_tracked", "reason", unwanted);
        return STEP_DONE;
    }
    return go_on(track, next, outcome);
}

static void take(struct track *track, const struct tracking *tracking, struct outcome *outcome)
{
    json_t *label = json_array_get(track->labels, track->next);
    const char *before = json_string_value(json_object_get(label, "state"));

    if (tracking->state != NULL && (before == NULL || strcmp(before, tracking->state) != 0)) {
        track->news++;
    }
    outcome_write(outcome, "write_tracked",
                  json_pack("{s:s, s:b, s:s?, s:s?, s:s?}", "label", label_id(track), "known",
                            tracking->is_known ? 1 : 0, "state", tracking->state, "words",
                            tracking->text, "at", tracking->at[0] != '\0' ? tracking->at : NULL));
}

static enum step judge(struct track *track, const struct http_response *answer,
                       struct http_request *next, struct outcome *outcome)
{
    static const char deed[] = "ask where a parcel is";
    AUTO(tracking) struct tracking tracking = {.state = NULL};
    struct error err = ERROR_INIT;

    if (!answer_is_missing(answer) &&
        (answer_class(answer) != ERROR_CLASS_OK ||
         !tracking_read(answer->body, answer->length, &tracking, &err))) {
        return booking_answer_useless(answer, deed, err.text, track->job, outcome);
    }
    take(track, &tracking, outcome);
    track->next++;
    return go_on(track, next, outcome);
}

static enum step track_step(void *state, const struct http_response *previous,
                            struct http_request *next, struct outcome *outcome)
{
    struct track *track = state;

    outcome->label_environment = track->environment;
    if (previous == NULL) {
        return start(track, next, outcome);
    }
    outcome->http_status = previous->status;
    return judge(track, previous, next, outcome);
}

const struct job_kind job_kind_track_label = {
    .name = "track_label",
    .api = API_BOEKUWZENDING,
    .begin = track_begin,
    .step = track_step,
    .end = track_end,
};
