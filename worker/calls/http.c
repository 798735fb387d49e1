/*
 * curl multi in the thread's epoll set.
 *
 * DESIGN. curl says which sockets it waits for (on_socket_wanted) and when it wants to be woken
 * (on_timer_wanted); the thread's loop does the waiting. Easy handles are expensive to make, so
 * finished ones are kept on a free list. A call is ended in one place only, finish_call().
 */
#include "worker/calls/http.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "common/buffer.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"

/* A page of 100 orders is some 200 kB; anything near this is not an answer to what we asked. */
#define BODY_LIMIT (16U << 20)
/* Some 500 bytes are usual. */
#define HEADERS_LIMIT      (64U << 10)
#define URL_LIMIT          8192
#define CONNECT_TIMEOUT_MS 10000L
/* A peer that drips slower than this for ten seconds is not answering. */
#define LOW_SPEED_BYTES   50L
#define LOW_SPEED_SECONDS 10L
/* What curl reads at a time. Each call has a buffer of this size, so it decides what thousands of
 * calls in flight weigh. */
#define READ_BYTES 4096L
/* Bodies come in one after the other: a few buffers serve all calls. A larger one is given back. */
#define SPARE_BODIES     8
#define SPARE_BODY_BYTES ((size_t)64 << 10)

struct http_call {
    CURL *easy;
    struct curl_slist *headers; /* of this request alone; NULL: the client's usual ones */
    struct http_client *client;
    struct buffer body;
    char retry_after[64];
    size_t header_bytes;
    const char *too_large; /* what was, in words; NULL: nothing */
    bool not_repeatable;
    bool is_secret; /* the answer is a token: wiped as soon as it was read */
    http_done_callback *done;
    void *context;
    struct http_call *previous; /* in the list of calls in flight */
    struct http_call *next;     /* there, or in the free list */
};

struct http_client {
    const struct config *config;
    CURLM *multi;
    int epoll;
    uint32_t tag;
    int64_t deadline_us;
    struct curl_slist *usual_headers; /* of a request without body and bearer token */
    struct http_call *in_flight;
    struct http_call *spare;
    struct buffer spare_bodies[SPARE_BODIES];
    size_t spare_body_count;
};

/* curl wants to watch a socket, otherwise, or no longer. */
static int on_socket_wanted(CURL *easy, curl_socket_t descriptor, int what, void *context,
                            void *watched)
{
    struct http_client *client = context;
    struct epoll_event event = {
        .data.u64 = (uint64_t)client->tag << 32 | (uint32_t)descriptor,
    };

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        /* The descriptor may be closed already, which took it out by itself. */
        (void)epoll_ctl(client->epoll, EPOLL_CTL_DEL, descriptor, NULL);
        curl_multi_assign(client->multi, descriptor, NULL);
        return 0;
    }
    event.events = ((what & CURL_POLL_IN) != 0 ? (uint32_t)EPOLLIN : 0) |
                   ((what & CURL_POLL_OUT) != 0 ? (uint32_t)EPOLLOUT : 0);
    int operation = watched != NULL ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    if (epoll_ctl(client->epoll, operation, descriptor, &event) != 0 &&
        epoll_ctl(client->epoll, watched != NULL ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, descriptor,
                  &event) != 0) {
        LOG_WARNING("cannot watch a socket", LOG_INT("descriptor", descriptor));
    }
    curl_multi_assign(client->multi, descriptor, client);
    return 0;
}

static int on_timer_wanted(CURLM *multi, long timeout_ms, void *context)
{
    struct http_client *client = context;

    (void)multi;
    client->deadline_us =
        timeout_ms < 0 ? INT64_MAX : clock_monotonic_us() + (int64_t)timeout_ms * 1000;
    return 0;
}

static void take_spare_body(struct http_client *client, struct buffer *body)
{
    if (client->spare_body_count > 0) {
        *body = client->spare_bodies[--client->spare_body_count];
    }
}

