/*
 * What a job kind asks of a remote service and what it gets back. Plain records: no curl here.
 *
 * Neither holds a secret. The HTTP client adds the base address, the store token (Mijnwebwinkel
 * takes it in the query string) or the bearer token (Boekuwzending) at the moment of sending, so
 * that a request can be logged whole.
 */
#ifndef WORKER_API_HTTP_MESSAGE_H
#define WORKER_API_HTTP_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "worker/api/error_class.h"

enum api {
    API_LOCAL,         /* no remote call at all: ping */
    API_MIJNWEBWINKEL, /* has one environment only, the live one */
    API_BOEKUWZENDING,
};

enum environment {
    ENVIRONMENT_NONE,
    ENVIRONMENT_STAGING,
    ENVIRONMENT_PRODUCTION,
};

enum http_method { HTTP_GET, HTTP_POST, HTTP_PUT, HTTP_PATCH, HTTP_DELETE };

/* Which credential the HTTP client adds. */
enum http_auth {
    HTTP_AUTH_STORE,   /* Mijnwebwinkel: token and partner_token in the query */
    HTTP_AUTH_PARTNER, /* Mijnwebwinkel: partner_token only (GET /v1/orderstatuses) */
    HTTP_AUTH_BEARER,  /* Boekuwzending: Authorization: Bearer */
    HTTP_AUTH_NONE,    /* nothing: the request that asks for a bearer token */
};

/* Room for "koppeling-9223372036854775807-2147483647-2147483647". */
enum { HTTP_ID_SIZE = 56 };

struct http_request {
    enum http_method method;
    enum api api;
    enum environment environment;
    enum http_auth auth;
    char path[512];   /* "/v1/orders/20411"; already percent-encoded */
    char query[2048]; /* "limit=100&offset=0" without '?'; already percent-encoded; "" for none */
    const char *id;   /* goes as X-Request-Id; shorter than HTTP_ID_SIZE; borrowed; NULL */
    char *body;       /* JSON text or NULL; owned by the request, freed by http_request_release() */
    bool is_form;     /* the body is a form, not JSON: the OAuth2 token request */
    bool wants_pdf;   /* the answer is a PDF of up to 20 MiB, taken as it is; else text, 16 MiB */
    bool
        save_first; /* all writes so far must be durable, and none objected to, before it is sent */
    bool not_repeatable; /* sending it twice costs money: an unknown outcome is told as such */
};

/* One answer, or the reason why there is none. Valid only during the call that it is passed to. */
struct http_response {
    /* ERROR_CLASS_OK when an HTTP answer came whole, whatever its status; else TIMEOUT, NETWORK,
     * TLS, UNREADABLE (too large or malformed) or UNKNOWN_OUTCOME (not_repeatable, perhaps
     * done). */
    enum error_class transport;
    int status;       /* HTTP status; 0 without an answer */
    const char *body; /* zero-terminated; never NULL */
    size_t length;
    int64_t took_ms; /* from when it was asked for until it had come */
    int64_t
        retry_after_ms; /* from Retry-After (seconds or date), clamped to an hour; -1 when absent */
    /* What went wrong in words when transport is not OK; with an answer only of a call that was not
     * sent, since no bearer token could be had: what was said to that. Else "". */
    const char *trouble;
    /* Why the database objected to a request with save_first, which was not sent then: what it is
     * about has changed since the job was claimed. NULL: it did not. */
    const char *objection;
    /* A success that is larger than the limit of its kind, as its Content-Length or its bytes said:
     * to ask again would only fetch it again. The transport is UNREADABLE or UNKNOWN_OUTCOME. */
    bool is_too_large;
    /* The call was not sent, since the service refused the credentials of the account when it was
     * asked for a bearer token; status says how. */
    bool refuses_credentials;
    /* A shop refused the call, and its service refuses our partner token too: there is no answer
     * (transport), and nobody but the operator can help. */
    bool refuses_partner;
};

/* "mijnwebwinkel", as koppeling.api has it; "local" for none. A constant. */
const char *api_name(enum api api);

/* Frees the body. The request may be used again. */
void http_request_release(struct http_request *request);

#endif
