/* Job kind "poll": reads the open orders of a shop, all pages, and imports what is new or changed.
 */
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "worker/api/answer.h"
#include "worker/api/shop/request.h"
#include "worker/jobs/job_answer.h"
#include "worker/jobs/kinds.h"
#include "worker/jobs/poll_intake.h"
#include "worker/jobs/poll_walk.h"

/* A walk that has not ended by then is not going anywhere: 2,000 pages are 198,000 open orders. */
#define POLL_REQUESTS 2000

static const char deed[] = "list the orders";

struct poll {
    struct poll_intake intake;
    struct poll_walk walk;
    size_t status_index; /* in open_statuses */
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
    poll_walk_start(&poll->walk);
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
    shop_request_orders(next, asked_status(poll), poll->walk.offset);
    return STEP_CALL;
}

static json_t *result_of(const struct poll *poll)
{
    return json_pack("{s:I, s:I, s:I, s:I}", "seen", (json_int_t)poll->intake.seen, "written",
                     (json_int_t)poll->intake.written, "skipped", (json_int_t)poll->intake.skipped,
                     "pages", (json_int_t)poll->pages);
}

/* Each poll writes this row, most of them nothing else, so it is put together without a tree: there
 * is nothing to escape in numbers and hexadecimal digits. */
static void write_polled(const struct poll_intake *intake, const char *missing,
                         struct outcome *outcome)
{
    AUTO(free)
    char *reread = missing[0] != '\0' ? json_dumps(intake->reread, JSON_COMPACT) : NULL;
    char *row = xasprintf("{\"seen\":%zu,\"skipped\":%zu,\"written\":%zu,"
                          "\"missing\":\"%s\",\"reread\":%s}",
                          intake->seen, intake->skipped, intake->written, missing,
                          reread != NULL ? reread : "null");

    outcome_write_take(outcome, "write_polled", row, strlen(row));
}

/* All statuses were walked to their end. */
static enum step finish(struct poll *poll, struct outcome *outcome)
{
    const struct poll_intake *intake = &poll->intake;
    bool is_proven = !poll->walk.is_circular;
    AUTO(free) char *missing = is_proven ? poll_known_missing(&intake->known) : xstrdup("");

    write_polled(intake, missing, outcome);
    json_decref(outcome->result);
    outcome->result = result_of(poll);
    outcome->unremarkable = intake->written == 0 && intake->skipped == 0 && missing[0] == '\0';
    return STEP_DONE;
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

/* Takes each order of the page; returns how many had not been seen in this walk. */
static size_t take_orders(struct poll *poll, const struct order_page *page, struct outcome *outcome)
{
    size_t fresh = 0;

    for (size_t i = 0; i < page->count; i++) {
        fresh +=
            poll_intake_take(&poll->intake, &page->slices[i], i + 1, asked_status(poll), outcome);
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
        !poll_walk_is_continuous(&poll->walk, &page, &poll->intake.known)) {
        poll_walk_step_back(&poll->walk);
        return ask_for_page(poll, next, outcome);
    }

    size_t fresh = take_orders(poll, &page, outcome);

    if (page.state != ORDER_PAGE_WHOLE) {
        return fail_page(answer, &page, outcome);
    }
    if (!poll_walk_advance(&poll->walk, &page, fresh)) {
        poll->status_index++;
        poll_walk_start(&poll->walk);
        if (poll->status_index == json_array_size(poll->intake.rules.open_statuses)) {
            return finish(poll, outcome);
        }
    }
    return ask_for_page(poll, next, outcome);
}

static enum step poll_step(void *state, const struct http_response *previous,
                           struct http_request *next, struct outcome *outcome)
{
    struct poll *poll = state;

    outcome->shop_environment = ENVIRONMENT_PRODUCTION;
    if (previous == NULL) {
        return ask_for_page(poll, next, outcome);
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