static void give_back_body(struct http_client *client, struct buffer *body)
{
    if (body->bytes == NULL || body->capacity > SPARE_BODY_BYTES ||
        client->spare_body_count == SPARE_BODIES) {
        buffer_release(body);
        return;
    }
    buffer_clear(body);
    client->spare_bodies[client->spare_body_count++] = *body;
    *body = (struct buffer)BUFFER_INIT(BODY_LIMIT);
}

/* With room for the whole answer if its length is told, so that thousands that come in at the same
 * time take no more memory than they need. A length is only believed where it costs little. */
static void make_body(struct http_call *call)
{
    curl_off_t length = 0;

    take_spare_body(call->client, &call->body);
    curl_easy_getinfo(call->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    if (length > 0 && (size_t)length < SPARE_BODY_BYTES) {
        (void)!buffer_reserve(&call->body, (size_t)length);
    }
}

static size_t on_body(char *bytes, size_t size, size_t count, void *context)
{
    struct http_call *call = context;

    if (call->body.bytes == NULL) {
        make_body(call);
    }
    if (!buffer_append(&call->body, bytes, size * count)) {
        call->too_large = "the answer is larger than 16 MiB";
        return 0;
    }
    return size * count;
}

static size_t on_header(char *line, size_t size, size_t count, void *context)
{
    static const char name[] = "retry-after:";
    struct http_call *call = context;
    size_t length = size * count;
    size_t skip = sizeof(name) - 1;

    call->header_bytes += length;
    if (call->header_bytes > HEADERS_LIMIT) {
        call->too_large = "the headers of the answer are larger than 64 KiB";
        return 0;
    }
    if (length > skip && strncasecmp(line, name, skip) == 0) {
        while (skip < length && (line[skip] == ' ' || line[skip] == '\t')) {
            skip++;
        }
        size_t end = length;
        while (end > skip &&
               (line[end - 1] == '\r' || line[end - 1] == '\n' || line[end - 1] == ' ')) {
            end--;
        }
        snprintf(call->retry_after, sizeof(call->retry_after), "%.*s", (int)(end - skip),
                 line + skip);
    }
    return length;
}

struct http_client *http_client_new(const struct config *config, int epoll, uint32_t tag,
                                    size_t most_calls)
{
    struct http_client *client = xcalloc(1, sizeof(*client));

    client->config = config;
    client->epoll = epoll;
    client->tag = tag;
    client->deadline_us = INT64_MAX;
    client->multi = curl_multi_init();
    if (client->multi == NULL) {
        memory_exhausted();
    }
    curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, on_socket_wanted);
    curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
    curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, on_timer_wanted);
    curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
    curl_multi_setopt(client->multi, CURLMOPT_MAXCONNECTS, (long)most_calls);
    curl_multi_setopt(client->multi, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
    client->usual_headers = curl_slist_append(NULL, "Accept: application/json");
    client->usual_headers = curl_slist_append(client->usual_headers, "Expect:");
    return client;
}

/* What every call has in common; set once per easy handle. */
static void set_up_easy(const struct http_client *client, CURL *easy)
{
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_MAXREDIRS, 0L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (client->config->ca_file != NULL) {
        curl_easy_setopt(easy, CURLOPT_CAINFO, client->config->ca_file);
        /* Else a directory that curl was built with would vouch too. */
        curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    }
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, READ_BYTES);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)(client->config->request_timeout_us / 1000));
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, LOW_SPEED_BYTES);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, LOW_SPEED_SECONDS);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "Koppeling/" KOPPELING_VERSION);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, client->usual_headers);
}

static struct http_call *take_spare(struct http_client *client)
{
    struct http_call *call = client->spare;

    if (call != NULL) {
        client->spare = call->next;
        return call;
    }
    call = xcalloc(1, sizeof(*call));
    call->client = client;
    call->body = (struct buffer)BUFFER_INIT(BODY_LIMIT);
    call->easy = curl_easy_init();
    if (call->easy == NULL) {
        memory_exhausted();
    }
    set_up_easy(client, call->easy);
    curl_easy_setopt(call->easy, CURLOPT_WRITEDATA, call);
    curl_easy_setopt(call->easy, CURLOPT_HEADERDATA, call);
    curl_easy_setopt(call->easy, CURLOPT_PRIVATE, call);
    return call;
}

