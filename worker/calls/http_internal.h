/*
 * What the files of the HTTP client share: http.c (calls and their life), http_request.c (what is
 * sent), http_origin.c (when, and over which connection), http_answer.c (what comes back),
 * http_stall.c (what comes too slowly). For them alone; everybody else includes http.h.
 */
#ifndef WORKER_CALLS_HTTP_INTERNAL_H
#define WORKER_CALLS_HTTP_INTERNAL_H

#include <curl/curl.h>

#include "common/buffer.h"
#include "worker/calls/gate.h"
#include "worker/calls/http.h"

struct http_call {
    CURL *easy;
    struct curl_slist *headers; /* of this request alone; NULL: the client's usual ones */
    struct curl_slist id;       /* stands before those; no allocation is made for it */
    char id_line[sizeof("X-Request-Id: ") + HTTP_ID_SIZE];
    struct http_client *client;
    struct buffer body;
    char retry_after[64];
    char content_type[100];
    const char *packing_trouble; /* what to say if it cannot be unpacked; NULL: it is not packed */
    size_t header_bytes;
    bool headers_ended;
    bool is_too_large;
    unsigned trust;      /* with which certificates of the client its handle is set up */
    const char *trouble; /* what is wrong with the answer, where curl would not know; NULL */
    int64_t window_us;   /* the body: since when its speed is measured */
    size_t window_bytes; /* and what has come in since */
    bool not_repeatable;
    bool wants_pdf; /* it is bytes, not text, and may be larger */
    bool is_secret; /* the answer is a token: wiped as soon as it was read */
    struct http_origin *origin;
    int64_t asked_us;     /* when the owner asked for it … */
    int64_t queued_us;    /* … and since when it waits for a connection */
    int64_t left_us;      /* when the request left, if it has */
    bool has_left;        /* its request, over some connection */
    bool has_opened;      /* a connection was opened for it */
    bool awaits_greeting; /* its connection was opened for it, and nothing came in over it yet */
    int descriptor;       /* of the connection that was opened for it */
    bool goes_again;      /* it comes back into the queue when curl is done with it */
    int tries;
    http_done_callback *done;
    void *context;
    struct http_call_list *list; /* of the client that it is on */
    struct http_call *previous;  /* there */
    struct http_call *next;      /* there, or in the free list */
};

struct http_call_list {
    struct http_call *first;
    struct http_call *last;
};

enum { HTTP_ORIGIN_SHOPS, HTTP_ORIGIN_BOOKING, HTTP_ORIGIN_STAGING, HTTP_ORIGINS };

/* An API in an environment. */
struct http_origin {
    struct gate gate;
    bool is_tls;
    bool has_answered;
    bool is_multiplexed;           /* its last answer came so */
    struct http_call_list queue;   /* calls that curl does not know of yet */
    struct http_call_list looking; /* calls that curl has, and whose request has not left */
};

/* Bodies come in one after the other: a few buffers serve all calls. */
enum { HTTP_SPARE_BODIES = 8 };

/* Connections on which a greeting is awaited; of more than that it is not. */
enum { HTTP_GREETINGS = 64 };

struct http_client {
    const struct config *config;
    CURLM *multi;
    int epoll;
    uint32_t tag;
    int64_t deadline_us;
    char *ca_file;                    /* certificates that vouch for the services; NULL: curl's */
    unsigned trust;                   /* how often they were read anew */
    struct curl_slist *usual_headers; /* of a request without body and bearer token */
    CURLSH *sessions;                 /* TLS sessions, to be resumed */
    struct http_origin origins[HTTP_ORIGINS];
    struct http_call *greeting[HTTP_GREETINGS]; /* those that await one */
    int greeting_count;
    struct http_call_list waiting;   /* calls whose request has left: without a byte of the body */
    struct http_call_list receiving; /* and with one; the one that is slow for longest first */
    struct http_call *spare;
    struct buffer spare_bodies[HTTP_SPARE_BODIES];
    size_t spare_body_count;
};

/* Makes the easy handle of a call ask what the request asks. The request and the secrets may go
 * afterwards; curl has copies. */
void http_request_set(struct http_call *call, const struct http_request *request,
                      const struct http_secrets *secrets);

/* Wipes and frees what http_request_set() left in a call that is over. */
void http_request_clear(struct http_call *call);

/* The headers of a request without body and bearer token. The caller frees. */
struct curl_slist *http_request_usual_headers(void);

/* Puts a call that is on no list at the end of one, and takes it off. */
void http_call_enter(struct http_call *call, struct http_call_list *list);
void http_call_leave(struct http_call *call);

/* The origins, before the first call. */
void http_origins_init(struct http_client *client);

/* Where a request goes. */
struct http_origin *http_origin_of(struct http_client *client, const struct http_request *request);

/* Makes the easy handle of a new call tell of connections. */
void http_origin_set_up(struct http_call *call);

/* Puts a call that is on no list into the queue of its origin; curl gets it as soon as may be. */
void http_origin_enter(struct http_call *call);

/* Gives curl the calls that may go now. True when there were some: curl wants to run. */
bool http_origins_let_in(struct http_client *client);

/* Something came in over the connection of that descriptor. */
void http_origins_received(struct http_client *client, int descriptor);

/* An answer to the call has begun to come in. */
void http_origin_heard(struct http_call *call);

/* A call has ended with that code. True when it is not over: it goes into the queue again. */
bool http_origin_end(struct http_call *call, CURLcode code);

/* A call is stopped, wherever it is. */
void http_origin_cancel(struct http_call *call);

/* A call that has waited too long for a connection, with that as its trouble; NULL: there is
 * none. */
struct http_call *http_origins_find_late(const struct http_client *client, int64_t now_us);

/* When http_origins_let_in() or http_origins_find_late() has something to do, if nothing happens
 * before; INT64_MAX for never. */
int64_t http_origins_deadline_us(const struct http_client *client);

/* So many bytes of the body have come in. */
void http_stall_received(struct http_call *call, size_t length);

/* When http_stall_find() will find one, if nothing more comes in; INT64_MAX for never. */
int64_t http_stall_deadline_us(const struct http_client *client);

/* A call whose body comes in too slowly, with that as its trouble; NULL: there is none. */
struct http_call *http_stall_find(const struct http_client *client, int64_t now_us);

/* Makes the easy handle of a new call, which has no body yet, put its answer into the call. */
void http_answer_set_up(struct http_call *call);

/* The answer to a call that ended with that code, or why there is none; borrowed from the call. */
struct http_response http_answer_read(struct http_call *call, CURLcode code);

/* Leaves a call as it was before its answer; the body is the caller's, to be given back. */
struct buffer http_answer_clear(struct http_call *call);

/* Wipes a body that is secret; the buffer may serve another call. */
void http_body_give_back(struct http_client *client, struct buffer *body, bool is_secret);

#endif
