#include "common/host_port.h"

#include <arpa/inet.h>
#include <string.h>

static bool parse_port(const char *text, struct host_port *parts, struct error *err)
{
    size_t length = strspn(text, "0123456789");
    unsigned port = 0;

    for (size_t i = 0; i < length && port <= UINT16_MAX; i++) {
        port = port * 10 + (unsigned)(text[i] - '0');
    }
    parts->or_next = strcmp(text + length, "+") == 0;
    if (length == 0 || (text[length] != '\0' && !parts->or_next) || port > UINT16_MAX) {
        return error_set(err, ERROR_CONFIG, "the port is not a number from 0 to 65535");
    }
    parts->port = (uint16_t)port;
    return true;
}

static bool check_host(const char *host, bool in_brackets, struct error *err)
{
    struct in6_addr ignored;

    if (in_brackets && inet_pton(AF_INET6, host, &ignored) != 1) {
        return error_set(err, ERROR_CONFIG, "no IPv6 address in the brackets");
    }
    if (!in_brackets && strchr(host, ':') != NULL) {
        return error_set(err, ERROR_CONFIG, "an IPv6 address must stand in brackets");
    }
    if (!in_brackets && host[strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                          "0123456789.-")] != '\0') {
        return error_set(err, ERROR_CONFIG, "the host is not a name or a numeric address");
    }
    return true;
}

bool host_port_split(const char *text, struct host_port *ret_host_port, struct error *err)
{
    struct host_port parts = {.port = 0};
    const char *colon = strrchr(text, ':');

    if (colon == NULL || strchr(colon, ']') != NULL) {
        return error_set(err, ERROR_CONFIG, "not of the form host:port");
    }

    bool in_brackets = text[0] == '[' && colon > text + 1 && colon[-1] == ']';
    const char *host = in_brackets ? text + 1 : text;
    size_t length = (size_t)(colon - host) - (in_brackets ? 1 : 0);

    if (length >= sizeof(parts.host)) {
        return error_set(err, ERROR_CONFIG, "the host is longer than %zu bytes",
                         sizeof(parts.host) - 1);
    }
    memcpy(parts.host, host, length);
    parts.host[length] = '\0';
    if (!check_host(parts.host, in_brackets, err) || !parse_port(colon + 1, &parts, err)) {
        return false;
    }
    *ret_host_port = parts;
    return true;
}
