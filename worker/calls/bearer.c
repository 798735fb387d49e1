/* One entry per environment and client id, each with at most one token call under way. */
#include "worker/calls/bearer.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"
#include "worker/api/boekuwzending/oauth_answer.h"
#include "worker/calls/redact.h"

/* A token is not used in its last minute, so that it does not expire on the way. */
#define MARGIN_S INT64_C(60)

struct bearer_waiter {
    struct bearer *bearer;
    bearer_done_callback *done;
    void *context;
    struct bearer_waiter *next;
};

struct bearer {
    struct bearers *owner;
    enum environment environment;
    char *client_id;
    char *token;         /* NULL: none */
    char *client_secret; /* while a call is under way, to hide it in the answer; else NULL */
    int64_t fetched_us;
    int64_t valid_until_us;
    struct http_call *call; /* the token call under way */
    struct bearer_waiter *waiters;
    struct bearer *next;
};

struct bearers {
    struct http_client *http;
    struct bearer *first;
};

struct bearers *bearers_new(struct http_client *http)
{
    struct bearers *bearers = xcalloc(1, sizeof(*bearers));

    bearers->http = http;
    return bearers;
}

static void free_waiters(struct bearer_waiter *waiter)
{
    while (waiter != NULL) {
        struct bearer_waiter *next = waiter->next;

        free(waiter);
        waiter = next;
    }
}

void bearers_free(struct bearers *bearers)
{
    if (bearers == NULL) {
        return;
    }
    while (bearers->first != NULL) {
        struct bearer *bearer = bearers->first;

        bearers->first = bearer->next;
        if (bearer->call != NULL) {
            http_cancel(bearers->http, bearer->call);
        }
        free_waiters(bearer->waiters);
        free_secret(bearer->token);
        free_secret(bearer->client_secret);
        free(bearer->client_id);
        free(bearer);
    }
    free(bearers);
}

static struct bearer *find(const struct bearers *bearers, enum environment environment,
                           const char *client_id)
{
    for (struct bearer *bearer = bearers->first; bearer != NULL; bearer = bearer->next) {
        if (bearer->environment == environment && strcmp(bearer->client_id, client_id) == 0) {
            return bearer;
        }
    }
    return NULL;
}

const char *bearers_find(const struct bearers *bearers, enum environment environment,
                         const char *client_id, int64_t now_us)
{
    const struct bearer *bearer = find(bearers, environment, client_id);

    return bearer != NULL && bearer->token != NULL && now_us < bearer->valid_until_us
               ? bearer->token
               : NULL;
}

static void forget_token(struct bearer *bearer)
{
    free_secret(bearer->token);
    bearer->token = NULL;
}

void bearers_drop(struct bearers *bearers, enum environment environment, const char *client_id,
                  int64_t sent_us)
{
    struct bearer *bearer = find(bearers, environment, client_id);

    if (bearer != NULL && bearer->fetched_us <= sent_us) {
        forget_token(bearer);
    }
}

/* Tells all who wait. A callback may wait again, so the list is taken off first. */
static void tell_waiters(struct bearer *bearer, const struct http_response *answer)
{
    struct bearer_waiter *waiter = bearer->waiters;

    bearer->waiters = NULL;
    while (waiter != NULL) {
        struct bearer_waiter *next = waiter->next;

        waiter->done(waiter->context, bearer->token, answer);
        free(waiter);
        waiter = next;
    }
}

