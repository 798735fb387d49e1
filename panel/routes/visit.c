#include "panel/routes/visit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/ascii.h"
#include "common/buffer.h"
#include "common/log.h"
#include "common/memory.h"
#include "panel/server/cookie.h"
#include "panel/server/form.h"
#include "panel/template/escape.h"
#include "panel/template/template.h"

/* A list of fifty orders is some 60 kB. */
#define PAGE_LIMIT (4U << 20)

static const char html[] = "text/html; charset=utf-8";
static const char json[] = "application/json; charset=utf-8";
static const char problem_json[] = "application/problem+json; charset=utf-8";

/* A browser sends the names of its cookies as they were set. */
static bool find_cookie(const struct visit *visit, const char *name, char *ret_value, size_t size)
{
    char full[64];

    snprintf(full, sizeof(full), "%s%s", visit->panel->config->panel_is_insecure ? "" : "__Host-",
             name);
    return cookie_find(visit->request->cookies, full, ret_value, size);
}

/* A program shows its token, and then no cookie counts. */
static void find_caller(struct visit *visit)
{
    static const char bearer[] = "Bearer ";
    const char *shown = visit->request->authorization;

    /* Other kinds are for what stands in front, or of it: see sign_in_by_portal(). */
    if (shown != NULL && strncasecmp(shown, bearer, strlen(bearer)) == 0) {
        shown += strlen(bearer);
        visit->caller.is_program = true;
        visit->wants_json = true;
        visit->is_known = strncmp(shown, TOKEN_API_PREFIX, strlen(TOKEN_API_PREFIX)) == 0 &&
                          token_is_one(shown + strlen(TOKEN_API_PREFIX));
        visit->caller.hash = token_hash(shown);
        return;
    }
    if (find_cookie(visit, COOKIE_SESSION, visit->session, sizeof(visit->session)) &&
        token_is_one(visit->session)) {
        visit->is_known = true;
        visit->caller.hash = token_hash(visit->session);
        return;
    }
    if (!find_cookie(visit, COOKIE_VISITOR, visit->session, sizeof(visit->session)) ||
        !token_is_one(visit->session)) {
        visit->session[0] = '\0';
    }
}

void visit_begin(struct visit *visit)
{
    const char *accept = visit->request->accept;
    const char *languages = visit->request->accept_language;

    visit->wants_json = accept != NULL && strncmp(accept, "application/json", 16) == 0;
    visit->language =
        template_language(languages != NULL && strncasecmp(languages, "en", 2) == 0 ? "en" : "nl");
    find_caller(visit);
}

void visit_release(struct visit *visit)
{
    json_decref(visit->parts);
    json_decref(visit->query);
    json_decref(visit->form);
    json_decref(visit->person);
    explicit_bzero(visit->session, sizeof(visit->session));
}

json_t *visit_request(const struct visit *visit)
{
    json_t *request = json_object();

    (void)json_object_set(request, "path", visit->parts);
    (void)json_object_set(request, "query", visit->query);
    (void)json_object_set(request, "form", visit->form);
    return request;
}

bool visit_check_form(struct visit *visit)
{
    const char *site = visit->request->fetch_site;
    const char *proof = form_text(visit->form, "csrf");
    bool is_ours = visit->caller.is_program ||
                   ((site == NULL || strcmp(site, "same-origin") == 0) &&
                    visit->session[0] != '\0' && token_proves(visit->session, proof));

    if (!is_ours) {
        visit_problem(visit, 403);
        LOG_WARNING("a form was refused: no page of that session made it",
                    LOG_TEXT("route", visit->route->pattern));
    }
    form_wipe(visit->form, "csrf");
    return is_ours;
}

static const char *person_text(const struct visit *visit, const char *name)
{
    const char *text = json_string_value(json_object_get(visit->person, name));

    return text != NULL ? text : "";
}

static bool has_role(const struct visit *visit, const char *role)
{
    return strcmp(person_text(visit, "role"), role) == 0;
}

static bool is_of_operations(const struct visit *visit)
{
    return has_role(visit, "operations") || has_role(visit, "operations_readonly");
}

void visit_know(struct visit *visit, json_t *person)
{
    json_decref(visit->person);
    visit->person = person;
    visit->language = template_language(person_text(visit, "language"));
}

