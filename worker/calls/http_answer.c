/* What comes back: the body within its limits, Retry-After, and what a failure means. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/ascii.h"
#include "common/clock.h"
#include "worker/api/text/charset.h"
#include "worker/calls/http_internal.h"

/* A page of 100 orders is some 200 kB; anything near this is not an answer to what we asked. */
#define BODY_LIMIT (16U << 20)
/* A label has some 50 kB; of 25 shipments with several each it may be more. */
#define PDF_LIMIT (20U << 20)
/* Some 500 bytes are usual. */
#define HEADERS_LIMIT (64U << 10)
/* A larger buffer is not kept for another body. */
#define SPARE_BODY_BYTES ((size_t)64 << 10)

static const struct buffer no_body = BUFFER_INIT(BODY_LIMIT);

/* With room for the whole answer if its length is told, so that thousands that come in at the same
 * time take no more memory than they need. A length is only believed where it costs little. */
static void make_body(struct http_call *call)
{
    struct http_client *client = call->client;
    curl_off_t length = 0;

    if (client->spare_body_count > 0) {
        call->body = client->spare_bodies[--client->spare_body_count];
    }
    call->body.limit = call->wants_pdf ? PDF_LIMIT : BODY_LIMIT;
    curl_easy_getinfo(call->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    if (length > 0 && (size_t)length < SPARE_BODY_BYTES) {
        (void)!buffer_reserve(&call->body, (size_t)length);
    }
}

/* Whether the service says in advance that there is more to come than will be taken. */
static bool is_announced_too_large(const struct http_call *call)
{
    curl_off_t length = 0;

    curl_easy_getinfo(call->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    return length > (curl_off_t)call->body.limit;
}

/* An error report of whatever size is still an error that may pass. */
static size_t refuse_size(struct http_call *call)
{
    long status = 0;

    curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
    call->is_too_large = status / 100 == 2;
    call->trouble =
        call->wants_pdf ? "the answer is larger than 20 MiB" : "the answer is larger than 16 MiB";
    return 0;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *context)
{
    struct http_call *call = context;

    http_stall_received(call, size * count);
    if (call->body.bytes == NULL) {
        make_body(call);
        if (is_announced_too_large(call)) {
            return refuse_size(call);
        }
    }
    return buffer_append(&call->body, bytes, size * count) ? size * count : refuse_size(call);
}

/* The value of a header line of that name without the blanks around it, or NULL. */
static const char *header_value(const char *line, size_t length, const char *name,
                                size_t *ret_length)
{
    size_t skip = strlen(name);

    if (length <= skip || line[skip] != ':' || strncasecmp(line, name, skip) != 0) {
        return NULL;
    }
    for (skip++; skip < length && (line[skip] == ' ' || line[skip] == '\t');) {
        skip++;
    }
    while (length > skip && strchr(" \t\r\n", line[length - 1]) != NULL) {
        length--;
    }
    *ret_length = length - skip;
    return line + skip;
}

/* Takes note of how the body is packed. False when it will not be unpacked: it was not asked for,
 * or it is packed more than once, which only somebody does who wants us to be busy for long. */
static bool take_packing(struct http_call *call, const char *value, size_t length)
{
    static const struct {
        const char *name;
        const char *refusal; /* NULL: curl unpacks it */
        const char *trouble; /* unless it cannot */
    } packings[] = {
        {"", NULL, NULL},
        {"identity", NULL, NULL},
        {"gzip", NULL, "the answer is called gzip and cannot be unpacked"},
        {"x-gzip", NULL, "the answer is called gzip and cannot be unpacked"},
        {"deflate", NULL, "the answer is called deflate and cannot be unpacked"},
        {"br", "the answer is packed with brotli, which was not asked for", NULL},
        {"zstd", "the answer is packed with zstd, which was not asked for", NULL},
    };

    call->trouble = "the answer is packed in a way that is not known";
    for (size_t i = 0; i < ARRAY_LENGTH(packings) && call->packing_trouble == NULL; i++) {
        if (length == strlen(packings[i].name) &&
            strncasecmp(value, packings[i].name, length) == 0) {
            call->packing_trouble = packings[i].trouble;
            call->trouble = packings[i].refusal;
            break;
        }
    }
    return call->trouble == NULL;
}

/* False when the answer cannot be taken. */
static bool take_header(struct http_call *call, const char *line, size_t length)
{
    size_t value_length = 0;
    const char *value = header_value(line, length, "Retry-After", &value_length);

    if (value != NULL) {
        snprintf(call->retry_after, sizeof(call->retry_after), "%.*s", (int)value_length, value);
    }
    value = header_value(line, length, "Content-Type", &value_length);
    if (value != NULL) {
        snprintf(call->content_type, sizeof(call->content_type), "%.*s", (int)value_length, value);
    }
    value = header_value(line, length, "Content-Encoding", &value_length);
    return value == NULL || take_packing(call, value, value_length);
}

static size_t on_header(char *line, size_t size, size_t count, void *context)
{
    struct http_call *call = context;

    if (call->header_bytes == 0) {
        http_origin_heard(call);
    }
    call->header_bytes += size * count;
    if (call->header_bytes > HEADERS_LIMIT) {
        call->trouble = "the headers of the answer are larger than 64 KiB";
        return 0;
    }
    if (count >= 5 && strncmp(line, "HTTP/", 5) == 0) {
        call->headers_ended = false;
    }
    call->headers_ended |= line[0] == '\r' || line[0] == '\n';
    return take_header(call, line, size * count) ? size * count : 0;
}

void http_answer_set_up(struct http_call *call)
{
    call->body = no_body;
    curl_easy_setopt(call->easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(call->easy, CURLOPT_WRITEDATA, call);
    curl_easy_setopt(call->easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(call->easy, CURLOPT_HEADERDATA, call);
}

void http_body_give_back(struct http_client *client, struct buffer *body, bool is_secret)
{
    if (is_secret && body->bytes != NULL) {
        explicit_bzero(body->bytes, body->capacity);
    }
    if (body->bytes == NULL || body->capacity > SPARE_BODY_BYTES ||
        client->spare_body_count == HTTP_SPARE_BODIES) {
        buffer_release(body);
        return;
    }
    buffer_clear(body);
    client->spare_bodies[client->spare_body_count++] = *body;
    *body = no_body;
}

struct buffer http_answer_clear(struct http_call *call)
{
    struct buffer body = call->body;

    call->body = no_body;
    call->retry_after[0] = '\0';
    call->content_type[0] = '\0';
    call->packing_trouble = NULL;
    call->header_bytes = 0;
    call->headers_ended = false;
    call->is_too_large = false;
    call->trouble = NULL;
    call->window_bytes = 0;
    return body;
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
        {CURLE_WRITE_ERROR, ERROR_CLASS_UNREADABLE}, /* larger than we take */
        {CURLE_WEIRD_SERVER_REPLY, ERROR_CLASS_UNREADABLE},
        {CURLE_UNSUPPORTED_PROTOCOL, ERROR_CLASS_UNREADABLE},
        {CURLE_HTTP2, ERROR_CLASS_NETWORK},
        {CURLE_HTTP2_STREAM, ERROR_CLASS_NETWORK},
        {CURLE_BAD_CONTENT_ENCODING, ERROR_CLASS_UNREADABLE},
    };

    /* What has not left, for want of a connection, costs nothing to repeat. */
    if (call->not_repeatable && code != CURLE_OK && call->has_left) {
        return ERROR_CLASS_UNKNOWN_OUTCOME;
    }
    for (size_t i = 0; i < ARRAY_LENGTH(classes); i++) {
        if (classes[i].code == code) {
            return classes[i].error_class;
        }
    }
    return ERROR_CLASS_NETWORK;
}

/* A service that says so may write in another character set. */
static void decode_body(struct http_call *call)
{
    struct buffer text = no_body;

    if (call->body.length > 0 &&
        charset_to_utf8(call->content_type, call->body.bytes, call->body.length, &text)) {
        http_body_give_back(call->client, &call->body, call->is_secret);
        call->body = text;
    }
}

/* In words, what went wrong. */
static const char *trouble_of(const struct http_call *call, CURLcode code)
{
    bool cannot_unpack = code == CURLE_BAD_CONTENT_ENCODING || code == CURLE_WRITE_ERROR;

    if (code == CURLE_OK) {
        return "";
    }
    if (call->trouble != NULL) {
        return call->trouble;
    }
    return cannot_unpack && call->packing_trouble != NULL ? call->packing_trouble
                                                          : curl_easy_strerror(code);
}

struct http_response http_answer_read(struct http_call *call, CURLcode code)
{
    long status = 0;
    int64_t began_us = call->has_left ? call->left_us : call->asked_us;

    if (code == CURLE_OK && !call->headers_ended) {
        code = CURLE_PARTIAL_FILE; /* curl calls it an answer when the peer hangs up among them */
    }
    if (code == CURLE_OK && !call->wants_pdf) {
        decode_body(call);
    }
    curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
    return (struct http_response){
        .transport = classify(call, code),
        .status = code == CURLE_OK ? (int)status : 0,
        .retry_after_ms = http_retry_after_ms(call->retry_after, clock_wall_us() / 1000000),
        .body = call->body.bytes != NULL ? call->body.bytes : "",
        .length = call->body.length,
        .took_ms = (clock_monotonic_us() - began_us) / 1000,
        .trouble = trouble_of(call, code),
        .is_too_large = call->is_too_large,
    };
}

int64_t http_retry_after_ms(const char *value, int64_t now_s)
{
    const int64_t longest_s = 3600;
    char *end = NULL;
    int64_t seconds;

    if (value[0] == '\0') {
        return -1;
    }
    if (ascii_is_digit(value[0])) {
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
