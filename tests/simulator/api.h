/*
 * Which of the services in this process a request is for.
 */
#ifndef SIMULATOR_API_H
#define SIMULATOR_API_H

enum api {
    API_MIJNWEBWINKEL,
    API_BOEKUWZENDING, /* production */
    API_BOEKUWZENDING_STAGING,
    API_CONTROL,
    API_COUNT
};

/* "mijnwebwinkel", "boekuwzending", "boekuwzending-staging", "control" */
const char *api_name(enum api api);

/* The service that a path belongs to. *ret_path is set to the rest, after the service's prefix. */
enum api api_of_path(const char *url, const char **ret_path);

#endif