static const char *base_url(const struct config *config, const struct http_request *request)
{
    if (request->api == API_MIJNWEBWINKEL) {
        return config->mijnwebwinkel_url;
    }
    return request->environment == ENVIRONMENT_STAGING ? config->boekuwzending_staging_url
                                                       : config->boekuwzending_url;
}

/* Appends "&name=value" with the value percent-encoded. */
static bool append_secret(struct buffer *url, CURL *easy, const char *name, const char *value)
{
    if (value == NULL || value[0] == '\0') {
        return true;
    }
    char *encoded = curl_easy_escape(easy, value, 0);
    bool fits = encoded != NULL && buffer_printf(url, "&%s=%s", name, encoded);
    if (encoded != NULL) {
        explicit_bzero(encoded, strlen(encoded));
        curl_free(encoded);
    }
    return fits;
}

/* Sets the URL; our own copy with the token in it is wiped. False when it would be absurdly
 * long. */
static bool set_url(const struct http_client *client, CURL *easy,
                    const struct http_request *request, const struct http_secrets *secrets)
{
    struct buffer url = BUFFER_INIT(URL_LIMIT);
    bool fits = buffer_reserve(&url, URL_LIMIT - 1) != NULL &&
                buffer_printf(&url, "%s%s?%s", base_url(client->config, request), request->path,
                              request->query);

    if (fits && request->auth == HTTP_AUTH_STORE) {
        fits = append_secret(&url, easy, "token", secrets->store_token);
    }
    if (fits && request->api == API_MIJNWEBWINKEL) {
        fits = append_secret(&url, easy, "partner_token", client->config->partner_token);
    }
    if (fits) {
        curl_easy_setopt(easy, CURLOPT_URL, url.bytes);
        /* Better wait for a connection that may be shared than open one for each call. Over plain
         * http only the first answer would tell, so a shop that does not answer would hold up the
         * others. */
        curl_easy_setopt(easy, CURLOPT_PIPEWAIT, strncmp(url.bytes, "https:", 6) == 0 ? 1L : 0L);
    }
    if (url.bytes != NULL) {
        explicit_bzero(url.bytes, url.capacity);
    }
    buffer_release(&url);
    return fits;
}

static void set_method(CURL *easy, const struct http_request *request)
{
    static const char *const names[] = {
        [HTTP_GET] = "GET", [HTTP_POST] = "POST", [HTTP_PUT] = "PUT", [HTTP_PATCH] = "PATCH"};

    if (request->body == NULL) {
        curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, NULL);
        return;
    }
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)strlen(request->body));
    curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, request->body);
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, names[request->method]);
}

static void set_headers(struct http_call *call, const struct http_request *request,
                        const struct http_secrets *secrets)
{
    if (request->body == NULL && request->auth != HTTP_AUTH_BEARER) {
        return;
    }
    call->headers = curl_slist_append(NULL, "Accept: application/json");
    if (request->body != NULL && !request->is_form) { /* curl's own default is a form */
        call->headers = curl_slist_append(call->headers, "Content-Type: application/json");
    }
    call->headers = curl_slist_append(call->headers, "Expect:");
    if (request->auth == HTTP_AUTH_BEARER && secrets->bearer_token != NULL) {
        AUTO(free_secret) char *line = xasprintf("Authorization: Bearer %s", secrets->bearer_token);

        call->headers = curl_slist_append(call->headers, line);
    }
    curl_easy_setopt(call->easy, CURLOPT_HTTPHEADER, call->headers);
}

static void link_call(struct http_client *client, struct http_call *call)
{
    call->previous = NULL;
    call->next = client->in_flight;
    if (call->next != NULL) {
        call->next->previous = call;
    }
    client->in_flight = call;
}

