#include "common/listener.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/host_port.h"

/* With a + behind the port: how many are tried. */
#define PORTS_TRIED 64

struct wish {
    struct host_port place;
    int backlog;
};

static int open_listener(const struct addrinfo *address, int backlog)
{
    const int on = 1;
    const int off = 0;
    int listener = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (listener < 0) {
        return -1;
    }
    (void)setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (address->ai_family == AF_INET6) {
        (void)setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    }
    if (bind(listener, address->ai_addr, address->ai_addrlen) != 0 ||
        listen(listener, backlog) != 0) {
        int reason = errno;

        close(listener);
        errno = reason;
        return -1;
    }
    return listener;
}

static void free_addresses(struct addrinfo *addresses)
{
    if (addresses != NULL) {
        freeaddrinfo(addresses);
    }
}
DEFINE_CLEANUP(addresses, struct addrinfo *, free_addresses);

/* Listens on the first address of the host that can be had. */
static bool listen_on(const struct wish *wish, const char *host, int *ret_listener,
                      struct error *err)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    AUTO(addresses) struct addrinfo *addresses = NULL;
    char service[8];

    snprintf(service, sizeof(service), "%u", wish->place.port);

    int trouble = getaddrinfo(host, service, &hints, &addresses);

    if (trouble != 0) {
        return error_set(err, ERROR_CONFIG, "%s", gai_strerror(trouble));
    }
    for (const struct addrinfo *each = addresses; each != NULL; each = each->ai_next) {
        int listener = open_listener(each, wish->backlog);

        if (listener >= 0) {
            *ret_listener = listener;
            return true;
        }
    }
    return error_set(err, ERROR_SYSTEM, "%s", error_reason(errno));
}

/* "::" takes IPv4 too; a machine without IPv6 refuses it. */
static bool listen_at(const struct wish *wish, int *ret_listener, struct error *err)
{
    return wish->place.host[0] == '\0' ? listen_on(wish, "::", ret_listener, NULL) ||
                                             listen_on(wish, "0.0.0.0", ret_listener, err)
                                       : listen_on(wish, wish->place.host, ret_listener, err);
}

bool listener_open(const char *address, int backlog, int *ret_listener, struct error *err)
{
    struct wish wish = {.backlog = backlog};

    if (!host_port_split(address, &wish.place, err)) {
        return false;
    }
    for (int i = 0; i < (wish.place.or_next ? PORTS_TRIED : 1); i++, wish.place.port++) {
        if (listen_at(&wish, ret_listener, err)) {
            return true;
        }
    }
    return false;
}

uint16_t listener_port(int listener)
{
    /* The port stands at the same place for IPv4 and IPv6. */
    struct sockaddr_in6 address = {.sin6_port = 0};
    socklen_t length = sizeof(address);

    (void)getsockname(listener, (struct sockaddr *)&address, &length);
    return ntohs(address.sin6_port);
}
