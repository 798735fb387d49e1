#include "tests/simulator/call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/memory.h"
#include "tests/simulator/apis.h"
#include "tests/simulator/json_text.h"
#include "tests/simulator/wire.h"

#define API_BODY_LIMIT     ((size_t)4 << 20)
#define CONTROL_BODY_LIMIT ((size_t)256 << 20)

struct call *call_new(struct simulator *simulator, struct MHD_Connection *connection,
                      const char *url, const char *method)
{
    struct call *call = xcalloc(1, sizeof(*call));

    call->simulator = simulator;
    call->connection = connection;
    call->url = url;
    call->method = method;
    call->api = api_of_path(url, &call->path);
    call->body.limit = call->api == API_CONTROL ? CONTROL_BODY_LIMIT : API_BODY_LIMIT;
    answer_init(&call->answer);
    return call;
}

void call_receive(struct call *call, const char *bytes, size_t length)
{
    if (!buffer_append(&call->body, bytes, length)) {
        call->is_too_large = true;
    }
}

const char *call_query(const struct call *call, const char *name)
{
    return MHD_lookup_connection_value(call->connection, MHD_GET_ARGUMENT_KIND, name);
}

struct booking *call_booking(const struct call *call)
{
    return &call->simulator->bookings[call->api == API_BOEKUWZENDING_STAGING ? BOOKING_STAGING
                                                                             : BOOKING_PRODUCTION];
}

const char *call_bearer(const struct call *call)
{
    const char *value =
        MHD_lookup_connection_value(call->connection, MHD_HEADER_KIND, "Authorization");

    return value != NULL && strncasecmp(value, "Bearer ", 7) == 0 ? value + 7 : NULL;
}

void call_breathe(const struct call *call)
{
    pthread_mutex_unlock(&call->simulator->lock);
    pthread_mutex_lock(&call->simulator->lock);
}

/* Who is calling, for the scope of faults, the journal and the counts per shop. */
static void call_identify(struct call *call)
{
    struct simulator *simulator = call->simulator;
    const char *name = NULL;

    if (call->api == API_MIJNWEBWINKEL) {
        const char *token = call_query(call, "token");
        struct shop *shop = token != NULL ? shops_find_by_token(&simulator->shops, token) : NULL;

        if (shop != NULL) {
            name = shop->name;
            shop->requests++;
            shop->in_flight++;
            if (shop->in_flight > shop->max_in_flight) {
                shop->max_in_flight = shop->in_flight;
            }
        }
    } else {
        const char *token = call_bearer(call);
        const struct account *account =
            token != NULL ? booking_authenticate(call_booking(call), token) : NULL;

        name = account != NULL ? account->client_id : NULL;
    }
    if (name != NULL) {
        snprintf(call->caller, sizeof(call->caller), "%s", name);
    }
}

/* Whether its `ms` are those of the answer, too. */
static bool delays_answer(const struct fault *fault)
{
    return fault->kind->use != FAULT_LABELS &&
           (fault->kind->use != FAULT_BOOKING || fault->settings.variant == NULL);
}

/* How long to wait before the answer, in microseconds. */
static int64_t call_latency(struct call *call)
{
    struct simulator *simulator = call->simulator;
    int64_t least = simulator->settings.latency_ms;
    int64_t jitter = simulator->settings.jitter_ms;

    if (call->fault != NULL && delays_answer(call->fault)) {
        least += call->fault->settings.ms;
        jitter += call->fault->settings.jitter_ms;
    }
    int64_t chance = jitter > 0 ? (int64_t)dice_roll(&simulator->dice, (uint64_t)jitter * 1000) : 0;
    return least * 1000 + chance;
}

/* Everything of the request is here. Returns the latency in microseconds. */
static int64_t call_begin(struct call *call)
{
    struct simulator *simulator = call->simulator;

    counters_request(&simulator->counters, call->api, call->method, call->body.length);
    if (call->api == API_CONTROL) {
        return 0;
    }
    call->is_in_flight = true;
    pthread_mutex_lock(&simulator->lock);
    call_identify(call);
    const struct fault_target target = {
        .api = call->api, .shop = call->caller, .method = call->method, .path = call->url};
    call->fault = faults_match(&simulator->faults, &target, &simulator->dice);
    int64_t latency = call_latency(call);
    pthread_mutex_unlock(&simulator->lock);
    if (call->fault != NULL) {
        atomic_fetch_add(&simulator->counters.faults_applied, 1);
    }
    if (atomic_load(&simulator->journal.is_on)) {
        call->journal_sequence = wire_journal(call);
    }
    return latency;
}

