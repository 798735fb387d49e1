/*
 * Job kind "fetch_label": fetches labels as one PDF for a person who asked for them. Reading costs
 * nothing, so an attempt of which nothing is known is simply made again.
 */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "worker/api/answer.h"
#include "worker/api/boekuwzending/request.h"
#include "worker/jobs/booking_answer.h"
#include "worker/jobs/job_answer.h"
#include "worker/jobs/kinds.h"

/* A reader looks for the end of a PDF in its last 1024 bytes; others may stand behind it. */
#define PDF_TAIL ((size_t)1024)

static const char deed[] = "fetch the labels";

struct fetch {
    const struct job *job;
    enum environment environment;
    int64_t document;
    json_t *shipments; /* their ids there; NULL: nobody wants the document any more; borrowed */
};

static void fetch_end(void *state)
{
    free(state);
}

static bool are_ids(const json_t *shipments)
{
    size_t index = 0;
    json_t *id;

    json_array_foreach(shipments, index, id)
    {
        if (!json_is_string(id) || !boekuwzending_is_id(json_string_value(id))) {
            return false;
        }
    }
    return json_array_size(shipments) > 0 &&
           json_array_size(shipments) <= BOEKUWZENDING_LABELS_AT_ONCE;
}

static void *fetch_begin(const struct job *job, struct outcome *outcome)
{
    struct fetch *fetch = xcalloc(1, sizeof(*fetch));
    char key[24];

    *fetch = (struct fetch){
        .job = job,
        .document = json_integer_value(json_object_get(job->args, "document")),
    };
    snprintf(key, sizeof(key), "%" PRId64, fetch->document);
    fetch->shipments = json_object_get(json_object_get(job->context, "wanted"), key);
    if (!booking_environment(job, &fetch->environment) || fetch->document <= 0 ||
        (fetch->shipments != NULL && !are_ids(fetch->shipments))) {
        outcome_fail(outcome, STEP_FAILED, ERROR_CLASS_CLIENT_ERROR,
                     "the job's context is not that of shipments with labels");
        fetch_end(fetch);
        return NULL;
    }
    outcome->label_environment = fetch->environment;
    return fetch;
}

/* What is wrong with a PDF, or NULL. */
static const char *pdf_trouble(const struct http_response *answer)
{
    static const char start[] = "%PDF-", end[] = "%%EOF";
    size_t tail = answer->length < PDF_TAIL ? answer->length : PDF_TAIL;

    if (answer->length < strlen(start) || memcmp(answer->body, start, strlen(start)) != 0) {
        return answer->length == 0 ? "the answer is empty" : "the answer is not a PDF";
    }
    return memmem(answer->body + answer->length - tail, tail, end, strlen(end)) == NULL
               ? "the PDF has no end"
               : NULL;
}

/* The row as text, made in one piece: a PDF may have megabytes. */
static enum step store(const struct fetch *fetch, const struct http_response *answer,
                       struct outcome *outcome)
{
    static const char tail[] = "\"}";
    size_t encoded = sodium_base64_ENCODED_LEN(answer->length, sodium_base64_VARIANT_ORIGINAL) - 1;
    char head[64];
    size_t start = (size_t)snprintf(head, sizeof(head), "{\"document\":%" PRId64 ",\"content\":\"",
                                    fetch->document);
    char *row = xcalloc(1, start + encoded + sizeof(tail));

    memcpy(row, head, start);
    sodium_bin2base64(row + start, encoded + 1, (const unsigned char *)answer->body, answer->length,
                      sodium_base64_VARIANT_ORIGINAL);
    memcpy(row + start + encoded, tail, sizeof(tail));
    outcome_write_take(outcome, "write_label_document", row, start + encoded + strlen(tail));
    outcome->result = json_pack("{s:I, s:I}", "document", (json_int_t)fetch->document, "bytes",
                                (json_int_t)answer->length);
    return STEP_DONE;
}

static enum step fetch_step(void *state, const struct http_response *previous,
                            struct http_request *next, struct outcome *outcome)
{
    const struct fetch *fetch = state;

    if (previous == NULL && fetch->shipments == NULL) {
        outcome->result = json_pack("{s:s}", "reason", "nobody wants it any more");
        return STEP_DONE;
    }
    if (previous == NULL) {
        boekuwzending_request_labels(next, fetch->environment, fetch->shipments);
        return STEP_CALL;
    }
    outcome->http_status = previous->status;
    if (answer_class(previous) != ERROR_CLASS_OK) {
        return booking_answer_fail(previous, deed, fetch->job, outcome);
    }
    const char *trouble = pdf_trouble(previous);

    return trouble != NULL ? job_answer_unreadable(previous, deed, trouble, outcome)
                           : store(fetch, previous, outcome);
}

const struct job_kind job_kind_fetch_label = {
    .name = "fetch_label",
    .api = API_BOEKUWZENDING,
    .begin = fetch_begin,
    .step = fetch_step,
    .end = fetch_end,
};
