/*
 * Bodies that come in too slowly.
 *
 * DESIGN. A service may think as long as the whole request may take; once it has begun to give the
 * body it must go on. (curl's own limit of the speed also counts while no byte is due, and takes
 * whoever thinks for dead.) A window of time is measured for each call whose body has begun; it
 * ends, and the next one begins, when enough has come. So the calls that receive are a list with
 * the oldest window first, and only that one need be looked at.
 */
#include "common/clock.h"
#include "worker/calls/http_internal.h"

/* A peer that drips slower than this is not answering. */
#define WINDOW_BYTES 500
#define WINDOW_US    (10 * INT64_C(1000000))

void http_call_enter(struct http_call *call, struct http_call_list *list)
{
    call->list = list;
    call->previous = list->last;
    call->next = NULL;
    *(list->last != NULL ? &list->last->next : &list->first) = call;
    list->last = call;
}

void http_call_leave(struct http_call *call)
{
    struct http_call_list *list = call->list;

    *(call->previous != NULL ? &call->previous->next : &list->first) = call->next;
    *(call->next != NULL ? &call->next->previous : &list->last) = call->previous;
    call->list = NULL;
}

void http_stall_received(struct http_call *call, size_t length)
{
    struct http_call_list *receiving = &call->client->receiving;

    call->window_bytes += length;
    if (call->list != receiving || call->window_bytes >= WINDOW_BYTES) {
        call->window_us = clock_monotonic_us();
        call->window_bytes = 0;
        http_call_leave(call);
        http_call_enter(call, receiving);
    }
}

int64_t http_stall_deadline_us(const struct http_client *client)
{
    const struct http_call *oldest = client->receiving.first;

    return oldest != NULL ? oldest->window_us + WINDOW_US : INT64_MAX;
}

struct http_call *http_stall_find(const struct http_client *client, int64_t now_us)
{
    struct http_call *oldest = client->receiving.first;

    if (oldest == NULL || now_us < oldest->window_us + WINDOW_US) {
        return NULL;
    }
    oldest->trouble = "the answer stopped coming in";
    return oldest;
}
