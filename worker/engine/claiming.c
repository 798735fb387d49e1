/* The window, the store and the moment of a claim. */
#include "worker/engine/claiming.h"

#include <sodium.h>

enum { WINDOW_FIRST = 256, WINDOW_LEAST = 32, WINDOW_STEP = 2 };

/* Most jobs per claim: more gains nothing and makes transactions long. */
enum { CLAIM_MOST = 1000, CLAIM_TASTE = 16 };

/* A claim without a hint comes between half of this and this after the last. */
#define POLL_US       INT64_C(1000000)
#define HASTY_POLL_US INT64_C(100000)

static int least(int a, int b)
{
    return a < b ? a : b;
}

void claiming_init(struct claiming *claiming, int most, int api_count, bool is_hasty)
{
    *claiming = (struct claiming){
        .most = most,
        .window = least(most, WINDOW_FIRST),
        .api_count = api_count,
        .poll_us = is_hasty ? HASTY_POLL_US : POLL_US,
    };
}

void claiming_set_most(struct claiming *claiming, int most)
{
    bool is_wider = most > claiming->most && claiming->window < WINDOW_FIRST;

    claiming->most = most;
    claiming->window = least(most, is_wider ? WINDOW_FIRST : claiming->window);
}

/* Slots and store that no job of an API takes. */
static int free_slots(const struct claiming *claiming, int api, int held)
{
    return claiming->window + least(claiming->shares[api].calls_ended, claiming->window / 4) - held;
}

int claiming_room(const struct claiming *claiming, int api, int held)
{
    int room = free_slots(claiming, api, held);

    return room > 0 ? least(room, CLAIM_MOST) : 0;
}

bool claiming_wants(const struct claiming *claiming, const struct queue_apis *held, bool is_woken,
                    bool has_report, int64_t now_us)
{
    bool asks_all = is_woken || now_us >= claiming->poll_at_us;

    for (int i = 0; i < claiming->api_count; i++) {
        int room = free_slots(claiming, i, held->of[i]);
        bool asks_more =
            claiming->shares[i].has_more && (has_report || room * 8 >= claiming->window);

        if (room > 0 && (asks_all || asks_more)) {
            return true;
        }
    }
    return false;
}

int claiming_asked(struct claiming *claiming, const struct queue_apis *rooms, bool is_taste,
                   int64_t now_us)
{
    int64_t half = claiming->poll_us / 2;
    int all = 0;

    for (int i = 0; i < claiming->api_count; i++) {
        claiming->shares[i] = (struct claiming_share){.asked = rooms->of[i]};
        all += rooms->of[i];
    }
    claiming->limit = least(all, is_taste ? CLAIM_TASTE : CLAIM_MOST);
    /* Not all workers at the same moment. */
    claiming->poll_at_us = now_us + half + (int64_t)randombytes_uniform((uint32_t)half);
    return claiming->limit;
}

void claiming_answered(struct claiming *claiming, const struct queue_apis *counts)
{
    int all = 0;

    for (int i = 0; i < claiming->api_count; i++) {
        all += counts->of[i];
    }
    claiming->was_filled = all > 0 && all >= claiming->limit;
    for (int i = 0; i < claiming->api_count; i++) {
        /* Of one for which there was no room nobody knows. */
        claiming->shares[i].has_more =
            counts->of[i] >= claiming->shares[i].asked || all >= claiming->limit;
        claiming->was_filled |= counts->of[i] > 0 && counts->of[i] >= claiming->shares[i].asked;
    }
}

bool claiming_was_filled(const struct claiming *claiming)
{
    return claiming->was_filled;
}

void claiming_hurry(struct claiming *claiming)
{
    claiming->poll_at_us = 0;
}

void claiming_call_ended(struct claiming *claiming, int api)
{
    claiming->shares[api].calls_ended++;
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

int64_t claiming_due_us(const struct claiming *claiming, const struct queue_apis *held)
{
    for (int i = 0; i < claiming->api_count; i++) {
        if (free_slots(claiming, i, held->of[i]) > 0) {
            return claiming->poll_at_us;
        }
    }
    return INT64_MAX;
}
