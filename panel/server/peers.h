/*
 * The open connections, each with the time until which it may take: a browser that sends a byte
 * now and then is never idle, and would keep its place for good.
 *
 * A peer is entered before and left after its descriptor is of use, so that shutting down cannot
 * meet the descriptor of somebody else. Any thread.
 */
#ifndef PANEL_SERVER_PEERS_H
#define PANEL_SERVER_PEERS_H

#include <pthread.h>
#include <stdint.h>

struct peer {
    int descriptor;
    int64_t until_us; /* of the monotonic clock */
    struct peer *next;
    struct peer *before;
};

struct peers {
    pthread_mutex_t lock;
    struct peer *first;
    int count;
};

void peers_init(struct peers *peers);
void peers_release(struct peers *peers);

/* Owned by the caller, who gives it back to peers_leave(). */
struct peer *peers_enter(struct peers *peers, int descriptor, int64_t until_us);
void peers_leave(struct peers *peers, struct peer *peer);

/* It may take until then. */
void peers_allow(struct peers *peers, struct peer *peer, int64_t until_us);

/* Shuts down the connections whose time is over; whoever serves them then closes them. Returns how
 * many. */
int peers_sweep(struct peers *peers, int64_t now_us);

#endif
