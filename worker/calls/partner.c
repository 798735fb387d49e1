#include "worker/calls/partner.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "common/log.h"
#include "common/memory.h"
#include "common/metrics.h"
#include "worker/api/answer.h"
#include "worker/api/shop/request.h"

struct partner_waiter {
    http_done_callback *done;
    void *context;
    struct http_response answer; /* of the shop; its body is ours */
    char *body;
    struct partner_waiter *next;
};

struct partner {
    struct http_client *http;
    struct http_call *call; /* under way, or NULL */
    struct partner_waiter *waiters;
};

/* Of the process: the log hears of a change, not of each job that meets it. */
static atomic_bool is_refused;
static struct metric refused = {.name = "koppeling_partner_token_refused",
                                .help = "1 while Mijnwebwinkel refuses our partner token.",
                                .type = METRIC_GAUGE};

struct partner *partner_new(struct http_client *http)
{
    struct partner *partner = xcalloc(1, sizeof(*partner));

    partner->http = http;
    metric_add(&refused, 0);
    return partner;
}

static void free_waiter(struct partner_waiter *waiter)
{
    free(waiter->body);
    free(waiter);
}

void partner_free(struct partner *partner)
{
    if (partner == NULL) {
        return;
    }
    if (partner->call != NULL) {
        http_cancel(partner->http, partner->call);
    }
    while (partner->waiters != NULL) {
        struct partner_waiter *waiter = partner->waiters;

        partner->waiters = waiter->next;
        free_waiter(waiter);
    }
    free(partner);
}

/* What is known by now of the partner token. */
static void note(bool refuses, int status)
{
    if (atomic_exchange(&is_refused, refuses) == refuses) {
        return;
    }
    metric_add(&refused, refuses ? 1 : -1);
    if (refuses) {
        LOG_ERROR("Mijnwebwinkel refuses the partner token: no shop can be called before "
                  "KOPPELING_PARTNER_TOKEN is right",
                  LOG_INT("status", status));
    } else {
        LOG_INFO("Mijnwebwinkel accepts the partner token again");
    }
}

/* What a shop's refusal turns out to be, by the answer to the partner token alone. */
static struct http_response judge(const struct http_response *refusal,
                                  const struct http_response *answer)
{
    enum error_class class = answer_class(answer);
    struct http_response verdict = {.body = "", .retry_after_ms = -1};

    if (class == ERROR_CLASS_AUTH) {
        note(true, answer->status);
        verdict.transport = ERROR_CLASS_SERVER_ERROR;
        verdict.status = answer->status;
        verdict.trouble = "the partner token is refused, so the shop is not to blame: set "
                          "KOPPELING_PARTNER_TOKEN right";
        verdict.refuses_partner = true;
        return verdict;
    }
    if (answer->transport != ERROR_CLASS_OK || class == ERROR_CLASS_SERVER_ERROR ||
        class == ERROR_CLASS_UNREADABLE) {
        verdict.transport = class;
        verdict.trouble = "a token was refused, and whether it is the shop's or our partner token "
                          "cannot be told at the moment";
        return verdict;
    }
    note(false, answer->status);
    return *refusal;
}

/* Tells all who wait. A callback may wait again, so the list is taken off first. */
static void on_answer(void *context, const struct http_response *answer)
{
    struct partner *partner = context;
    struct partner_waiter *waiter = partner->waiters;

    partner->call = NULL;
    partner->waiters = NULL;
    while (waiter != NULL) {
        struct partner_waiter *next = waiter->next;
        struct http_response verdict = judge(&waiter->answer, answer);

        waiter->done(waiter->context, &verdict);
        free_waiter(waiter);
        waiter = next;
    }
}

struct partner_waiter *partner_wait(struct partner *partner, const struct http_response *answer,
                                    http_done_callback *done, void *context)
{
    struct partner_waiter *waiter = xcalloc(1, sizeof(*waiter));

    *waiter = (struct partner_waiter){
        .done = done,
        .context = context,
        .answer = *answer,
        .body = xstrndup(answer->body, answer->length),
        .next = partner->waiters,
    };
    waiter->answer.body = waiter->body;
    waiter->answer.trouble = "";
    partner->waiters = waiter;
    if (partner->call == NULL) {
        struct http_request request = {.body = NULL};
        const struct http_secrets none = {.store_token = NULL};

        shop_request_statuses(&request);
        partner->call = http_send(partner->http, &request, &none, on_answer, partner);
    }
    return waiter;
}

void partner_cancel(struct partner *partner, struct partner_waiter *waiter)
{
    struct partner_waiter **link = &partner->waiters;

    while (*link != NULL && *link != waiter) {
        link = &(*link)->next;
    }
    if (*link != NULL) {
        *link = waiter->next;
        free_waiter(waiter);
    }
}