static bool call_is_form(const struct call *call)
{
    return call->api != API_MIJNWEBWINKEL && strcmp(call->path, "/token") == 0;
}

/* Carries the request out: the answer is what a healthy service would say. */
static void call_perform(struct call *call)
{
    call->was_performed = true;
    if (call->is_too_large) {
        call_problem(call, 413, "the body is too large");
        return;
    }
    if (call->body.length > 0 && !call_is_form(call)) {
        call->json = json_loadb(call->body.bytes, call->body.length, JSON_ALLOW_NUL, NULL);
    }
    pthread_mutex_lock(&call->simulator->lock);
    api_answer(call);
    pthread_mutex_unlock(&call->simulator->lock);
}

static bool call_should_perform(const struct call *call)
{
    return !call->was_performed &&
           (call->fault == NULL || call->fault->kind->use != FAULT_REPLACES ||
            call->fault->settings.after_effect);
}

/* It is no longer in flight. Said before the answer goes out: whoever has the answer may send the
 * next request at once, and must not be seen to have two of them in flight. */
static void call_leave(struct call *call)
{
    struct simulator *simulator = call->simulator;

    if (!call->is_in_flight) {
        return;
    }
    call->is_in_flight = false;
    counters_level(&simulator->counters.in_flight, &simulator->counters.max_in_flight, -1);
    if (call->api != API_MIJNWEBWINKEL || call->caller[0] == '\0') {
        return;
    }
    pthread_mutex_lock(&simulator->lock);
    struct shop *shop = shops_find(&simulator->shops, call->caller);
    if (shop != NULL && shop->in_flight > 0) {
        shop->in_flight--;
    }
    pthread_mutex_unlock(&simulator->lock);
}

static enum MHD_Result call_finish(struct call *call)
{
    struct answer *answer = &call->answer;

    if (call_should_perform(call)) {
        call_perform(call);
    }
    if (call->fault != NULL && call->fault->kind->apply != NULL) {
        call->fault->kind->apply(call->fault, call->api, answer);
    }
    bool is_sent = answer->end == ANSWER_SEND;
    const struct journal_outcome outcome = {
        .status = is_sent ? answer->status : 0,
        .fault = call->fault != NULL ? call->fault->kind->name : NULL,
        .was_performed = call->was_performed,
    };
    journal_finish(&call->simulator->journal, call->journal_sequence, &outcome);
    if (call->api != API_CONTROL) {
        counters_answer(&call->simulator->counters, outcome.status,
                        is_sent ? answer_length(answer) : 0);
    }
    if (answer->end == ANSWER_STALL) {
        call->phase = CALL_STALLED;
        return delays_hold(call->simulator->delays, &call->waiter, call->connection, DELAYS_FOREVER)
                   ? MHD_YES
                   : MHD_NO;
    }
    call_leave(call);
    return wire_send(call);
}

enum MHD_Result call_advance(struct call *call)
{
    if (call->phase == CALL_STALLED) {
        return MHD_NO;
    }
    if (call->phase == CALL_RECEIVING) {
        int64_t latency_us = call_begin(call);

        if (call->fault != NULL &&
            (call->fault->settings.after_effect || call->fault->kind->use == FAULT_BOOKING)) {
            call_perform(call);
        }
        call->phase = CALL_WAITING;
        if (latency_us > 0 &&
            delays_hold(call->simulator->delays, &call->waiter, call->connection, latency_us)) {
            return MHD_YES;
        }
    }
    return call_finish(call);
}

void call_free(struct call *call)
{
    call_leave(call);
    buffer_release(&call->body);
    answer_release(&call->answer);
    json_decref(call->json);
    fault_release(call->fault);
    free(call);
}
