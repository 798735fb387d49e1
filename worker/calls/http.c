/*
 * curl multi in the thread's epoll set.
 *
 * DESIGN. curl says which sockets it waits for (on_socket_wanted) and when it wants to be woken
 * (on_timer_wanted); the thread's loop does the waiting. Easy handles are expensive to make, so
 * finished ones are kept on a free list. A call is ended in one place only, finish_call().
 */
#include <stdlib.h>
#include <sys/epoll.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"
#include "worker/api/answer.h"
#include "worker/calls/http_internal.h"
#include "worker/calls/http_tally.h"

#define CONNECT_TIMEOUT_MS 10000L
/* What curl reads at a time. Each call has a buffer of this size, so it decides what thousands of
 * calls in flight weigh. */
#define READ_BYTES 4096L
/* On one connection at most; a service allows some 100 to 250. */
#define STREAMS_MOST 1000L
/* A connection on which nothing moves is asked for a sign of life after and every so many
 * seconds. */
#define KEEP_ALIVE_S 15L

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

struct http_client *http_client_new(const struct config *config, int epoll, uint32_t tag,
                                    size_t most_calls)
{
    struct http_client *client = xcalloc(1, sizeof(*client));

    client->config = config;
    client->ca_file = config->ca_file != NULL ? xstrdup(config->ca_file) : NULL;
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
    curl_multi_setopt(client->multi, CURLMOPT_MAX_CONCURRENT_STREAMS, STREAMS_MOST);
    client->sessions = curl_share_init();
    if (client->sessions == NULL) {
        memory_exhausted();
    }
    curl_share_setopt(client->sessions, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
    client->usual_headers = http_request_usual_headers();
    http_origins_init(client);
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
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, KEEP_ALIVE_S);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, KEEP_ALIVE_S);
    curl_easy_setopt(easy, CURLOPT_SHARE, client->sessions);
    /* What else it can unpack it unpacks too, asked for or not. */
    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, READ_BYTES);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)(client->config->request_timeout_us / 1000));
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "Koppeling/" KOPPELING_VERSION);
}

static void set_trust(const struct http_client *client, struct http_call *call)
{
    call->trust = client->trust;
    if (client->ca_file != NULL) {
        curl_easy_setopt(call->easy, CURLOPT_CAINFO, client->ca_file);
        /* Else a directory that curl was built with would vouch too. */
        curl_easy_setopt(call->easy, CURLOPT_CAPATH, NULL);
    }
}

/* curl keeps certificates for a day, and connections for longer, by the name of the file. So each
 * time they are to be read anew the same file has another name. */
static char *rename_file(const char *name, unsigned times)
{
    static const char slashes[] = "////////////////";
    static const char dots[] = "././././././././././././././././";
    int count = (int)(times % (sizeof(slashes) - 1));

    return name[0] == '/' ? xasprintf("%.*s%s", count, slashes, name)
                          : xasprintf("%.*s%s", 2 * count, dots, name);
}

void http_client_reload(struct http_client *client, const char *ca_file, size_t most_calls)
{
    const char *name = ca_file != NULL ? ca_file : curl_version_info(CURLVERSION_NOW)->cainfo;

    curl_multi_setopt(client->multi, CURLMOPT_MAXCONNECTS, (long)most_calls);
    client->trust++;
    free(client->ca_file);
    client->ca_file = name != NULL ? rename_file(name, client->trust) : NULL;
}

static struct http_call *take_spare(struct http_client *client)
{
    struct http_call *call = client->spare;

    if (call != NULL) {
        client->spare = call->next;
        if (call->trust != client->trust) {
            set_trust(client, call);
        }
        return call;
    }
    call = xcalloc(1, sizeof(*call));
    call->client = client;
    call->easy = curl_easy_init();
    if (call->easy == NULL) {
        memory_exhausted();
    }
    set_up_easy(client, call->easy);
    set_trust(client, call);
    http_answer_set_up(call);
    http_origin_set_up(call);
    curl_easy_setopt(call->easy, CURLOPT_PRIVATE, call);
    return call;
}

/* Takes a call out of curl and keeps its handle for the next one; the body is the caller's. */
static struct buffer retire_call(struct http_client *client, struct http_call *call)
{
    curl_multi_remove_handle(client->multi, call->easy);
    http_call_leave(call);
    http_request_clear(call);
    call->next = client->spare;
    client->spare = call;
    return http_answer_clear(call);
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
    call->origin = http_origin_of(client, request);
    call->asked_us = clock_monotonic_us();
    call->tries = 0;
    http_request_set(call, request, secrets);
    http_origin_enter(call);
    return call;
}