static void on_token_answer(void *context, const struct http_response *answer)
{
    struct bearer *bearer = context;
    char problem[200] = "";
    int64_t lifetime_s = 0;
    struct http_response failure = *answer;

    bearer->call = NULL;
    forget_token(bearer);
    if (oauth_answer_read(answer, &bearer->token, &lifetime_s, problem, sizeof(problem))) {
        int64_t useful_s = lifetime_s > 2 * MARGIN_S ? lifetime_s - MARGIN_S : lifetime_s / 2;

        bearer->fetched_us = clock_monotonic_us();
        bearer->valid_until_us = bearer->fetched_us + useful_s * 1000000;
        LOG_DEBUG("got a bearer token", LOG_INT("lifetime", lifetime_s));

    } else {
        bearer->token = NULL;
        redact(problem, bearer->client_secret);
        LOG_WARNING("cannot get a bearer token", LOG_INT("status", answer->status),
                    LOG_TEXT("problem", problem), LOG_TEXT("trouble", answer->trouble));

        /* 400 is how OAuth2 servers refuse credentials, and a 2xx without token is no answer. */
        if (answer->transport == ERROR_CLASS_OK && answer->status == 400) {
            failure.status = 401;
        }
        if (answer->transport == ERROR_CLASS_OK && answer->status / 100 == 2) {
            failure.transport = ERROR_CLASS_UNREADABLE;
        }
        failure.refuses_credentials =
            answer->transport == ERROR_CLASS_OK && (failure.status == 401 || failure.status == 403);
        failure.body = "";
        failure.length = 0;
        failure.trouble = answer->transport == ERROR_CLASS_OK ? problem : answer->trouble;
    }
    free_secret(steal_ptr(&bearer->client_secret));

    tell_waiters(bearer, &failure);
}

/* The form of [BKZ-201]. The secret is wiped as soon as curl has its copy. */
static void fetch(struct bearer *bearer, const char *client_secret)
{
    char *id = curl_easy_escape(NULL, bearer->client_id, 0);
    char *secret = curl_easy_escape(NULL, client_secret, 0);
    struct http_request request = {
        .method = HTTP_POST,
        .api = API_BOEKUWZENDING,
        .environment = bearer->environment,
        .auth = HTTP_AUTH_NONE,
        .path = "/token",
        .is_form = true,
    };
    const struct http_secrets none = {.store_token = NULL};

    if (id == NULL || secret == NULL) {
        memory_exhausted();
    }
    request.body =
        xasprintf("grant_type=client_credentials&client_id=%s&client_secret=%s", id, secret);
    bearer->client_secret = xstrdup(client_secret);
    bearer->call = http_send(bearer->owner->http, &request, &none, on_token_answer, bearer);
    explicit_bzero(secret, strlen(secret));
    curl_free(secret);
    curl_free(id);
    free_secret(request.body);
}

static struct bearer *find_or_add(struct bearers *bearers, enum environment environment,
                                  const char *client_id)
{
    struct bearer *bearer = find(bearers, environment, client_id);

    if (bearer == NULL) {
        bearer = xcalloc(1, sizeof(*bearer));
        *bearer = (struct bearer){
            .owner = bearers,
            .environment = environment,
            .client_id = xstrdup(client_id),
            .next = bearers->first,
        };
        bearers->first = bearer;
    }
    return bearer;
}

struct bearer_waiter *bearers_wait(struct bearers *bearers, const struct bearer_request *request)
{
    struct bearer *bearer = find_or_add(bearers, request->environment, request->client_id);
    struct bearer_waiter *waiter = xcalloc(1, sizeof(*waiter));

    *waiter = (struct bearer_waiter){
        .bearer = bearer,
        .done = request->done,
        .context = request->context,
        .next = bearer->waiters,
    };
    bearer->waiters = waiter;
    if (bearer->call == NULL) {
        fetch(bearer, request->client_secret);
    }
    return waiter;
}

void bearers_cancel(struct bearers *bearers, struct bearer_waiter *waiter)
{
    (void)bearers;
    struct bearer_waiter **link = &waiter->bearer->waiters;
    while (*link != NULL && *link != waiter) {
        link = &(*link)->next;
    }
    if (*link != NULL) {
        *link = waiter->next;
    }
    free(waiter);
}

void bearers_redact(const struct bearers *bearers, const char *client_id, char *words)
{
    for (const struct bearer *bearer = bearers->first; bearer != NULL; bearer = bearer->next) {
        if (client_id != NULL && strcmp(bearer->client_id, client_id) == 0) {
            redact(words, bearer->token);
        }
    }
}
