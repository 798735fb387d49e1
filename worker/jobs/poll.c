/*
 * Job kind "poll": reads the open orders of a shop, all pages, and imports what is new or changed.
 * When the context says so, the list begins at a date: what is older is too old.
 *
 *   page ──> known to end here, or as many as counted ──────────────> next status, or done
 *     ^ └──> short, or nothing new, and not counted yet ──> count ──┘
 *     └──── more may follow <───────────────────────────────┘
 */
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "worker/api/answer.h"
#include "worker/api/shop/request.h"
#include "worker/jobs/job_answer.h"
#include "worker/jobs/kinds.h"
#include "worker/jobs/poll_intake.h"
#include "worker/jobs/poll_proof.h"
#include "worker/jobs/poll_walk.h"

/* A walk that has not ended by then is not going anywhere: 2,000 pages are 198,000 open orders. */
#define POLL_REQUESTS 2000

static const char deed[] = "list the orders";

struct poll {
    struct poll_intake intake;
    struct poll_walk walk;
    struct poll_proof proof;
    enum poll_walk_place place; /* of the last page */
    bool is_counting;           /* the answer that comes is the count of the list */
    bool proves_absence;        /* no list went in circles */
    size_t status_index;        /* in open_statuses */
    size_t pages;
};

static void *poll_begin(const struct job *job, struct outcome *outcome)
{
    struct poll *poll = xcalloc(1, sizeof(*poll));

    if (!poll_intake_init(&poll->intake, job->context)) {
        outcome_fail(outcome, STEP_FAILED, ERROR_CLASS_CLIENT_ERROR,
                     "the job's context names no open statuses");
        free(poll);
        return NULL;
    }
    poll->proves_absence = true;
    poll_proof_init(&poll->proof, job->context);
    poll_walk_start(&poll->walk);
    poll_proof_start(&poll->proof);
    return poll;
}

static int32_t asked_status(const struct poll *poll)
{
    json_t *open = poll->intake.rules.open_statuses;

    return (int32_t)json_integer_value(json_array_get(open, poll->status_index));
}

static enum step ask_for_page(struct poll *poll, struct http_request *next, struct outcome *outcome)
{
    if (poll->pages == POLL_REQUESTS) {
        return outcome_fail(outcome, STEP_RETRY, ERROR_CLASS_UNREADABLE,
                            "cannot list the orders: no end after %d pages", POLL_REQUESTS);
    }
    shop_request_orders(next, asked_status(poll), poll->intake.rules.start_date, poll->walk.offset);
    return STEP_CALL;
}

static enum step ask_for_count(struct poll *poll, struct http_request *next)
{
    poll->is_counting = true;
    shop_request_count(next, asked_status(poll), poll->intake.rules.start_date);
    return STEP_CALL;
}

static json_t *result_of(const struct poll *poll)
{
    json_t *result = json_pack("{s:I, s:I, s:I, s:I}", "seen", (json_int_t)poll->intake.seen,
                               "written", (json_int_t)poll->intake.written, "skipped",
                               (json_int_t)poll->intake.skipped, "pages", (json_int_t)poll->pages);

    if (poll->proof.short_by > 0) {
        json_object_set_new(result, "short_by", json_integer((json_int_t)poll->proof.short_by));
    }
    return result;
}

/* Each poll writes this row, most of them nothing else, so it is put together without a tree: there
 * is nothing to escape in numbers and hexadecimal digits. */
static void write_polled(const struct poll *poll, const char *missing, struct outcome *outcome)
{
    const struct poll_intake *intake = &poll->intake;
    AUTO(free) char *ends = poll_proof_text(&poll->proof);
    const char *start_date = intake->rules.start_date;
    const char *quote = start_date != NULL ? "\"" : "";
    bool has_reread = missing[0] != '\0' && intake->reread.length > 0;
    char *row = xasprintf("{\"seen\":%zu,\"skipped\":%zu,\"written\":%zu,"
                          "\"missing\":\"%s\",\"reread\":%s%s,\"ends\":%s,\"start_date\":%s%s%s}",
                          intake->seen, intake->skipped, intake->written, missing,
                          has_reread ? intake->reread.bytes : "null", has_reread ? "]" : "", ends,
                          quote, start_date != NULL ? start_date : "null", quote);

    outcome_write_take(outcome, "write_polled", row, strlen(row));
}

/* All statuses were walked to their end. */
static enum step finish(struct poll *poll, struct outcome *outcome)
{
    const struct poll_intake *intake = &poll->intake;
    AUTO(free)
    char *missing = poll->proves_absence ? poll_known_missing(&intake->known) : xstrdup("");

    write_polled(poll, missing, outcome);
    json_decref(outcome->result);
    outcome->result = result_of(poll);
    outcome->unremarkable = intake->written == 0 && intake->skipped == 0 && missing[0] == '\0' &&
                            poll->proof.short_by == 0;
    return STEP_DONE;
}

/* On to the list of the next status. */
static enum step start_list(struct poll *poll, struct http_request *next, struct outcome *outcome)
{
    poll->status_index++;
    if (poll->status_index == json_array_size(poll->intake.rules.open_statuses)) {
        return finish(poll, outcome);
    }
    poll->intake.turn++;
    poll_walk_start(&poll->walk);
    poll_proof_start(&poll->proof);
    return ask_for_page(poll, next, outcome);
}

