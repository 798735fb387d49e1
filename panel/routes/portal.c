#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "panel/database/plain.h"
#include "panel/routes/sign_in.h"
#include "panel/server/form.h"
#include "panel/session/portal_token.h"

static bool enter(struct visit *visit, const json_t *claims, const struct token *token,
                  struct error *err)
{
    struct token_hash hash = token_hash(token->text);
    AUTO(free) char *text = json_dumps(claims, JSON_COMPACT);
    const struct batch_statement statement = {
        .name = "panel_portal_enter", .parameter_count = 2, .parameters = {text, hash.text}};
    AUTO(PQclear) PGresult *result = NULL;

    return plain_run(visit->panel->pool, &statement, &result, err);
}

void sign_in_by_portal(struct visit *visit)
{
    const json_t *fields = visit->request->method == REQUEST_POST ? visit->form : visit->query;
    const char *key = visit->panel->config->portal_key;
    AUTO(json_decref) json_t *claims = NULL;
    struct error err = ERROR_INIT;

    if (key == NULL) {
        visit_problem(visit, 404);
        return;
    }
    if (!portal_token_open(form_text(fields, "token"), key, clock_wall_us() / 1000000, &claims,
                           &err)) {
        LOG_WARNING("a portal's token was refused", LOG_TEXT("error", err.text));
        visit_problem(visit, 403);
        return;
    }

    struct token token = token_make();

    if (enter(visit, claims, &token, &err)) {
        sign_in_done(visit, &token);
    } else if (err.code == ERROR_INTERNAL) {
        /* The database says no: used before, an account that is not there. */
        LOG_WARNING("a portal's token was refused", LOG_TEXT("error", err.text));
        visit_problem(visit, 403);
    } else {
        visit_fail(visit, &err);
    }
    explicit_bzero(&token, sizeof(token));
}