bool visit_check_right(struct visit *visit)
{
    bool may = true;

    switch (visit->route->who) {
    case ROUTE_ANYBODY:
    case ROUTE_PERSON:
        break;
    case ROUTE_MERCHANT:
        may = person_text(visit, "account_id")[0] != '\0';
        break;
    case ROUTE_CHANGE:
        may = has_role(visit, "merchant");
        break;
    case ROUTE_OPERATIONS:
        may = is_of_operations(visit);
        break;
    case ROUTE_MEND:
        may = has_role(visit, "operations");
        break;
    }
    if (!may) {
        visit_problem(visit, 403);
    }
    return may;
}

bool visit_goes_to_operations(struct visit *visit)
{
    bool goes = visit->is_known && is_of_operations(visit) &&
                strcmp(visit->route->pattern, "/") == 0 && !visit->wants_json;

    if (goes) {
        reply_redirect(visit->reply, "/ops");
    }
    return goes;
}

/* What the last page wanted to be said on this one: a key of a text, and a number. */
static void take_notice(struct visit *visit, json_t *around)
{
    char value[80];
    json_t *notice = json_object();

    if (!find_cookie(visit, COOKIE_NOTICE, value, sizeof(value))) {
        json_decref(notice);
        return;
    }

    size_t length = strcspn(value, ".");

    (void)json_object_set_new(notice, "count",
                              json_string(value[length] == '.' ? value + length + 1 : ""));
    value[length] = '\0';
    (void)json_object_set_new(notice, "name", json_string(value));
    reply_add_cookie(visit->reply, COOKIE_NOTICE, "", -1);
    (void)json_object_set_new(around, "notice", notice);
}

/* Forms are tied to the session, or before there is one, to a cookie that is nobody's. */
static void tie_forms(struct visit *visit, json_t *around)
{
    if (visit->session[0] == '\0' && !visit->caller.is_program) {
        struct token visitor = token_make();

        memcpy(visit->session, visitor.text, sizeof(visit->session));
        reply_add_cookie(visit->reply, COOKIE_VISITOR, visitor.text, 3600);
    }
    (void)json_object_set_new(around, "csrf", json_string(token_proof(visit->session).text));
    (void)json_object_set_new(around, "once", json_string(token_make().text));
}

/* Where in the menu a page is: the first row that its path begins with. */
static json_t *place_of(const char *path)
{
    static const struct {
        const char *path;
        const char *name;
    } places[] = {
        {"/orders/attention", "attention"},
        {"/orders", "orders"},
        {"/labels", "history"},
        {"/batches", "history"},
        {"/connect", "integrations"},
        {"/integrations", "integrations"},
        {"/ops/jobs", "jobs"},
        {"/ops/shops", "shops"},
        {"/ops/accounts", "shops"},
        {"/ops/processes", "processes"},
        {"/ops/apis", "apis"},
        {"/ops", "queue"},
        {"/me", "me"},
    };
    json_t *place = json_object();

    for (size_t i = 0; i < ARRAY_LENGTH(places); i++) {
        size_t length = strlen(places[i].path);

        if (strncmp(path, places[i].path, length) == 0 &&
            (path[length] == '\0' || path[length] == '/')) {
            (void)json_object_set_new(place, places[i].name, json_true());
            return place;
        }
    }
    if (strcmp(path, "/") == 0) {
        (void)json_object_set_new(place, "integrations", json_true());
    }
    return place;
}

/* What every template may use beside the answer. */
static json_t *make_around(struct visit *visit, const char *template)
{
    json_t *around = json_object();

    (void)json_object_set_new(around, "page", json_string(template));
    (void)json_object_set_new(around, "path", json_string(visit->request->path));
    (void)json_object_set_new(around, "at", place_of(visit->request->path));
    (void)json_object_set_new(around, "language", json_string(template_languages[visit->language]));
    (void)json_object_set(around, "query", visit->query);
    (void)json_object_set(around, "form", visit->form);
    (void)json_object_set(around, "asset", assets_addresses(visit->panel->assets));
    (void)json_object_set_new(around, "is_operations", json_boolean(is_of_operations(visit)));
    (void)json_object_set_new(around, "may_mend", json_boolean(has_role(visit, "operations")));
    (void)json_object_set_new(around, "may_change", json_boolean(has_role(visit, "merchant")));
    (void)json_object_set_new(around, "is_readonly", json_boolean(has_role(visit, "readonly")));
    (void)json_object_set_new(around, "has_account",
                              json_boolean(person_text(visit, "account_id")[0] != '\0'));
    if (visit->person != NULL) {
        (void)json_object_set(around, "me", visit->person);
    }
    take_notice(visit, around);
    tie_forms(visit, around);
    return around;
}

