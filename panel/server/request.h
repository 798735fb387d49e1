/*
 * What a browser asks, and what it gets. The server fills the one and sends the other; the routes
 * are between and know no HTTP library.
 */
#ifndef PANEL_SERVER_REQUEST_H
#define PANEL_SERVER_REQUEST_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/buffer.h"

#define REQUEST_BODY_LIMIT   1048576
#define REQUEST_TARGET_LIMIT 8192

enum request_method { REQUEST_GET, REQUEST_POST, REQUEST_OTHER };

/* Headers are NULL when they are not there. All of it lives as long as the request. */
struct request {
    enum request_method method;
    const char *path;  /* as it was sent, without the query; begins with a slash */
    const char *query; /* what stands behind the question mark, or "" */
    const char *accept;
    const char *accept_language;
    const char *authorization;
    const char *content_type;
    const char *cookies;
    const char *fetch_site; /* Sec-Fetch-Site */
    const char *forwarded_for;
    const char *idempotency_key;
    const char *if_none_match;
    const char *user_agent;
    const char *origin;
    const char *host;
    char address[64];   /* of the other side, numeric */
    bool is_from_proxy; /* one of ours passed it on */
    struct buffer body;
};

#define REPLY_COOKIES 3

struct reply_cookie {
    const char *name; /* a constant; NULL: none. "__Host-" is put before it */
    char value[96];
    int seconds; /* how long it is kept; 0: until the browser is closed; -1: it is deleted */
};

struct reply {
    unsigned status;
    const char *content_type; /* a constant */
    char *bytes;              /* owned, from malloc(); NULL when there is none */
    size_t length;
    const char *lasting; /* instead of bytes: content that lasts as long as the process */
    char *location;      /* owned; NULL */
    char *file_name;     /* owned; NULL: for Content-Disposition */
    const char *allow;   /* with 405 */
    const char *etag;    /* lasting as well: this content may be cached */
    int retry_after;     /* seconds; 0: nothing is said */
    struct reply_cookie cookies[REPLY_COOKIES];
};

/* Frees what the reply owns. */
void reply_release(struct reply *reply);

static inline void reply_cleanup(struct reply *reply)
{
    reply_release(reply);
}

/* Takes over the bytes of a buffer. */
void reply_set_body(struct reply *reply, unsigned status, const char *content_type,
                    struct buffer *body);

/* A short text. */
void reply_set_text(struct reply *reply, unsigned status, const char *text);

/* "See other": the browser asks for that page next. `location` is copied. */
void reply_redirect(struct reply *reply, const char *location);

/* Adds a cookie; there is always room for those that a reply may set. */
void reply_add_cookie(struct reply *reply, const char *name, const char *value, int seconds);

#endif
