/*
 * The other end of a connection, played by the test itself: a socket on the loopback that says
 * the bytes it is told and keeps what it hears. No thread and no sleep; a wait for something that
 * must come ends after five seconds with a failed test.
 */
#ifndef TESTS_UNIT_SCRIPTED_PEER_H
#define TESTS_UNIT_SCRIPTED_PEER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/buffer.h"

#define PEER_PATIENCE_MS 5000

struct scripted_peer {
    int listener; /* -1: nobody can come */
    int socket;   /* -1: nobody is here */
    int port;
    struct buffer heard;
};

static inline void scripted_peer_open(struct scripted_peer *peer)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof(address);

    *peer = (struct scripted_peer){.socket = -1, .heard = BUFFER_INIT(64U << 20)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    peer->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(peer->listener >= 0);
    assert_int_equal(bind(peer->listener, (struct sockaddr *)&address, length), 0);
    assert_int_equal(listen(peer->listener, 16), 0);
    assert_int_equal(getsockname(peer->listener, (struct sockaddr *)&address, &length), 0);
    peer->port = ntohs(address.sin_port);
}

/* From now on whoever comes is refused; the port stays ours in name. */
static inline void scripted_peer_refuse(struct scripted_peer *peer)
{
    if (peer->listener >= 0) {
        close(peer->listener);
    }
    peer->listener = -1;
}

static inline void scripted_peer_hang_up(struct scripted_peer *peer)
{
    if (peer->socket >= 0) {
        close(peer->socket);
    }
    peer->socket = -1;
    buffer_clear(&peer->heard);
}

static inline void scripted_peer_close(struct scripted_peer *peer)
{
    scripted_peer_hang_up(peer);
    scripted_peer_refuse(peer);
    buffer_release(&peer->heard);
}

/* Whether the descriptor becomes readable within the time. */
static inline bool scripted_peer_waits(int descriptor, int timeout_ms)
{
    struct pollfd wanted = {.fd = descriptor, .events = POLLIN};

    return poll(&wanted, 1, timeout_ms) == 1;
}

/* Whether somebody stands before the door. */
static inline bool scripted_peer_has_visitor(const struct scripted_peer *peer)
{
    return scripted_peer_waits(peer->listener, 0);
}

static inline void scripted_peer_accept(struct scripted_peer *peer)
{
    scripted_peer_hang_up(peer);
    assert_true(scripted_peer_waits(peer->listener, PEER_PATIENCE_MS));
    peer->socket = accept4(peer->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    assert_true(peer->socket >= 0);
}

/* Takes in what is there by now. False when the other side has hung up. */
static inline bool scripted_peer_hear(struct scripted_peer *peer)
{
    char bytes[65536];
    ssize_t count;

    while ((count = recv(peer->socket, bytes, sizeof(bytes), 0)) > 0) {
        assert_true(buffer_append(&peer->heard, bytes, (size_t)count));
    }
    return count != 0;
}

/* Says all of it; what does not fit waits until the other side has read. */
static inline void scripted_peer_say_bytes(struct scripted_peer *peer, const void *bytes,
                                           size_t length)
{
    size_t said = 0;

    while (said < length) {
        struct pollfd wanted = {.fd = peer->socket, .events = POLLOUT};
        ssize_t count = send(peer->socket, (const char *)bytes + said, length - said, MSG_NOSIGNAL);

        if (count < 0) {
            assert_int_equal(poll(&wanted, 1, PEER_PATIENCE_MS), 1);
        }
        said += count > 0 ? (size_t)count : 0;
    }
}

static inline void scripted_peer_say(struct scripted_peer *peer, const char *text)
{
    scripted_peer_say_bytes(peer, text, strlen(text));
}

#endif