static void show_json(struct visit *visit, unsigned status, const char *type, const json_t *answer)
{
    AUTO(free) char *text = json_dumps(answer, JSON_COMPACT);

    reply_set_text(visit->reply, status, text);
    visit->reply->content_type = type;
}

void visit_show(struct visit *visit, unsigned status, const char *template, const json_t *answer)
{
    AUTO(json_decref) json_t *around = NULL;
    AUTO(buffer) struct buffer page = BUFFER_INIT(PAGE_LIMIT);
    const struct template *found = template != NULL ? template_find(template) : NULL;

    if (visit->wants_json || found == NULL) {
        show_json(visit, status, json, answer);
        return;
    }
    around = make_around(visit, template);
    if (!template_render(found, visit->language, around, answer, &page)) {
        LOG_ERROR("a page is too large", LOG_TEXT("template", template));
        reply_set_text(visit->reply, 500, "the page is too large\n");
        return;
    }
    reply_set_body(visit->reply, status, html, &page);
}

/* Whoever is signed in keeps his menu and his language on a page that is none, too. */
static void find_person(struct visit *visit)
{
    AUTO(call) struct call call = {.pool = NULL};
    struct error err = ERROR_INIT;
    bool is_known = false;

    if (call_begin(visit->panel->pool, &visit->caller, &call, &is_known, &err) && is_known) {
        visit_know(visit, json_incref(call.person));
    }
}

void visit_problem(struct visit *visit, unsigned status)
{
    visit_refuse(visit, status, NULL);
}

void visit_refuse(struct visit *visit, unsigned status, const json_t *answer)
{
    if (visit->is_known && visit->person == NULL && !visit->wants_json && status < 500) {
        find_person(visit);
    }

    AUTO(json_decref) json_t *problem = json_object();
    json_t *detail = json_object_get(answer, "problem");
    json_t *errors = json_object_get(answer, "errors");
    char key[40];

    snprintf(key, sizeof(key), "problem_%u", status);

    const char *title = template_text(key, visit->language);

    (void)json_object_set_new(problem, "status", json_integer((json_int_t)status));
    (void)json_object_set_new(problem, "title", json_string(title != NULL ? title : key));
    if (visit->wants_json) {
        (void)json_object_set_new(problem, "type", json_string("about:blank"));
        if (json_is_string(detail)) {
            (void)json_object_set(problem, "detail", detail);
        }
        if (json_is_object(errors)) {
            (void)json_object_set(problem, "errors", errors);
        }
        show_json(visit, status, problem_json, problem);
    } else {
        visit_show(visit, status, "problem", problem);
    }
    if (status == 503) {
        visit->reply->retry_after = 2;
    }
}

void visit_fail(struct visit *visit, const struct error *err)
{
    unsigned status = 500;

    if (err->code == ERROR_PERMISSION) {
        status = 403;
    } else if (err->code == ERROR_UNAVAILABLE || err->code == ERROR_LOCKED ||
               err->code == ERROR_CONNECTION) {
        status = 503;
    }
    LOG_WARNING("cannot answer", LOG_TEXT("route", visit->route->pattern),
                LOG_TEXT("error", err->text));
    visit_problem(visit, status);
}

bool visit_is_local(const char *address)
{
    if (address[0] != '/' || address[1] == '/' || strpbrk(address, "\\\r\n\t") != NULL) {
        return false;
    }
    for (const char *c = address; *c != '\0'; c++) {
        if (*c <= ' ' || *c > '~') {
            return false;
        }
    }
    return strlen(address) < REQUEST_TARGET_LIMIT;
}

void visit_sign_in(struct visit *visit)
{
    AUTO(buffer) struct buffer address = BUFFER_INIT((size_t)REQUEST_TARGET_LIMIT * 4);
    bool is_page = visit->request->method == REQUEST_GET && strcmp(visit->request->path, "/") != 0;

    if (visit->wants_json) {
        visit_problem(visit, 401);
        return;
    }
    /* What was asked for is the way back. */
    if (!buffer_append_text(&address, "/sign-in") ||
        (is_page && (!buffer_append_text(&address, "?next=") ||
                     !escape_url_part(visit->request->path, &address) ||
                     !escape_url_part(visit->request->query[0] != '\0' ? "?" : "", &address) ||
                     !escape_url_part(visit->request->query, &address)))) {
        visit_problem(visit, 400);
        return;
    }
    reply_redirect(visit->reply, address.bytes);
}
