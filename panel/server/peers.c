#include "panel/server/peers.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "common/memory.h"

void peers_init(struct peers *peers)
{
    *peers = (struct peers){.first = NULL};
    pthread_mutex_init(&peers->lock, NULL);
}

void peers_release(struct peers *peers)
{
    pthread_mutex_destroy(&peers->lock);
}

struct peer *peers_enter(struct peers *peers, int descriptor, int64_t until_us)
{
    struct peer *peer = xcalloc(1, sizeof(*peer));

    peer->descriptor = descriptor;
    peer->until_us = until_us;
    pthread_mutex_lock(&peers->lock);
    peer->next = peers->first;
    if (peer->next != NULL) {
        peer->next->before = peer;
    }
    peers->first = peer;
    peers->count++;
    pthread_mutex_unlock(&peers->lock);
    return peer;
}

void peers_leave(struct peers *peers, struct peer *peer)
{
    if (peer == NULL) {
        return;
    }
    pthread_mutex_lock(&peers->lock);
    if (peer->before != NULL) {
        peer->before->next = peer->next;
    } else {
        peers->first = peer->next;
    }
    if (peer->next != NULL) {
        peer->next->before = peer->before;
    }
    peers->count--;
    pthread_mutex_unlock(&peers->lock);
    free(peer);
}

void peers_allow(struct peers *peers, struct peer *peer, int64_t until_us)
{
    pthread_mutex_lock(&peers->lock);
    peer->until_us = until_us;
    pthread_mutex_unlock(&peers->lock);
}

int peers_sweep(struct peers *peers, int64_t now_us)
{
    int count = 0;

    pthread_mutex_lock(&peers->lock);
    for (struct peer *each = peers->first; each != NULL; each = each->next) {
        if (each->until_us <= now_us) {
            (void)shutdown(each->descriptor, SHUT_RDWR);
            each->until_us = INT64_MAX;
            count++;
        }
    }
    pthread_mutex_unlock(&peers->lock);
    return count;
}
