#include "tests/simulator/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/clock.h"
#include "common/memory.h"
#include "tests/simulator/json_text.h"

#define STREAM_BLOCK 65536

/* A body that is made or held back while it is sent. */
struct stream {
    struct answer answer; /* body, runs, rate */
    struct simulator *simulator;
    struct MHD_Connection *connection;
    struct waiter waiter;
    uint64_t length; /* what is really sent */
    int64_t started_us;
};

static void stream_free(void *context)
{
    struct stream *stream = context;

    answer_release(&stream->answer);
    free(stream);
}

/* Copies what the runs hold from `position` on. */
static size_t stream_copy_runs(const struct answer *answer, uint64_t position, char *target,
                               size_t size)
{
    size_t copied = 0;
    uint64_t start = 0; /* of the run */

    for (size_t i = 0; i < ANSWER_RUNS && answer->runs[i].text != NULL && copied < size; i++) {
        const char *text = answer->runs[i].text;
        size_t length = strlen(text);
        uint64_t end = start + length * answer->runs[i].times;

        while (copied < size && position < end) {
            target[copied++] = text[(position - start) % length];
            position++;
        }
        start = end;
    }
    return copied;
}

/* How much may be sent by now, at the rate of the answer; at least one byte at the start. */
static uint64_t stream_allowance(const struct stream *stream)
{
    int64_t elapsed_us = clock_monotonic_us() - stream->started_us;

    return 1 + (uint64_t)((double)elapsed_us * (double)stream->answer.bytes_per_second / 1e6);
}

static ssize_t stream_read(void *context, uint64_t position, char *target, size_t size)
{
    struct stream *stream = context;

    if (position >= stream->length) {
        return MHD_CONTENT_READER_END_WITH_ERROR;
    }
    uint64_t left = stream->length - position;
    if (stream->answer.bytes_per_second > 0) {
        uint64_t allowed = stream_allowance(stream);

        if (allowed <= position) {
            int64_t wait_us = 1000000 / stream->answer.bytes_per_second + 1;

            return delays_hold(stream->simulator->delays, &stream->waiter, stream->connection,
                               wait_us < 1000 ? 1000 : wait_us)
                       ? 0
                       : MHD_CONTENT_READER_END_WITH_ERROR;
        }
        if (left > allowed - position) {
            left = allowed - position;
        }
    }
    if (size > left) {
        size = (size_t)left;
    }
    if (stream->answer.runs[0].text != NULL) {
        return (ssize_t)stream_copy_runs(&stream->answer, position, target, size);
    }
    memcpy(target, stream->answer.body.bytes + position, size);
    return (ssize_t)size;
}

static struct MHD_Response *stream_response(struct call *call)
{
    struct stream *stream = xcalloc(1, sizeof(*stream));

    stream->answer = call->answer;
    stream->simulator = call->simulator;
    stream->connection = call->connection;
    stream->length = answer_length(&call->answer);
    stream->started_us = clock_monotonic_us();
    call->answer.body = (struct buffer)TEXT_INIT;
    return MHD_create_response_from_callback(stream->length + call->answer.missing_bytes,
                                             STREAM_BLOCK, stream_read, stream, stream_free);
}

static struct MHD_Response *wire_response(struct call *call)
{
    struct answer *answer = &call->answer;

    if (answer->runs[0].text != NULL || answer->missing_bytes > 0 || answer->bytes_per_second > 0) {
        return stream_response(call);
    }
    size_t length = answer->body.length;
    return MHD_create_response_from_buffer(length, buffer_steal(&answer->body),
                                           MHD_RESPMEM_MUST_FREE);
}

static void wire_header(struct MHD_Response *response, const char *name, const char *value)
{
    if (value != NULL && value[0] != '\0') {
        MHD_add_response_header(response, name, value);
    }
}

/* Disconnecting the socket from its peer, rather than closing it, makes Linux send a reset. */
static void wire_reset(const struct call *call)
{
    int fd =
        MHD_get_connection_info(call->connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    struct sockaddr nobody = {.sa_family = AF_UNSPEC};

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    if (connect(fd, &nobody, sizeof(nobody)) != 0) {
        shutdown(fd, SHUT_RDWR);
    }
}

enum MHD_Result wire_send(struct call *call)
{
    const struct answer *answer = &call->answer;

    if (answer->end == ANSWER_RESET) {
        wire_reset(call);
    }
    if (answer->end != ANSWER_SEND) {
        return MHD_NO;
    }
    struct MHD_Response *response = wire_response(call);
    if (response == NULL) {
        return MHD_NO;
    }
    if (answer->status != MHD_HTTP_NO_CONTENT) {
        wire_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, answer->content_type);
    }
    wire_header(response, MHD_HTTP_HEADER_CONTENT_ENCODING, answer->content_encoding);
    wire_header(response, MHD_HTTP_HEADER_LOCATION, answer->location);
    wire_header(response, MHD_HTTP_HEADER_RETRY_AFTER, answer->retry_after);
    wire_header(response, MHD_HTTP_HEADER_ALLOW, answer->allow);
    enum MHD_Result result =
        MHD_queue_response(call->connection, (unsigned)answer->status, response);
    MHD_destroy_response(response);
    return result;
}

static bool is_secret(const char *name)
{
    static const char *const names[] = {"token", "partner_token", "access_token", "client_secret"};

    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        if (strcmp(names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static void put_encoded(struct buffer *text, const char *value)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~";

    for (; *value != '\0'; value++) {
        if (strchr(plain, *value) != NULL) {
            put_bytes(text, value, 1);
        } else {
            put(text, "%%%02X", (unsigned)(unsigned char)*value);
        }
    }
}

static enum MHD_Result wire_add_parameter(void *context, enum MHD_ValueKind kind, const char *name,
                                          const char *value)
{
    struct buffer *query = context;

    (void)kind;
    if (is_secret(name)) {
        return MHD_YES;
    }
    if (query->length > 0) {
        put_text(query, "&");
    }
    put_encoded(query, name);
    if (value != NULL) {
        put_text(query, "=");
        put_encoded(query, value);
    }
    return MHD_YES;
}

/* The body of POST /token without the secret. */
static char *wire_body(const struct call *call)
{
    const char *body = call->body.length > 0 ? call->body.bytes : NULL;

    if (body == NULL || call->api == API_MIJNWEBWINKEL || strcmp(call->path, "/token") != 0) {
        return xstrdup(body);
    }
    struct buffer text = TEXT_INIT;
    for (const char *at = body; *at != '\0';) {
        size_t length = strcspn(at, "&");
        bool is_kept = strncmp(at, "client_secret=", 14) != 0;

        put(&text, "%s%.*s", text.length > 0 ? "&" : "", is_kept ? (int)length : 14, at);
        at += length + (at[length] == '&');
    }
    return buffer_steal(&text);
}

uint64_t wire_journal(const struct call *call)
{
    AUTO(buffer) struct buffer query = TEXT_INIT;
    AUTO(free) char *body = wire_body(call);

    put_text(&query, "");
    MHD_get_connection_values(call->connection, MHD_GET_ARGUMENT_KIND, wire_add_parameter, &query);
    const struct journal_request request = {
        .api = call->api,
        .caller = call->caller,
        .method = call->method,
        .path = call->url,
        .query = query.bytes != NULL ? query.bytes : "",
        .request_id =
            MHD_lookup_connection_value(call->connection, MHD_HEADER_KIND, "X-Request-Id"),
        .body = body,
        .body_length = body != NULL ? strlen(body) : 0,
    };
    return journal_receive(&call->simulator->journal, &request);
}
