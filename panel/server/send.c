#include "panel/server/send.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"

/* Nothing but our own files, and no script or style within a page. */
static const char *const always[][2] = {
    {"Content-Security-Policy",
     "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
     "object-src 'none'"},
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "DENY"},
    {"Referrer-Policy", "same-origin"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()"},
};

/* A header that does not fit in memory leaves the answer without it, so it is not sent then. */
static bool add(struct MHD_Response *response, const char *name, const char *value)
{
    return value == NULL || MHD_add_response_header(response, name, value) == MHD_YES;
}

static bool add_cookie(struct MHD_Response *response, const struct send_options *options,
                       const struct reply_cookie *cookie)
{
    char age[40] = "";
    char line[320];

    if (cookie->name == NULL) {
        return true;
    }
    if (cookie->seconds != 0) {
        snprintf(age, sizeof(age), "; Max-Age=%d", cookie->seconds > 0 ? cookie->seconds : 0);
    }
    snprintf(line, sizeof(line), "%s%s=%s; Path=/; HttpOnly; SameSite=Lax%s%s",
             options->is_insecure ? "" : "__Host-", cookie->name, cookie->value,
             options->is_insecure ? "" : "; Secure", age);
    return add(response, MHD_HTTP_HEADER_SET_COOKIE, line);
}

static bool add_all(struct MHD_Response *response, const struct send_options *options,
                    const struct reply *reply)
{
    bool done = true;

    for (size_t i = 0; i < ARRAY_LENGTH(always); i++) {
        done = done && add(response, always[i][0], always[i][1]);
    }
    for (size_t i = 0; i < REPLY_COOKIES; i++) {
        done = done && add_cookie(response, options, &reply->cookies[i]);
    }
    if (options->is_tls) {
        done = done && add(response, "Strict-Transport-Security", "max-age=31536000");
    }
    if (reply->retry_after > 0) {
        char seconds[16];

        snprintf(seconds, sizeof(seconds), "%d", reply->retry_after);
        done = done && add(response, MHD_HTTP_HEADER_RETRY_AFTER, seconds);
    }
    if (reply->file_name != NULL) {
        AUTO(free) char *line = xasprintf("inline; filename=\"%s\"", reply->file_name);

        done = done && add(response, "Content-Disposition", line);
    }
    return done && add(response, MHD_HTTP_HEADER_CONTENT_TYPE, reply->content_type) &&
           add(response, MHD_HTTP_HEADER_LOCATION, reply->location) &&
           add(response, MHD_HTTP_HEADER_ALLOW, reply->allow) &&
           add(response, MHD_HTTP_HEADER_ETAG, reply->etag) &&
           add(response, MHD_HTTP_HEADER_VARY, reply->etag == NULL ? "Accept, Cookie" : NULL) &&
           add(response, MHD_HTTP_HEADER_CACHE_CONTROL,
               reply->etag != NULL ? "public, max-age=31536000, immutable" : "no-store");
}

enum MHD_Result send_reply(struct MHD_Connection *connection, const struct send_options *options,
                           struct reply *reply)
{
    struct MHD_Response *response =
        reply->lasting != NULL
            ? MHD_create_response_from_buffer(reply->length, without_const(reply->lasting),
                                              MHD_RESPMEM_PERSISTENT)
            : MHD_create_response_from_buffer(reply->length, reply->bytes, MHD_RESPMEM_MUST_FREE);

    if (response == NULL) {
        return MHD_NO;
    }
    reply->bytes = NULL; /* it belongs to the response */

    enum MHD_Result result = add_all(response, options, reply)
                                 ? MHD_queue_response(connection, reply->status, response)
                                 : MHD_NO;

    MHD_destroy_response(response);
    return result;
}
