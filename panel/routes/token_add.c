#include "panel/routes/token_add.h"

#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "panel/routes/page.h"
#include "panel/server/form.h"

/* Shows the page of the person with the token on it. */
static void show_token(struct visit *visit, const char *token)
{
    AUTO(json_decref) json_t *request = visit_request(visit);
    struct call_page page = {.caller = &visit->caller, .function = "panel_me", .request = request};
    struct error err = ERROR_INIT;
    bool done = call_page(visit->panel->pool, &page, &err);
    AUTO(json_decref) json_t *answer = page.answer;

    json_decref(page.person);
    if (!done || answer == NULL) {
        visit_fail(visit, &err);
        return;
    }
    (void)json_object_set_new(answer, "new_token", json_string(token));
    visit_show(visit, 201, "me", answer);
}

void token_add(struct visit *visit)
{
    struct token random = token_make();
    AUTO(free_secret) char *token = xasprintf(TOKEN_API_PREFIX "%s", random.text);
    struct token_hash hash = token_hash(token);

    explicit_bzero(&random, sizeof(random));
    if (!visit->is_known) {
        visit_sign_in(visit);
        return;
    }
    (void)json_object_set_new(visit->form, "token_hash", json_string(hash.text + 2));
    if (page_act(visit)) {
        /* The page that it would have been sent to shows the token. */
        free(steal_ptr(&visit->reply->location));
        memset(visit->reply->cookies, 0, sizeof(visit->reply->cookies));
        show_token(visit, token);
    }
}
