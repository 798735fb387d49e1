#include "panel/routes/page.h"

#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/metrics.h"
#include "common/sealing.h"
#include "panel/server/form.h"

#define SERVED(group) METRIC_OF("koppeling_panel_requests_total", "Requests.", "status", group)

static struct metric served[] = {SERVED("1xx"), SERVED("2xx"), SERVED("3xx"), SERVED("4xx"),
                                 SERVED("5xx")};

/* A page is a few milliseconds; one of hundreds of labels may take minutes. */
static const int64_t took_bounds[HISTOGRAM_BOUNDS + 1] = {
    2500,   5000,    10000,   25000,   50000,    100000,   250000,
    500000, 1000000, 2500000, 5000000, 10000000, 60000000, 0};
static struct histogram took = HISTOGRAM_OF(
    "koppeling_panel_request_duration_seconds",
    "Requests, from when they were whole until their answer was made.", took_bounds, NULL);

static unsigned status_of(const json_t *answer)
{
    json_int_t status = json_integer_value(json_object_get(answer, "status"));

    return status >= 200 && status <= 599 ? (unsigned)status : 200;
}

/* What the function answered, as a page or as what comes after the action. */
static void show_answer(struct visit *visit, json_t *answer)
{
    unsigned status = status_of(answer);
    const char *go = json_string_value(json_object_get(answer, "go"));
    const char *notice = json_string_value(json_object_get(answer, "notice"));

    /* For a person the form is shown again, with what is wrong with it. */
    if (status >= 400 && (visit->wants_json || (status != 422 && status != 409))) {
        visit_refuse(visit, status, answer);
        return;
    }
    if (go == NULL || visit->wants_json || !visit_is_local(go)) {
        visit_show(visit, status, visit->route->template, answer);
        return;
    }
    if (notice != NULL) {
        char said[80];

        snprintf(said, sizeof(said), "%s.%lld", notice,
                 (long long)json_integer_value(json_object_get(answer, "count")));
        reply_add_cookie(visit->reply, COOKIE_NOTICE, said, 60);
    }
    reply_redirect(visit->reply, go);
}

void page_show(struct visit *visit)
{
    AUTO(json_decref) json_t *request = visit_request(visit);
    struct call_page page = {
        .caller = &visit->caller, .function = visit->route->function, .request = request};
    struct error err = ERROR_INIT;
    bool done = call_page(visit->panel->pool, &page, &err);
    AUTO(json_decref) json_t *answer = page.answer;

    if (page.person != NULL) {
        visit_know(visit, page.person);
    }
    if (visit_goes_to_operations(visit)) {
        return;
    }
    if (!done) {
        visit_fail(visit, &err);
    } else if (page.person == NULL) {
        visit_sign_in(visit);
    } else if (visit_check_right(visit)) {
        show_answer(visit, answer);
    }
}

/* Which shop the secret is for, so that it is of no use on the row of another; "" when that is not
 * known, as for an address that is none. */
static bool find_host(struct call *call, const json_t *request, char ret_host[256],
                      struct error *err)
{
    AUTO(json_decref) json_t *answer = NULL;

    if (!call_function(call, "panel_seal_host", request, &answer, err)) {
        return false;
    }
    snprintf(ret_host, 256, "%s", form_text(answer, "host"));
    return true;
}

/* Puts what was typed, sealed, in its place: the field token becomes sealed_token, in base64. What
 * cannot be sealed (nothing, a control character) is left out, which the function tells at the
 * field. */
static bool seal_secret(struct visit *visit, struct call *call, const json_t *request,
                        struct error *err)
{
    const char *name = visit->route->secret;
    AUTO(free_secret) char *typed = xstrdup(form_text(visit->form, name));
    AUTO(free) char *sealed = NULL;
    AUTO(free) char *field = xasprintf("sealed_%s", name);
    char host[256] = "";
    struct error reason = ERROR_INIT;

    form_wipe(visit->form, name);
    form_wipe(visit->form, field);
    if (visit->panel->config->public_key == NULL) {
        return error_set(err, ERROR_UNAVAILABLE, "KOPPELING_PUBLIC_KEY is not set");
    }
    if (!find_host(call, request, host, err)) {
        return false;
    }

    /* Blanks around are from copying it. */
    const char *first = typed + strspn(typed, " \t\r\n");
    size_t length = strlen(first);

    while (length > 0 && strchr(" \t\r\n", first[length - 1]) != NULL) {
        length--;
    }

    const struct sealing_bytes secret = {first, length};

    if (sealing_seal(visit->panel->config->public_key, host[0] != '\0' ? host : NULL, secret,
                     &sealed, &reason)) {
        (void)json_object_set_new(visit->form, field, json_string(sealed));
    } else if (reason.code == ERROR_CONFIG) {
        return error_set(err, ERROR_UNAVAILABLE, "KOPPELING_PUBLIC_KEY: %s", reason.text);
    }
    return true;
}

static bool run_action(struct visit *visit, struct call *call, json_t **ret_answer,
                       struct error *err)
{
    AUTO(json_decref) json_t *request = visit_request(visit);
    AUTO(json_decref) json_t *answer = NULL;

