#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "panel/server/request.h"

void reply_release(struct reply *reply)
{
    free(reply->bytes);
    free(reply->location);
    free(reply->file_name);
    *reply = (struct reply){.status = 0};
}

void reply_set_body(struct reply *reply, unsigned status, const char *content_type,
                    struct buffer *body)
{
    free(reply->bytes);
    reply->length = body->length;
    reply->bytes = buffer_steal(body);
    reply->status = status;
    reply->content_type = content_type;
}

void reply_set_text(struct reply *reply, unsigned status, const char *text)
{
    free(reply->bytes);
    reply->bytes = xstrdup(text);
    reply->length = strlen(text);
    reply->status = status;
    reply->content_type = "text/plain; charset=utf-8";
}

void reply_redirect(struct reply *reply, const char *location)
{
    free(reply->location);
    reply->location = xstrdup(location);
    reply->status = 303;
}

void reply_add_cookie(struct reply *reply, const char *name, const char *value, int seconds)
{
    for (size_t i = 0; i < REPLY_COOKIES; i++) {
        struct reply_cookie *cookie = &reply->cookies[i];

        if (cookie->name == NULL || strcmp(cookie->name, name) == 0) {
            cookie->name = name;
            snprintf(cookie->value, sizeof(cookie->value), "%s", value);
            cookie->seconds = seconds;
            return;
        }
    }
}
