/* Who waits for a locked row, and for how long. */
#include "worker/engine/quarantine.h"

#include <string.h>

#define LEAST_US INT64_C(1000000)
#define MOST_US  INT64_C(15000000)

/* So many of a shop: it is the shop that is locked. */
enum { SHOP_IS_LOCKED = 2 };

static bool is_of(const struct job_run *run, const char *shop)
{
    return run->shop != NULL && shop != NULL && strcmp(run->shop, shop) == 0;
}

/* The first run of a shop that is aside, and how many there are. */
static struct job_run *find_aside(const struct job_run_lists *lists, const char *shop,
                                  int *ret_count)
{
    struct job_run *first = NULL;

    *ret_count = 0;
    for (struct job_run *run = lists->of[JOB_RUN_ASIDE].first; run != NULL; run = run->next) {
        if (is_of(run, shop)) {
            first = first != NULL ? first : run;
            ++*ret_count;
        }
    }
    return first;
}

static void set_aside(struct job_run *run, int64_t wait_us, int64_t try_at_us)
{
    run->is_suspect = false;
    run->aside_us = wait_us;
    run->try_at_us = try_at_us;
    job_run_set_state(run, JOB_RUN_ASIDE);
}

/* All of a list that are of the shop wait as long as it does. */
static void take_along(struct job_run_lists *lists, enum job_run_state state,
                       const struct job_run *example)
{
    for (struct job_run *run = lists->of[state].first, *next; run != NULL; run = next) {
        next = run->next;
        if (run != example && is_of(run, example->shop)) {
            set_aside(run, example->aside_us, example->try_at_us);
        }
    }
}

/* The others of the shop wait anew, too; their order stays. */
static void prolong(struct job_run_lists *lists, const struct job_run *example)
{
    for (struct job_run *run = lists->of[JOB_RUN_ASIDE].first; run != NULL; run = run->next) {
        if (is_of(run, example->shop)) {
            run->aside_us = example->aside_us;
            run->try_at_us = example->try_at_us;
        }
    }
}

void quarantine_put(struct job_run_lists *lists, struct job_run *run, int64_t now_us)
{
    int64_t wait = run->aside_us * 2;
    int count;

    wait = wait < LEAST_US ? LEAST_US : wait > MOST_US ? MOST_US : wait;
    set_aside(run, wait, now_us + wait);
    (void)find_aside(lists, run->shop, &count);
    if (count >= SHOP_IS_LOCKED) {
        prolong(lists, run);
        take_along(lists, JOB_RUN_PENDING, run);
        take_along(lists, JOB_RUN_SENT, run);
    }
}

void quarantine_join(struct job_run_lists *lists, struct job_run *run)
{
    int count;
    const struct job_run *example = find_aside(lists, run->shop, &count);

    if (count >= SHOP_IS_LOCKED) {
        set_aside(run, example->aside_us, example->try_at_us);
    }
}

void quarantine_recall(struct job_run_lists *lists, int64_t now_us)
{
    struct job_run *run = lists->of[JOB_RUN_ASIDE].first;

    while (run != NULL && now_us < run->try_at_us) {
        run = run->next;
    }
    if (run == NULL) {
        return;
    }
    run->is_suspect = true;
    job_run_set_state(run, JOB_RUN_PENDING);
    /* The others of its shop wait for what comes of it. */
    for (struct job_run *other = lists->of[JOB_RUN_ASIDE].first; other != NULL;
         other = other->next) {
        if (is_of(other, run->shop)) {
            other->try_at_us = now_us + run->aside_us;
        }
    }
}

void quarantine_lift(struct job_run_lists *lists, const struct job_run *run)
{
    for (struct job_run *other = lists->of[JOB_RUN_ASIDE].first, *next; other != NULL;
         other = next) {
        next = other->next;
        if (is_of(other, run->shop)) {
            other->aside_us = 0;
            job_run_set_state(other, JOB_RUN_PENDING);
        }
    }
}

int64_t quarantine_due_us(const struct job_run_lists *lists)
{
    int64_t due = INT64_MAX;

    for (const struct job_run *run = lists->of[JOB_RUN_ASIDE].first; run != NULL; run = run->next) {
        if (run->try_at_us < due) {
            due = run->try_at_us;
        }
    }
    return due;
}