/* Takes a call out of curl and keeps its handle for the next one. */
static void retire_call(struct http_client *client, struct http_call *call)
{
    curl_multi_remove_handle(client->multi, call->easy);
    if (call->previous != NULL) {
        call->previous->next = call->next;
    } else {
        client->in_flight = call->next;
    }
    if (call->next != NULL) {
        call->next->previous = call->previous;
    }
    if (call->headers != NULL) {
        curl_easy_setopt(call->easy, CURLOPT_HTTPHEADER, client->usual_headers);
        curl_slist_free_all(call->headers);
        call->headers = NULL;
    }
    if (call->is_secret && call->body.bytes != NULL) {
        explicit_bzero(call->body.bytes, call->body.capacity);
    }
    give_back_body(client, &call->body);
    /* curl frees, and so wipes, its copies of the URL and the form. */
    curl_easy_setopt(call->easy, CURLOPT_URL, NULL);
    curl_easy_setopt(call->easy, CURLOPT_COPYPOSTFIELDS, NULL);
    call->retry_after[0] = '\0';
    call->header_bytes = 0;
    call->too_large = NULL;
    call->next = client->spare;
    client->spare = call;
}

struct http_call *http_send(struct http_client *client, const struct http_request *request,
                            const struct http_secrets *secrets, http_done_callback *done,
                            void *context)
{
    struct http_call *call = take_spare(client);

    call->done = done;
    call->context = context;
    call->not_repeatable = request->not_repeatable;
    call->is_secret = request->is_form;
    /* On a kept connection that turns out to be dead, curl itself sends a request once more. */
    curl_easy_setopt(call->easy, CURLOPT_FRESH_CONNECT, request->not_repeatable ? 1L : 0L);
    if (!set_url(client, call->easy, request, secrets)) {
        /* Not sendable; curl refuses the empty URL, which is then told like any other failure. */
        curl_easy_setopt(call->easy, CURLOPT_URL, "");
    }
    set_method(call->easy, request);
    set_headers(call, request, secrets);
    link_call(client, call);
    CURLMcode code = curl_multi_add_handle(client->multi, call->easy);
    if (code != CURLM_OK) {
        LOG_ERROR("curl refuses a call", LOG_TEXT("reason", curl_multi_strerror(code)));

        abort(); /* a handle that is in use or none: a defect */
    }
    return call;
}

void http_cancel(struct http_client *client, struct http_call *call)
{
    retire_call(client, call);
}

/* True when the request certainly never left: then repeating it costs nothing. */
static bool was_never_sent(CURLcode code)
{
    return code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST ||
           code == CURLE_SSL_CONNECT_ERROR || code == CURLE_PEER_FAILED_VERIFICATION ||
           code == CURLE_URL_MALFORMAT;
}

static enum error_class classify(const struct http_call *call, CURLcode code)
{
    static const struct {
        CURLcode code;
        enum error_class error_class;
    } classes[] = {
        {CURLE_OK, ERROR_CLASS_OK},
        {CURLE_OPERATION_TIMEDOUT, ERROR_CLASS_TIMEOUT},
        {CURLE_SSL_CONNECT_ERROR, ERROR_CLASS_TLS},
        {CURLE_PEER_FAILED_VERIFICATION, ERROR_CLASS_TLS},
        {CURLE_SSL_CERTPROBLEM, ERROR_CLASS_TLS},
        {CURLE_SSL_CIPHER, ERROR_CLASS_TLS},
        {CURLE_SSL_CACERT_BADFILE, ERROR_CLASS_TLS},
        {CURLE_SSL_ISSUER_ERROR, ERROR_CLASS_TLS},
        {CURLE_URL_MALFORMAT, ERROR_CLASS_CLIENT_ERROR},
        {CURLE_WEIRD_SERVER_REPLY, ERROR_CLASS_UNREADABLE},
        {CURLE_UNSUPPORTED_PROTOCOL, ERROR_CLASS_UNREADABLE},
        {CURLE_HTTP2, ERROR_CLASS_NETWORK},
        {CURLE_BAD_CONTENT_ENCODING, ERROR_CLASS_UNREADABLE},
    };

