/*
 * The control API: routes, settings, accounts, faults, journal, counters.
 */
#include "tests/simulator/control.h"

#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "tests/simulator/apis.h"
#include "tests/simulator/fields.h"
#include "tests/simulator/json_text.h"

#define JOURNAL_LIMIT 10000 /* entries per answer, unless asked otherwise */

static void answer_done(struct call *call)
{
    answer_text(&call->answer, 200, "{\"ok\":true}");
}

static void answer_settings(struct call *call)
{
    const struct settings *settings = &call->simulator->settings;
    struct buffer *text = &call->answer.body;

    put(text, "{\"latency_ms\":%lld,\"jitter_ms\":%lld,\"token_expires_in\":%lld,\"journal\":%s",
        (long long)settings->latency_ms, (long long)settings->jitter_ms,
        (long long)settings->token_expires_in,
        atomic_load(&call->simulator->journal.is_on) ? "true" : "false");
    put(text, ",\"partner_token_required\":%s}",
        settings->partner_token != NULL ? "true" : "false");
}

static void set_settings(struct call *call)
{
    struct error err = ERROR_INIT;
    struct settings settings = call->simulator->settings;
    int journal = atomic_load(&call->simulator->journal.is_on);
    const json_t *partner_token = NULL;
    const struct field fields[] = {
        {"latency_ms", FIELD_INTEGER, &settings.latency_ms},
        {"jitter_ms", FIELD_INTEGER, &settings.jitter_ms},
        {"token_expires_in", FIELD_INTEGER, &settings.token_expires_in},
        {"journal", FIELD_BOOLEAN, &journal},
        {"partner_token", FIELD_JSON, &partner_token},
    };

    if (!fields_read(call->json, fields, ARRAY_LENGTH(fields), &err)) {
        call_problem(call, 400, "%s", err.text);
        return;
    }
    if (partner_token != NULL) { /* a text, or null for none */
        free(settings.partner_token);
        settings.partner_token = xstrdup(json_string_value(partner_token));
    }
    call->simulator->settings = settings;
    atomic_store(&call->simulator->journal.is_on, journal != 0);
    answer_settings(call);
}

static void put_account(struct call *call)
{
    struct error err = ERROR_INIT;
    const char *client_id = NULL, *client_secret = NULL, *environment = NULL;
    const struct field fields[] = {
        {"client_id", FIELD_TEXT, &client_id},
        {"client_secret", FIELD_TEXT, &client_secret},
        {"environment", FIELD_TEXT, &environment},
    };

    if (!fields_read(call->json, fields, ARRAY_LENGTH(fields), &err)) {
        call_problem(call, 400, "%s", err.text);
        return;
    }
    if (client_id == NULL || client_secret == NULL || strlen(client_id) >= CALL_CALLER_SIZE) {
        call_problem(call, 400, "client_id and client_secret are needed");
        return;
    }
    size_t matches = 0;
    for (size_t i = 0; i < BOOKING_COUNT; i++) {
        struct booking *booking = &call->simulator->bookings[i];

        if (environment != NULL && strcmp(environment, booking->name) != 0) {
            continue;
        }
        booking_put_account(booking, client_id, client_secret, &call->simulator->dice);
        matches++;
    }
    if (matches == 0) {
        call_problem(call, 400, "environment must be production or staging");
    } else {
        answer_done(call);
    }
}

static void list_accounts(struct call *call)
{
    struct buffer *text = &call->answer.body;
    bool is_first = true;

    put_text(text, "[");
    for (size_t i = 0; i < BOOKING_COUNT; i++) {
        const struct booking *booking = &call->simulator->bookings[i];

        for (size_t at = 0; at < booking->account_count; at++) {
            const struct account *account = booking->account_items[at];

            put(text, "%s{\"environment\":\"%s\",\"client_id\":", is_first ? "" : ",",
                booking->name);
            put_string(text, account->client_id);
            put(text, ",\"id\":\"%s\",\"tokens_issued\":%u}", account->id, account->tokens_issued);
            is_first = false;
        }
    }
    put_text(text, "]");
}

