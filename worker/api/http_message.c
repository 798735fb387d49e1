#include "worker/api/http_message.h"

#include <stdlib.h>

const char *api_name(enum api api)
{
    static const char *const names[] = {
        [API_LOCAL] = "local",
        [API_MIJNWEBWINKEL] = "mijnwebwinkel",
        [API_BOEKUWZENDING] = "boekuwzending",
    };

    return names[api];
}

void http_request_release(struct http_request *request)
{
    free(request->body);
    request->body = NULL;
}