    if (call->not_repeatable && code != CURLE_OK && !was_never_sent(code)) {
        return ERROR_CLASS_UNKNOWN_OUTCOME;
    }
    if (call->too_large != NULL) {
        return ERROR_CLASS_UNREADABLE;
    }
    for (size_t i = 0; i < ARRAY_LENGTH(classes); i++) {
        if (classes[i].code == code) {
            return classes[i].error_class;
        }
    }
    return ERROR_CLASS_NETWORK;
}

/* Tells the owner and retires the call. The owner may start new calls from its callback. */
static void finish_call(struct http_client *client, struct http_call *call, CURLcode code)
{
    long status = 0;
    http_done_callback *done = call->done;
    void *context = call->context;

    curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
    struct http_response response = {
        .transport = classify(call, code),
        .status = code == CURLE_OK ? (int)status : 0,
        .retry_after_ms = http_retry_after_ms(call->retry_after, clock_wall_us() / 1000000),
        .trouble = code == CURLE_OK          ? ""
                   : call->too_large != NULL ? call->too_large
                                             : curl_easy_strerror(code),
    };
    /* The callback may send again, which reuses this call: so the body is taken out first. */
    struct buffer body = call->body;
    bool is_secret = call->is_secret;
    call->body = (struct buffer)BUFFER_INIT(BODY_LIMIT);
    response.body = body.bytes != NULL ? body.bytes : "";
    response.length = body.length;
    retire_call(client, call);
    done(context, &response);
    if (is_secret && body.bytes != NULL) {
        explicit_bzero(body.bytes, body.capacity);
    }
    give_back_body(client, &body);
}

static void collect(struct http_client *client)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(client->multi, &left)) != NULL) {
        struct http_call *call = NULL;

        if (message->msg != CURLMSG_DONE) {
            continue;
        }
        CURLcode code = message->data.result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&call);
        finish_call(client, call, code);
    }
}

void http_client_on_socket(struct http_client *client, int descriptor, uint32_t events)
{
    int running;
    int what = ((events & EPOLLIN) != 0 ? CURL_CSELECT_IN : 0) |
               ((events & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0) |
               ((events & (EPOLLERR | EPOLLHUP)) != 0 ? CURL_CSELECT_ERR : 0);

    curl_multi_socket_action(client->multi, descriptor, what, &running);
    collect(client);
}

void http_client_advance(struct http_client *client, int64_t now_us)
{
    int running;

    if (now_us < client->deadline_us) {
        return;
    }
    client->deadline_us = INT64_MAX;
    curl_multi_socket_action(client->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    collect(client);
}

int64_t http_client_deadline_us(const struct http_client *client)
{
    return client->deadline_us;
}

void http_client_free(struct http_client *client)
{
    if (client == NULL) {
        return;
    }
    for (struct http_call *call = client->in_flight, *next = NULL; call != NULL; call = next) {
        next = call->next;
        retire_call(client, call);
    }
    for (struct http_call *call = client->spare, *next = NULL; call != NULL; call = next) {
        next = call->next;
        curl_easy_cleanup(call->easy);
        free(call);
    }
    while (client->spare_body_count > 0) {
        buffer_release(&client->spare_bodies[--client->spare_body_count]);
    }
    curl_slist_free_all(client->usual_headers);
    curl_multi_cleanup(client->multi);
    free(client);
}

int64_t http_retry_after_ms(const char *value, int64_t now_s)
{
    const int64_t longest_s = 3600;
    char *end = NULL;
    int64_t seconds;

    if (value[0] == '\0') {
        return -1;
    }
    if (value[0] >= '0' && value[0] <= '9') {
        seconds = strtoll(value, &end, 10);
        if (*end != '\0') {
            return -1;
        }
    } else {
        time_t date = curl_getdate(value, NULL);

        if (date == -1) {
            return -1;
        }
        seconds = (int64_t)date - now_s;
    }
    if (seconds < 0) {
        seconds = 0;
    }
    return (seconds > longest_s ? longest_s : seconds) * 1000;
}
