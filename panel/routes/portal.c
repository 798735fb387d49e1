#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"
#include "panel/database/plain.h"
#include "panel/routes/sign_in.h"
#include "panel/server/form.h"
#include "panel/session/portal_token.h"

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

void sign_in_by_portal(struct visit *visit)
{
    const json_t *fields = visit->request->method == REQUEST_POST ? visit->form : visit->query;
    const char *key = visit->panel->config->portal_key;
    AUTO(json_decref) json_t *claims = NULL;
    AUTO(free) char *reason = NULL;
    struct error err = ERROR_INIT;

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