static enum step end_list(struct poll *poll, struct http_request *next, struct outcome *outcome)
{
    poll_proof_end(&poll->proof, asked_status(poll), &poll->walk);
    poll->proves_absence = poll->proves_absence && !poll->walk.is_circular;
    return start_list(poll, next, outcome);
}

/* The shop was asked for the count of the list, and perhaps told it. */
static enum step go_on(struct poll *poll, struct http_request *next, struct outcome *outcome)
{
    if (poll_proof_is_whole(&poll->proof)) {
        return end_list(poll, next, outcome);
    }
    if (poll->place != POLL_WALK_END) {
        return ask_for_page(poll, next, outcome);
    }
    /* An order that came meanwhile stands in front: one more walk finds it before it is said that
     * some are not shown. */
    if (poll_proof_is_short(&poll->proof) && !poll->walk.is_repeated && !poll->walk.is_circular) {
        poll_walk_repeat(&poll->walk);
        return ask_for_page(poll, next, outcome);
    }
    return end_list(poll, next, outcome);
}

/* Says why the page is not a whole list. */
static enum step fail_page(const struct http_response *answer, const struct order_page *page,
                           struct outcome *outcome)
{
    char seen[ANSWER_WORDS];
    AUTO(free) char *why = NULL;

    switch (page->state) {
    case ORDER_PAGE_CUT:
        why = xasprintf("the list ends in the middle, after %zu whole orders", page->count);
        break;
    case ORDER_PAGE_TRAILED:
        why = xasprintf("something follows the list of %zu orders", page->count);
        break;
    case ORDER_PAGE_TOO_MANY:
        why = xasprintf("a page has over %d orders", ORDER_PAGE_COUNT);
        break;
    case ORDER_PAGE_NOT_A_LIST:
    case ORDER_PAGE_WHOLE:
        answer_describe_body(answer->body, answer->length, seen);
        why = xasprintf("expected a list of orders, got %s", seen);
        break;
    }
    return job_answer_unreadable(answer, deed, why, outcome);
}

/* Takes each order of the page; returns how many had not been seen in this list. */
static size_t take_orders(struct poll *poll, const struct order_page *page, struct outcome *outcome)
{
    size_t fresh = 0;

    for (size_t i = 0; i < page->count; i++) {
        const struct order_slice *slice = &page->slices[i];

        if (poll_intake_take(&poll->intake, slice, i + 1, asked_status(poll), outcome)) {
            poll_proof_note(&poll->proof, slice->hash);
            fresh++;
        }
    }
    return fresh;
}

static enum step take_page(struct poll *poll, const struct http_response *answer,
                           struct http_request *next, struct outcome *outcome)
{
    AUTO(order_page) struct order_page page;

    order_page_init(&page, answer->body, answer->length);
    poll->pages++;
    if (page.state == ORDER_PAGE_WHOLE &&
        !poll_walk_is_continuous(&poll->walk, &page, &poll->intake.known, poll->intake.turn)) {
        poll_walk_step_back(&poll->walk);
        return ask_for_page(poll, next, outcome);
    }

    size_t fresh = take_orders(poll, &page, outcome);

    if (page.state != ORDER_PAGE_WHOLE) {
        return fail_page(answer, &page, outcome);
    }
    poll->place = poll_walk_look(&poll->walk, &page, fresh);
    if (poll->place != POLL_WALK_ON && poll_proof_is_known(&poll->proof, asked_status(poll))) {
        return start_list(poll, next, outcome);
    }
    poll_walk_advance(&poll->walk, &page, poll->place);
    if (poll->place == POLL_WALK_ON) {
        return ask_for_page(poll, next, outcome);
    }
    return poll->proof.is_asked ? go_on(poll, next, outcome) : ask_for_count(poll, next);
}

/* A shop that cannot count is none that cannot be polled: then pages tell. */
static enum step take_count(struct poll *poll, const struct http_response *answer,
                            struct http_request *next, struct outcome *outcome)
{
    if (answer_class(answer) == ERROR_CLASS_RATE_LIMITED) {
        return job_answer_useless(answer, "count the orders", NULL, outcome);
    }
    poll->is_counting = false;
    poll_proof_take_count(&poll->proof, answer->status, answer->body, answer->length);
    return go_on(poll, next, outcome);
}

static enum step poll_step(void *state, const struct http_response *previous,
                           struct http_request *next, struct outcome *outcome)
{
    struct poll *poll = state;

    outcome->shop_environment = ENVIRONMENT_PRODUCTION;
    if (previous == NULL) {
        return ask_for_page(poll, next, outcome);
    }
    if (poll->is_counting) {
        return take_count(poll, previous, next, outcome);
    }
    if (answer_class(previous) != ERROR_CLASS_OK) {
        return job_answer_useless(previous, deed, NULL, outcome);
    }
    outcome->http_status = previous->status;
    return take_page(poll, previous, next, outcome);
}

static void poll_end(void *state)
{
    struct poll *poll = state;

    if (poll != NULL) {
        poll_intake_release(&poll->intake);
        poll_proof_release(&poll->proof);
        free(poll);
    }
}

const struct job_kind job_kind_poll = {
    .name = "poll",
    .api = API_MIJNWEBWINKEL,
    .begin = poll_begin,
    .step = poll_step,
    .end = poll_end,
};
