/* The window, the store and the moment of a claim. */
#include "worker/engine/claiming.h"

#include <sodium.h>

enum { WINDOW_FIRST = 256, WINDOW_LEAST = 32, WINDOW_STEP = 2 };

/* Most jobs per claim: more gains nothing and makes transactions long. */
enum { CLAIM_MOST = 1000 };

/* A claim without a hint comes between half of this and this after the last. */
#define POLL_US       INT64_C(1000000)
#define HASTY_POLL_US INT64_C(100000)

static int least(int a, int b)
{
    return a < b ? a : b;
}

void claiming_init(struct claiming *claiming, int most, bool is_hasty)
{
    *claiming = (struct claiming){
        .most = most,
        .window = least(most, WINDOW_FIRST),
        .poll_us = is_hasty ? HASTY_POLL_US : POLL_US,
    };
}

void claiming_set_most(struct claiming *claiming, int most)
{
    bool is_wider = most > claiming->most && claiming->window < WINDOW_FIRST;

    claiming->most = most;
    claiming->window = least(most, is_wider ? WINDOW_FIRST : claiming->window);
}

/* Slots and store that no job takes. */
static int free_slots(const struct claiming *claiming, int held)
{
    return claiming->window + least(claiming->calls_ended, claiming->window / 4) - held;
}

int claiming_room(const struct claiming *claiming, int held)
{
    int room = free_slots(claiming, held);

    return room > 0 ? least(room, CLAIM_MOST) : 0;
}

bool claiming_wants(const struct claiming *claiming, int held, bool is_woken, bool has_report,
                    int64_t now_us)
{
    int room = free_slots(claiming, held);

    if (room <= 0) {
        return false;
    }
    if (is_woken || now_us >= claiming->poll_at_us) {
        return true;
    }
    return claiming->has_more && (has_report || room * 8 >= claiming->window);
}

void claiming_asked(struct claiming *claiming, int limit, int64_t now_us)
{
    int64_t half = claiming->poll_us / 2;

    claiming->limit = limit;
    claiming->calls_ended = 0;
    /* Not all workers at the same moment. */
    claiming->poll_at_us = now_us + half + (int64_t)randombytes_uniform((uint32_t)half);
}

void claiming_answered(struct claiming *claiming, int count)
{
    claiming->has_more = count == claiming->limit;
}

void claiming_hurry(struct claiming *claiming)
{
    claiming->poll_at_us = 0;
}

void claiming_call_ended(struct claiming *claiming)
{
    claiming->calls_ended++;
}

void claiming_widen(struct claiming *claiming)
{
    claiming->window = least(claiming->window + WINDOW_STEP, claiming->most);
}

void claiming_narrow(struct claiming *claiming)
{
    if (claiming->window >= WINDOW_LEAST + WINDOW_STEP) {
        claiming->window -= WINDOW_STEP;
    }
}

int64_t claiming_due_us(const struct claiming *claiming, int held)
{
    return free_slots(claiming, held) > 0 ? claiming->poll_at_us : INT64_MAX;
}
