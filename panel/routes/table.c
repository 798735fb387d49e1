/* The table of routes. What is fixed comes before what has a name in braces. */
#include <stddef.h>

#include "common/cleanup.h"
#include "panel/routes/print.h"
#include "panel/routes/route.h"
#include "panel/routes/sign_in.h"
#include "panel/routes/token_add.h"

#define PAGE(path, right, name, page)                                                              \
    {                                                                                              \
        .method = REQUEST_GET, .pattern = (path), .who = (right), .function = "panel_" name,       \
        .template = (page)                                                                         \
    }

/* `page` is shown again, with what was typed, when something is wrong with it. */
#define ACTION(path, right, name, page)                                                            \
    {                                                                                              \
        .method = REQUEST_POST, .pattern = (path), .who = (right), .function = "panel_" name,      \
        .template = (page)                                                                         \
    }

/* An action whose field `token` is sealed before it goes anywhere. */
#define SEALED(path, right, name, page)                                                            \
    {                                                                                              \
        .method = REQUEST_POST, .pattern = (path), .who = (right), .function = "panel_" name,      \
        .template = (page), .secret = "token"                                                      \
    }

/* What is asked for hundreds of orders at once takes ten milliseconds for each. */
#define OF_MANY(verb, path, name, page)                                                            \
    {                                                                                              \
        .method = (verb), .pattern = (path), .who = ROUTE_CHANGE, .function = "panel_" name,       \
        .template = (page), .patience = "30 seconds"                                               \
    }

#define OWN(verb, path, right, how)                                                                \
    {                                                                                              \
        .method = (verb), .pattern = (path), .who = (right), .handler = (how)                      \
    }

const struct route routes[] = {
    OWN(REQUEST_GET, "/health", ROUTE_ANYBODY, show_health),
    OWN(REQUEST_GET, "/sign-in", ROUTE_ANYBODY, sign_in_show),
    OWN(REQUEST_POST, "/sign-in", ROUTE_ANYBODY, sign_in_try),
    OWN(REQUEST_POST, "/sign-out", ROUTE_ANYBODY, sign_out),
    OWN(REQUEST_GET, "/portal", ROUTE_ANYBODY, sign_in_by_portal),
    OWN(REQUEST_POST, "/portal", ROUTE_ANYBODY, sign_in_by_portal),

    PAGE("/", ROUTE_PERSON, "integrations", "integrations"),
    PAGE("/connect", ROUTE_MERCHANT, "connect", "connect"),
    SEALED("/connect", ROUTE_CHANGE, "connect_shop", "connect"),
    PAGE("/integrations/{id}", ROUTE_MERCHANT, "integration", "integration"),
    ACTION("/integrations/{id}/pause", ROUTE_CHANGE, "integration_pause", "integration"),
    ACTION("/integrations/{id}/resume", ROUTE_CHANGE, "integration_resume", "integration"),
    ACTION("/integrations/{id}/poll", ROUTE_CHANGE, "integration_poll", "integration"),
    SEALED("/integrations/{id}/token", ROUTE_CHANGE, "integration_token", "integration"),
    ACTION("/integrations/{id}/disconnect", ROUTE_CHANGE, "integration_disconnect", "integration"),

    PAGE("/orders", ROUTE_MERCHANT, "orders", "orders"),
    PAGE("/orders/not-imported", ROUTE_MERCHANT, "not_imported", "not_imported"),
    PAGE("/orders/attention", ROUTE_MERCHANT, "attention", "attention"),
    OF_MANY(REQUEST_GET, "/orders/label", "label", "label"),
    OF_MANY(REQUEST_POST, "/orders/label", "dispatch", "label"),
    OF_MANY(REQUEST_POST, "/orders/label/quote", "quote", "label"),
    PAGE("/orders/{id}", ROUTE_MERCHANT, "order", "order"),
    ACTION("/orders/{id}/address", ROUTE_CHANGE, "order_address", "order"),
    ACTION("/orders/{id}/looked", ROUTE_CHANGE, "order_looked", "order"),
    PAGE("/batches", ROUTE_MERCHANT, "batches", "batches"),
    PAGE("/batches/{id}", ROUTE_MERCHANT, "batch", "batch"),

    PAGE("/labels/history", ROUTE_MERCHANT, "prints", "prints"),
    ACTION("/labels/print", ROUTE_CHANGE, "print", "print"),
    PAGE("/labels/print/{id}", ROUTE_MERCHANT, "print_status", "print"),
    OWN(REQUEST_GET, "/labels/print/{id}/pdf", ROUTE_CHANGE, print_pdf),

    PAGE("/ops", ROUTE_OPERATIONS, "ops", "ops"),
    PAGE("/ops/course", ROUTE_OPERATIONS, "ops_course", "ops_course"),
    PAGE("/ops/jobs", ROUTE_OPERATIONS, "ops_jobs", "ops_jobs"),
    ACTION("/ops/jobs/retry", ROUTE_MEND, "ops_job_retry", "ops_jobs"),
    ACTION("/ops/jobs/cancel", ROUTE_MEND, "ops_job_cancel", "ops_jobs"),
    PAGE("/ops/jobs/redrive", ROUTE_OPERATIONS, "ops_preview", "ops_redrive"),
    ACTION("/ops/jobs/redrive", ROUTE_MEND, "ops_redrive", "ops_redrive"),
    PAGE("/ops/jobs/{id}", ROUTE_OPERATIONS, "ops_job", "ops_job"),
    ACTION("/ops/jobs/{id}/retry", ROUTE_MEND, "ops_job_retry", "ops_job"),
    ACTION("/ops/jobs/{id}/cancel", ROUTE_MEND, "ops_job_cancel", "ops_job"),
    PAGE("/ops/shops", ROUTE_OPERATIONS, "ops_shops", "ops_shops"),
    ACTION("/ops/shops/{id}/pause", ROUTE_MEND, "ops_shop_pause", "ops_shops"),
    ACTION("/ops/shops/{id}/resume", ROUTE_MEND, "ops_shop_resume", "ops_shops"),
    ACTION("/ops/shops/{id}/poll", ROUTE_MEND, "ops_shop_poll", "ops_shops"),
    PAGE("/ops/accounts", ROUTE_OPERATIONS, "ops_accounts", "ops_accounts"),
    ACTION("/ops/accounts/{id}/check", ROUTE_MEND, "ops_account_check", "ops_accounts"),
    PAGE("/ops/processes", ROUTE_OPERATIONS, "ops_processes", "ops_processes"),
    PAGE("/ops/apis", ROUTE_OPERATIONS, "ops_apis", "ops_apis"),
    ACTION("/ops/apis/{id}/block", ROUTE_MEND, "ops_block", "ops_apis"),

    PAGE("/me", ROUTE_PERSON, "me", "me"),
    ACTION("/me/language", ROUTE_PERSON, "me_language", "me"),
    {.method = REQUEST_POST,
     .pattern = "/me/tokens",
     .who = ROUTE_CHANGE,
     .function = "panel_token_add",
     .template = "me",
     .handler = token_add},
    ACTION("/me/tokens/{id}/remove", ROUTE_CHANGE, "token_remove", "me"),
};

const size_t route_count = ARRAY_LENGTH(routes);
