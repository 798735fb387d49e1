#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"
#include "panel/database/plain.h"
#include "panel/routes/sign_in.h"
#include "panel/server/form.h"
#include "panel/session/portal_token.h"
#include "panel/session/proxy_identity.h"

/* False with an error; *ret_reason, which the caller frees, says why the database will not have the
 * token: NULL, and there is a session. */
static bool enter(struct visit *visit, json_t *claims, const struct token *token, char **ret_reason,
                  struct error *err)
{
    struct token_hash hash = token_hash(token->text);
    AUTO(free) char *text = NULL;
    AUTO(PQclear) PGresult *result = NULL;

    (void)json_object_set_new(claims, "address", json_string(visit->request->address));
    text = json_dumps(claims, JSON_COMPACT);

    const struct batch_statement statement = {
        .name = "panel_portal_enter", .parameter_count = 2, .parameters = {text, hash.text}};

    if (!plain_run(visit->panel->pool, &statement, &result, err)) {
        return false;
    }
    *ret_reason = xstrdup(database_text(result, 0, 0));
    return true;
}

static void refuse(struct visit *visit, const char *why)
{
    LOG_WARNING("a portal's token was refused", LOG_TEXT("reason", why));
    visit_problem(visit, 403);
}

/* As enter(), for a login that a proxy names. */
static bool enter_login(struct visit *visit, const char *login, const struct token *token,
                        char **ret_reason, struct error *err)
{
    struct token_hash hash = token_hash(token->text);
    AUTO(PQclear) PGresult *result = NULL;
    const struct batch_statement statement = {
        .name = "panel_proxy_enter",
        .parameter_count = 3,
        .parameters = {login, hash.text, visit->request->address}};

    if (!plain_run(visit->panel->pool, &statement, &result, err)) {
        return false;
    }
    *ret_reason = xstrdup(database_text(result, 0, 0));
    return true;
}

/* A proxy that has signed somebody in says who: not by its word alone, since whoever reaches the
 * panel beside it could say the same, but with the secret that they share. */
static void sign_in_by_proxy(struct visit *visit)
{
    char login[PROXY_LOGIN_SIZE] = "";
    AUTO(free) char *reason = NULL;
    struct error err = ERROR_INIT;

    if (!visit->request->is_from_proxy) {
        (void)error_set(&err, ERROR_DATA, "it comes from none of KOPPELING_PANEL_PROXIES");
    }
    if (!visit->request->is_from_proxy ||
        !proxy_identity_open(visit->request->authorization, visit->panel->config->proxy_secret,
                             login, &err)) {
        LOG_WARNING("what a proxy says was not believed", LOG_TEXT("reason", err.text));
        visit_problem(visit, 403);
        return;
    }

    struct token token = token_make();

    if (!enter_login(visit, login, &token, &reason, &err)) {
        visit_fail(visit, &err);
    } else if (reason != NULL) {
        LOG_WARNING("somebody whom a proxy has signed in may not in here",
                    LOG_TEXT("reason", reason));
        visit_problem(visit, 403);
    } else {
        sign_in_done(visit, &token);
    }
    explicit_bzero(&token, sizeof(token));
}

void sign_in_by_portal(struct visit *visit)
{
    const json_t *fields = visit->request->method == REQUEST_POST ? visit->form : visit->query;
    const char *key = visit->panel->config->portal_key;
    AUTO(json_decref) json_t *claims = NULL;
    AUTO(free) char *reason = NULL;
    struct error err = ERROR_INIT;

    if (visit->panel->config->proxy_secret != NULL && json_object_get(fields, "token") == NULL) {
        sign_in_by_proxy(visit);
        return;
    }
    if (key == NULL) {
        visit_problem(visit, 404);
        return;
    }
    if (!portal_token_open(form_text(fields, "token"), key, clock_wall_us() / 1000000, &claims,
                           &err)) {
        refuse(visit, err.text);
        return;
    }

    struct token token = token_make();

    if (!enter(visit, claims, &token, &reason, &err)) {
        visit_fail(visit, &err);
    } else if (reason != NULL) {
        refuse(visit, reason);
    } else {
        sign_in_done(visit, &token);
    }
    explicit_bzero(&token, sizeof(token));
}
