/*
 * Which calls to an API may look for a connection now. Pure: the owner hands in the clock, and
 * tells what became of those that it let in.
 *
 * A call that finds no connection with room opens one. If all that are waiting looked at the same
 * time, all would open one, although the first would have had room for a hundred. (libcurl has
 * CURLOPT_PIPEWAIT for that. In the version of Debian 12 it only holds for the first connection of
 * all, and a call that waits there waits for ever behind a handshake that hangs.) So:
 *
 * STEP. One call looks at a time, until its request has left. While connections turn out to take
 * one call each (HTTP/1.1, a stream limit of 1), twice as many look each time, so that hundreds are
 * open after a few round trips. The same when one cannot be had, so that all hear of it soon.
 *
 * PATIENCE. When nobody has got through for half a second, one more may look, and so on, for the
 * first may have met the one server of many that is dead. If that one gets through, those before it
 * hold up nobody any more.
 *
 * GREETING. With HTTP/2 a service says first of all how many calls a connection takes; until then
 * nobody joins the one that opened it.
 *
 * PAUSE. When a connection breaks, nobody looks for a moment: until curl has told all calls on it,
 * it would be taken for one with room.
 *
 * MOST. No more connections than that; calls wait for an answer instead.
 */
#ifndef WORKER_CALLS_GATE_H
#define WORKER_CALLS_GATE_H

#include <stdbool.h>
#include <stdint.h>

struct gate {
    bool is_open;      /* nobody waits, however many there are: plain http on the loopback */
    bool is_full;      /* a call found no connection with room, and could not open one more */
    int most;          /* connections at most */
    int connections;   /* that are open, or being opened */
    int step;          /* calls that may look at the same time */
    int looking;       /* calls that do */
    int stuck;         /* of these, those that others have overtaken */
    int greeting;      /* connections that are open, and have not said how many calls they take */
    int silent;        /* of these, those that others have overtaken */
    int calling;       /* calls whose request has left, and which have not ended */
    int64_t paused_us; /* nobody looks until then */
    int64_t passed_us; /* when a request last left, or somebody began to look after a quiet time */
};

void gate_init(struct gate *gate, bool is_open, int most);

/* Whether one more call may look for a connection. */
bool gate_lets_in(const struct gate *gate, int64_t now_us);

/* When it may, if nothing happens before; INT64_MAX for never. */
int64_t gate_opens_at_us(const struct gate *gate, int64_t now_us);

/* A call begins to look … */
void gate_look(struct gate *gate, int64_t now_us);

/* … and its request leaves, over a connection that was opened for it or another one; or it found
 * none; or it may not open one, since there are `most`; or it is not wanted any more. */
void gate_pass(struct gate *gate, bool is_opened, int64_t now_us);
void gate_fail(struct gate *gate);
void gate_refuse(struct gate *gate);
void gate_give_up(struct gate *gate);

/* A connection that was just opened will say how many calls it takes; it has said so, or will not.
 */
void gate_await_greeting(struct gate *gate);
void gate_greet(struct gate *gate);

/* A call whose request had left has ended. */
void gate_end(struct gate *gate);

/* A call that had left comes back. */
void gate_pause(struct gate *gate, int64_t now_us);

/* A connection is being opened, if that is allowed; one was closed. */
bool gate_connect(struct gate *gate);
void gate_disconnect(struct gate *gate);

#endif