    if ((visit->route->secret != NULL && !seal_secret(visit, call, request, err)) ||
        !call_function(call, visit->route->function, request, &answer, err) ||
        !call_end(call, status_of(answer) < 400 ? CALL_COMMIT : CALL_ROLLBACK, err)) {
        return false;
    }
    *ret_answer = steal_ptr(&answer);

    return true;
}

bool page_act(struct visit *visit)
{
    AUTO(call) struct call call = {.pool = NULL};
    AUTO(json_decref) json_t *answer = NULL;
    struct error err = ERROR_INIT;
    bool is_known = false;

    if (!visit_check_form(visit)) {
        return false;
    }
    if (!call_begin(visit->panel->pool, &visit->caller, &call, &is_known, &err)) {
        visit_fail(visit, &err);
        return false;
    }
    if (!is_known) {
        visit_sign_in(visit);
        return false;
    }
    visit_know(visit, json_incref(call.person));
    if (!visit_check_right(visit)) {
        return false;
    }
    if (!run_action(visit, &call, &answer, &err)) {
        visit_fail(visit, &err);
        return false;
    }
    LOG_INFO("action", LOG_TEXT("route", visit->route->pattern),
             LOG_TEXT("role", form_text(visit->person, "role")),
             LOG_INT("status", status_of(answer)));
    show_answer(visit, answer);
    return status_of(answer) < 400;
}

/* The fields of the body, whichever way they were sent. */
static bool read_form(struct visit *visit, struct error *err)
{
    static const char urlencoded[] = "application/x-www-form-urlencoded";
    static const char json[] = "application/json";
    const struct buffer *body = &visit->request->body;
    const char *type = visit->request->content_type;
    const char *key = visit->request->idempotency_key;

    if (body->length == 0) {
        visit->form = json_object();
    } else if (type != NULL && strncasecmp(type, json, strlen(json)) == 0) {
        if (!form_parse_json(body->bytes, body->length, &visit->form, err)) {
            return false;
        }
    } else if (type != NULL && strncasecmp(type, urlencoded, strlen(urlencoded)) == 0) {
        if (!form_parse(body->bytes, body->length, &visit->form, err)) {
            return false;
        }
    } else {
        return error_set(err, ERROR_USAGE, "the body is neither a form nor JSON");
    }
    if (key == NULL) {
        return true;
    }

    /* One that is none is refused: who sends it relies on it. */
    json_t *once = key[0] != '\0' ? json_string(key) : NULL;

    (void)json_object_set_new(visit->form, "once", once != NULL ? once : json_string("?"));
    return true;
}

static bool read_fields(struct visit *visit)
{
    struct error err = ERROR_INIT;
    const char *query = visit->request->query;

    if (!form_parse(query, strlen(query), &visit->query, &err) || !read_form(visit, &err)) {
        json_decref(visit->form);
        visit->form = json_object();
        visit_problem(visit, err.code == ERROR_USAGE ? 415 : 400);
        LOG_INFO("a request was refused", LOG_TEXT("route", visit->route->pattern),
                 LOG_TEXT("error", err.text));
        return false;
    }
    return true;
}

static void serve_route(struct visit *visit)
{
    if (!read_fields(visit)) {
        return;
    }
    if (visit->route->handler != NULL) {
        visit->route->handler(visit);
    } else if (!visit->is_known) {
        visit_sign_in(visit);
    } else if (visit->route->method == REQUEST_POST) {
        (void)page_act(visit);
    } else {
        page_show(visit);
    }
}

void page_show_metrics(void)
{
    for (size_t i = 0; i < ARRAY_LENGTH(served); i++) {
        metric_add(&served[i], 0);
    }
    histogram_show(&took);
}

static void count(const struct reply *reply, int64_t took_us)
{
    unsigned group = reply->status / 100;

    metric_add(&served[group >= 1 && group <= 5 ? group - 1 : 4], 1);
    histogram_observe(&took, took_us);
}

void page_serve(void *context, const struct request *request, struct reply *reply)
{
    /* What is not found has no route of its own. */
    static const struct route nowhere = {.pattern = "none"};
    const struct panel *panel = context;
    struct visit visit = {.panel = panel, .request = request, .reply = reply, .route = &nowhere};
    int64_t began_us = clock_monotonic_us();
    const char *allow = NULL;

    if (!assets_serve(panel->assets, request->path, reply)) {
        const struct route *route =
            route_find(request->method, request->path, &visit.parts, &allow);

        visit_begin(&visit);
        if (route != NULL) {
            visit.route = route;
            visit.caller.patience = route->patience;
            serve_route(&visit);
        } else {
            visit_problem(&visit, allow != NULL ? 405 : 404);
            reply->allow = allow;
        }
    }
    count(reply, clock_monotonic_us() - began_us);
    LOG_DEBUG("served", LOG_TEXT("route", visit.route->pattern), LOG_INT("status", reply->status),
              LOG_SECONDS("took", clock_monotonic_us() - began_us));
    visit_release(&visit);
}
