#include "panel/routes/sign_in.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/memory.h"
#include "common/metrics.h"
#include "panel/database/plain.h"
#include "panel/server/form.h"
#include "panel/session/password.h"

#define LOGIN_LIMIT 200
#define AGENT_LIMIT 200

#define TRIED(outcome)                                                                             \
    METRIC_OF("koppeling_panel_sign_ins_total", "Attempts to sign in.", "outcome", outcome)

enum outcome { RIGHT, WRONG, WAIT };

static struct metric tried[] = {
    [RIGHT] = TRIED("right"), [WRONG] = TRIED("wrong"), [WAIT] = TRIED("wait")};

void sign_in_show_metrics(void)
{
    for (size_t i = 0; i < ARRAY_LENGTH(tried); i++) {
        metric_add(&tried[i], 0);
    }
}

/* The form, with what was typed but for the password, and why it comes again. */
static void show_form(struct visit *visit, unsigned status, const char *trouble, int64_t wait)
{
    AUTO(json_decref) json_t *page = json_object();
    const char *next = form_text(visit->query, "next");

    if (next[0] == '\0') {
        next = form_text(visit->form, "next");
    }
    (void)json_object_set_new(page, "next", json_string(visit_is_local(next) ? next : ""));
    (void)json_object_set_new(page, "login", json_string(form_text(visit->form, "login")));
    (void)json_object_set_new(page, "wait", json_integer(wait));
    (void)json_object_set_new(page, "by_proxy",
                              json_boolean(visit->panel->config->proxy_secret != NULL));
    if (trouble != NULL) {
        (void)json_object_set_new(page, "trouble", json_string(trouble));
        (void)json_object_set_new(page, "status", json_integer(status));
    }
    visit_show(visit, status, "sign_in", page);
    visit->reply->retry_after = (int)wait;
}

void sign_in_show(struct visit *visit)
{
    show_form(visit, 200, NULL, 0);
}

void sign_in_done(struct visit *visit, const struct token *token)
{
    const char *next =
        form_text(visit->request->method == REQUEST_POST ? visit->form : visit->query, "next");

    reply_add_cookie(visit->reply, COOKIE_SESSION, token->text, 0);
    reply_add_cookie(visit->reply, COOKIE_VISITOR, "", -1);
    reply_redirect(visit->reply, visit_is_local(next) ? next : "/");
}

struct attempt {
    const char *login;
    const char *address;
    char *user_id; /* owned; NULL: nobody has that login */
    char *hash;    /* owned; NULL */
    int64_t wait_seconds;
};

static void attempt_release(struct attempt *attempt)
{
    free(attempt->user_id);
    free_secret(attempt->hash);
}

static inline void attempt_cleanup(struct attempt *attempt)
{
    attempt_release(attempt);
}

static bool begin_attempt(struct pool *pool, struct attempt *attempt, struct error *err)
{
    static const char *const columns[] = {"user_id", "password_hash", "wait_seconds", NULL};
    const struct batch_statement statement = {.name = "panel_sign_in_begin",
                                              .parameter_count = 2,
                                              .parameters = {attempt->login, attempt->address}};
    AUTO(PQclear) PGresult *result = NULL;

    if (!plain_run(pool, &statement, &result, err)) {
        return false;
    }
    database_expect(result, columns);
    attempt->user_id = xstrdup(database_text(result, 0, 0));
    attempt->hash = xstrdup(database_text(result, 0, 1));
    attempt->wait_seconds = database_integer(result, 0, 2);
    return true;
}

static bool end_attempt(struct visit *visit, const struct attempt *attempt, bool is_right,
                        const struct token *token, struct error *err)
{
    struct token_hash hash = token_hash(token->text);
    const char *agent = visit->request->user_agent;
    AUTO(free) char *browser = xasprintf("%.*s", AGENT_LIMIT, agent != NULL ? agent : "");
    AUTO(PQclear) PGresult *result = NULL;

    for (char *c = browser; *c != '\0'; c++) {
        *c = *c < ' ' || *c > '~' ? '?' : *c;
    }

    const struct batch_statement statement = {.name = "panel_sign_in_end",
                                              .parameter_count = 5,
                                              .parameters = {attempt->user_id, is_right ? "t" : "f",
                                                             is_right ? hash.text : NULL,
                                                             attempt->address, browser}};

    return plain_run(visit->panel->pool, &statement, &result, err);
}

/* Whether the login and the password are right; false with a reply made, or with an error. */
static bool check(struct visit *visit, const struct attempt *attempt, bool *ret_is_right,
                  struct error *err)
{
    const char *password = form_text(visit->form, "password");

    return password_check(attempt->hash, password, ret_is_right, err);
}

static bool try_password(struct visit *visit, struct attempt *attempt, struct error *err)
{
    bool is_right = false;

    if (!begin_attempt(visit->panel->pool, attempt, err)) {
        return false;
    }
    if (attempt->wait_seconds > 0) {
        metric_add(&tried[WAIT], 1);
        show_form(visit, 429, "wait", attempt->wait_seconds);
        return true;
    }

    struct token token = token_make();

    if (!check(visit, attempt, &is_right, err) ||
        !end_attempt(visit, attempt, is_right, &token, err)) {
        return false;
    }
    metric_add(&tried[is_right ? RIGHT : WRONG], 1);
    if (is_right) {
        sign_in_done(visit, &token);
    } else {
        show_form(visit, 422, "wrong", 0);
    }
    explicit_bzero(&token, sizeof(token));
    return true;
}

void sign_in_try(struct visit *visit)
{
    AUTO(attempt)
    struct attempt attempt = {.login = form_text(visit->form, "login"),
                              .address = visit->request->address};
    struct error err = ERROR_INIT;

    if (!visit_check_form(visit)) {
        return;
    }
    if (attempt.login[0] == '\0' || strlen(attempt.login) > LOGIN_LIMIT) {
        show_form(visit, 422, "wrong", 0);
    } else if (!try_password(visit, &attempt, &err)) {
        visit_fail(visit, &err);
    }
    form_wipe(visit->form, "password");
}

void sign_out(struct visit *visit)
{
    bool everywhere = form_text(visit->form, "everywhere")[0] != '\0';
    const struct batch_statement statement = {
        .name = "panel_sign_out",
        .parameter_count = 2,
        .parameters = {visit->caller.hash.text, everywhere ? "t" : "f"}};
    AUTO(PQclear) PGresult *result = NULL;
    struct error err = ERROR_INIT;

    if (!visit_check_form(visit)) {
        return;
    }
    if (visit->is_known && !visit->caller.is_program &&
        !plain_run(visit->panel->pool, &statement, &result, &err)) {
        visit_fail(visit, &err);
        return;
    }
    reply_add_cookie(visit->reply, COOKIE_SESSION, "", -1);
    reply_redirect(visit->reply, "/sign-in");
}

void show_health(struct visit *visit)
{
    reply_set_text(visit->reply, 200, "ok\n");
}
