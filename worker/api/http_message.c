#include "worker/api/http_message.h"

#include <stdlib.h>

void http_request_release(struct http_request *request)
{
    free(request->body);
    request->body = NULL;
}