static void add_fault(struct call *call)
{
    struct error err = ERROR_INIT;
    uint64_t id;

    if (!json_is_object(call->json)) {
        call_problem(call, 400, "the body must be a JSON object");
    } else if (!faults_add(&call->simulator->faults, call->json, &id, &err)) {
        call_problem(call, 400, "%s", err.text);
    } else {
        answer_json(&call->answer, 201, json_pack("{s:I}", "id", (json_int_t)id));
    }
}

static void list_faults(struct call *call)
{
    answer_json(&call->answer, 200, faults_list(&call->simulator->faults));
}

static uint64_t query_number(const struct call *call, const char *name, uint64_t otherwise)
{
    const char *text = call_query(call, name);

    return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

static void clear_faults(struct call *call)
{
    size_t count = faults_clear(&call->simulator->faults, call_query(call, "scope"),
                                query_number(call, "id", 0));

    put(&call->answer.body, "{\"cleared\":%zu}", count);
}

static void read_journal(struct call *call)
{
    const char *shop = call_query(call, "shop");
    const struct journal_filter filter = {
        .caller = shop != NULL ? shop : call_query(call, "account"),
        .method = call_query(call, "method"),
        .path_contains = call_query(call, "path_contains"),
        .api = call_query(call, "api"),
        .since = query_number(call, "since", 0),
        .limit = query_number(call, "limit", JOURNAL_LIMIT),
    };

    journal_print(&call->simulator->journal, &filter, &call->answer.body);
}

static void clear_journal(struct call *call)
{
    journal_clear(&call->simulator->journal);
    answer_done(call);
}

static void read_counters(struct call *call)
{
    counters_print(&call->simulator->counters, &call->answer.body);
}

static void clear_counters(struct call *call)
{
    counters_clear(&call->simulator->counters);
    answer_done(call);
}

static void reset(struct call *call)
{
    simulator_reset(call->simulator);
    answer_done(call);
}

void control_answer(struct call *call)
{
    static const struct route routes[] = {
        {"POST", "/shops", control_put_shop, true},
        {"GET", "/shops", control_list_shops, true},
        {"GET", "/shops/{}", control_get_shop, true},
        {"DELETE", "/shops/{}", control_delete_shop, true},
        {"POST", "/shops/{}/orders", control_add_orders, true},
        {"PATCH", "/shops/{}/orders/{}", control_patch_order, true},
        {"DELETE", "/shops/{}/orders/{}", control_delete_order, true},
        {"POST", "/shops/{}/flow", control_set_flow, true},
        {"POST", "/faults", add_fault, true},
        {"GET", "/faults", list_faults, true},
        {"DELETE", "/faults", clear_faults, true},
        {"GET", "/settings", answer_settings, true},
        {"POST", "/settings", set_settings, true},
        {"GET", "/accounts", list_accounts, true},
        {"POST", "/accounts", put_account, true},
        {"GET", "/journal", read_journal, true},
        {"DELETE", "/journal", clear_journal, true},
        {"GET", "/effects", control_effects, true},
        {"GET", "/shipments", control_shipments, true},
        {"POST", "/shipments/{}/cancel", control_cancel_labels, true},
        {"POST", "/labels/{}/tracking", control_move_parcel, true},
        {"GET", "/orders-pushed", control_pushed_orders, true},
        {"POST", "/orders-pushed/{}/label", control_make_label, true},
        {"PATCH", "/orders-pushed/{}", control_change_pushed_order, true},
        {"DELETE", "/orders-pushed/{}", control_remove_pushed_order, true},
        {"GET", "/counters", read_counters, true},
        {"DELETE", "/counters", clear_counters, true},
        {"POST", "/reset", reset, true},
    };
    const struct route *route = route_find(routes, ARRAY_LENGTH(routes), call);

    if (route != NULL) {
        route->handle(call);
    }
}
