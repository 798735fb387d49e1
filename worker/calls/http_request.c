/* What is sent: the address with the secrets in it, the method, the headers. */
#include <stdio.h>
#include <string.h>

#include "common/memory.h"
#include "worker/calls/http_internal.h"

#define URL_LIMIT 8192

static const char *base_url(const struct config *config, const struct http_request *request)
{
    if (request->api == API_MIJNWEBWINKEL) {
        return config->mijnwebwinkel_url;
    }
    return request->environment == ENVIRONMENT_STAGING ? config->boekuwzending_staging_url
                                                       : config->boekuwzending_url;
}

/* Appends "&name=value", or "?name=value" as the first, with the value percent-encoded. */
static bool append_secret(struct buffer *url, CURL *easy, const char *name, const char *value)
{
    if (value == NULL || value[0] == '\0') {
        return true;
    }
    char *encoded = curl_easy_escape(easy, value, 0);
    char mark = strchr(url->bytes, '?') != NULL ? '&' : '?';
    bool fits = encoded != NULL && buffer_printf(url, "%c%s=%s", mark, name, encoded);
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
                buffer_printf(&url, "%s%s%s%s", base_url(client->config, request), request->path,
                              request->query[0] != '\0' ? "?" : "", request->query);

    if (fits && request->auth == HTTP_AUTH_STORE) {
        fits = append_secret(&url, easy, "token", secrets->store_token);
    }
    if (fits && request->api == API_MIJNWEBWINKEL) {
        fits = append_secret(&url, easy, "partner_token", client->config->partner_token);
    }
    if (fits) {
        curl_easy_setopt(easy, CURLOPT_URL, url.bytes);
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
        [HTTP_GET] = "GET",     [HTTP_POST] = "POST",     [HTTP_PUT] = "PUT",
        [HTTP_PATCH] = "PATCH", [HTTP_DELETE] = "DELETE",
    };

    if (request->body == NULL) {
        curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST,
                         request->method == HTTP_GET ? NULL : names[request->method]);
        return;
    }
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)strlen(request->body));
    curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, request->body);
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, names[request->method]);
}

static struct curl_slist *headers_with(const char *accept)
{
    struct curl_slist *headers = curl_slist_append(NULL, accept);

    return curl_slist_append(headers, "Expect:"); /* no asking whether a body is welcome */
}

struct curl_slist *http_request_usual_headers(void)
{
    return headers_with("Accept: application/json");
}

/* The headers of the call behind its id, if it has one. */
static void send_headers(struct http_call *call, const char *id)
{
    struct curl_slist *rest = call->headers != NULL ? call->headers : call->client->usual_headers;

    if (id == NULL) {
        curl_easy_setopt(call->easy, CURLOPT_HTTPHEADER, rest);
        return;
    }
    snprintf(call->id_line, sizeof(call->id_line), "X-Request-Id: %s", id);
    call->id = (struct curl_slist){.data = call->id_line, .next = rest};
    curl_easy_setopt(call->easy, CURLOPT_HTTPHEADER, &call->id);
}

/* What only some requests need. */
static void make_headers(struct http_call *call, const struct http_request *request,
                         const struct http_secrets *secrets)
{
    if (request->body == NULL && request->auth != HTTP_AUTH_BEARER) {
        return;
    }
    /* What is wrong with a PDF is told in JSON. */
    call->headers = request->wants_pdf
                        ? headers_with("Accept: application/pdf, application/json;q=0.5")
                        : http_request_usual_headers();
    if (request->body != NULL && !request->is_form) { /* curl's own default is a form */
        call->headers = curl_slist_append(call->headers, "Content-Type: application/json");
    }
    if (request->auth == HTTP_AUTH_BEARER && secrets->bearer_token != NULL) {
        AUTO(free_secret) char *line = xasprintf("Authorization: Bearer %s", secrets->bearer_token);

        call->headers = curl_slist_append(call->headers, line);
    }
}

void http_request_set(struct http_call *call, const struct http_request *request,
                      const struct http_secrets *secrets)
{
    if (!set_url(call->client, call->easy, request, secrets)) {
        /* Not sendable; curl refuses the empty URL, which is then told like any other failure. */
        curl_easy_setopt(call->easy, CURLOPT_URL, "");
    }
    call->wants_pdf = request->wants_pdf;
    set_method(call->easy, request);
    make_headers(call, request, secrets);
    send_headers(call, request->id);
}

void http_request_clear(struct http_call *call)
{
    curl_easy_setopt(call->easy, CURLOPT_HTTPHEADER, NULL);
    curl_slist_free_all(call->headers);
    call->headers = NULL;
    /* curl frees, and so wipes, its copies of the URL and the form. */
    curl_easy_setopt(call->easy, CURLOPT_URL, NULL);
    curl_easy_setopt(call->easy, CURLOPT_COPYPOSTFIELDS, NULL);
}