void http_cancel(struct http_client *client, struct http_call *call)
{
    bool is_secret = call->is_secret;

    http_origin_cancel(call);
    struct buffer body = retire_call(client, call);
    http_body_give_back(client, &body, is_secret);
}

/* The same request once more, which had not left or has not arrived. */
static void go_again(struct http_client *client, struct http_call *call)
{
    curl_multi_remove_handle(client->multi, call->easy);
    http_call_leave(call);
    struct buffer body = http_answer_clear(call);
    http_body_give_back(client, &body, call->is_secret);
    http_origin_enter(call);
}

/* Tells the owner and retires the call. The owner may start new calls from its callback, which may
 * reuse this one: so the body is taken out first. */
static void finish_call(struct http_client *client, struct http_call *call, CURLcode code)
{
    http_done_callback *done = call->done;
    void *context = call->context;
    bool is_secret = call->is_secret;

    if (http_origin_end(call, code)) {
        go_again(client, call);
        return;
    }
    struct http_response response = http_answer_read(call, code);
    http_tally_call((int)(call->origin - client->origins), answer_class(&response),
                    clock_monotonic_us() - call->asked_us);
    struct buffer body = retire_call(client, call);
    done(context, &response);
    http_body_give_back(client, &body, is_secret);
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

/* Lets curl do what there is to do for a socket, or what is due, and as long as more calls may look
 * for a connection after that. */
static void run(struct http_client *client, curl_socket_t descriptor, int what)
{
    int running;

    curl_multi_socket_action(client->multi, descriptor, what, &running);
    collect(client);
    while (http_origins_let_in(client)) {
        curl_multi_socket_action(client->multi, CURL_SOCKET_TIMEOUT, 0, &running);
        collect(client);
    }
}

void http_client_on_socket(struct http_client *client, int descriptor, uint32_t events)
{
    int what = ((events & EPOLLIN) != 0 ? CURL_CSELECT_IN : 0) |
               ((events & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0) |
               ((events & (EPOLLERR | EPOLLHUP)) != 0 ? CURL_CSELECT_ERR : 0);

    if ((events & EPOLLIN) != 0) {
        http_origins_received(client, descriptor); /* curl reads it before more calls are let in */
    }
    run(client, descriptor, what);
}

void http_client_advance(struct http_client *client, int64_t now_us)
{
    if (now_us >= client->deadline_us || http_origins_let_in(client)) {
        client->deadline_us = INT64_MAX;
        run(client, CURL_SOCKET_TIMEOUT, 0);
    }
    for (struct http_call *call; (call = http_stall_find(client, now_us)) != NULL;) {
        finish_call(client, call, CURLE_OPERATION_TIMEDOUT);
    }
    for (struct http_call *call; (call = http_origins_find_late(client, now_us)) != NULL;) {
        finish_call(client, call, CURLE_OPERATION_TIMEDOUT);
    }
}

int64_t http_client_deadline_us(const struct http_client *client)
{
    int64_t stall_us = http_stall_deadline_us(client);
    int64_t origins_us = http_origins_deadline_us(client);
    int64_t nearest_us = stall_us < origins_us ? stall_us : origins_us;

    return nearest_us < client->deadline_us ? nearest_us : client->deadline_us;
}

static void cancel_all(struct http_client *client, const struct http_call_list *list)
{
    while (list->first != NULL) {
        http_cancel(client, list->first);
    }
}

void http_client_free(struct http_client *client)
{
    if (client == NULL) {
        return;
    }
    for (int i = 0; i < HTTP_ORIGINS; i++) {
        cancel_all(client, &client->origins[i].queue);
        cancel_all(client, &client->origins[i].looking);
    }
    cancel_all(client, &client->waiting);
    cancel_all(client, &client->receiving);
    for (struct http_call *call = client->spare, *next = NULL; call != NULL; call = next) {
        next = call->next;
        curl_easy_cleanup(call->easy);
        free(call);
    }
    while (client->spare_body_count > 0) {
        buffer_release(&client->spare_bodies[--client->spare_body_count]);
    }
    curl_slist_free_all(client->usual_headers);
    free(client->ca_file);
    curl_multi_cleanup(client->multi);
    curl_share_cleanup(client->sessions);
    free(client);
}
