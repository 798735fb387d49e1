#include "tests/simulator/route.h"

#include <stdio.h>
#include <string.h>

/* Fits a path to a pattern and keeps what the {} stood for. */
static bool route_fits(const char *pattern, const char *path, struct call *call)
{
    size_t parameter = 0;

    while (*pattern != '\0') {
        if (strncmp(pattern, "{}", 2) != 0) {
            if (*pattern++ != *path++) {
                return false;
            }
            continue;
        }
        size_t length = strcspn(path, "/");
        if (length == 0 || length >= CALL_PARAMETER_SIZE || parameter == CALL_PARAMETERS) {
            return false;
        }
        memcpy(call->parameters[parameter], path, length);
        call->parameters[parameter++][length] = '\0';
        path += length;
        pattern += 2;
    }
    return *path == '\0';
}

static void answer_allow(struct answer *answer, const char *method)
{
    size_t length = strlen(answer->allow);

    snprintf(answer->allow + length, sizeof(answer->allow) - length, "%s%s", length > 0 ? ", " : "",
             method);
}

const struct route *route_find(const struct route *routes, size_t count, struct call *call)
{
    for (size_t i = 0; i < count; i++) {
        if (!route_fits(routes[i].pattern, call->path, call)) {
            continue;
        }
        if (strcmp(routes[i].method, call->method) == 0) {
            return &routes[i];
        }
        answer_allow(&call->answer, routes[i].method);
    }
    if (call->answer.allow[0] != '\0') {
        call_problem(call, 405, "the method %s is not allowed here", call->method);
    } else {
        call_problem(call, 404, "there is nothing at this address");
    }
    return NULL;
}
