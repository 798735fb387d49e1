#include "tests/simulator/simulator.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/memory.h"

#define TOKEN_LIFETIME_S 3600
#define FLOW_PERIOD_US   20000
#define FLOW_BATCH       200 /* orders per shop and turn */

static void simulator_add_shops(struct simulator *simulator)
{
    const struct options *options = simulator->options;
    const struct order_recipe recipe = {
        .kind = ORDER_NORMAL,
        .status = options->order_status > 0 ? (int)options->order_status : ORDER_UNKNOWN,
        .bytes = (size_t)options->order_bytes,
    };

    for (int64_t i = 1; i <= options->shops; i++) {
        char name[SHOP_NAME_SIZE];

        snprintf(name, sizeof(name), "shop%lld", (long long)i);
        const struct shop_settings settings = {
            .name = name, .token_is_active = -1, .page_cap = -1, .ignores_ordering = -1};
        struct shop *shop = shops_put(&simulator->shops, &settings, options->seed);
        for (int64_t order = 0; order < options->orders; order++) {
            shop_generate(shop, &recipe, options->seed);
        }
    }
}

static void simulator_fill(struct simulator *simulator)
{
    const struct options *options = simulator->options;

    simulator->dice = dice_new(options->seed, NULL, 0);
    simulator->settings = (struct settings){
        .latency_ms = options->latency_ms,
        .token_expires_in = TOKEN_LIFETIME_S,
        .partner_token = xstrdup(options->partner_token),
    };
    faults_init(&simulator->faults);
    simulator->bookings[BOOKING_PRODUCTION].name = "production";
    simulator->bookings[BOOKING_STAGING].name = "staging";
    for (size_t i = 0; i < BOOKING_COUNT; i++) {
        booking_put_account(&simulator->bookings[i], "client", "secret", &simulator->dice);
    }
    simulator_add_shops(simulator);
}

static void simulator_empty(struct simulator *simulator)
{
    shops_release(&simulator->shops);
    for (size_t i = 0; i < BOOKING_COUNT; i++) {
        booking_release(&simulator->bookings[i]);
    }
    faults_clear(&simulator->faults, NULL, 0);
    free(simulator->settings.partner_token);
}

void simulator_init(struct simulator *simulator, const struct options *options)
{
    *simulator = (struct simulator){.options = options};
    pthread_mutex_init(&simulator->lock, NULL);
    journal_init(&simulator->journal, options->journal);
    simulator_fill(simulator);
}

void simulator_release(struct simulator *simulator)
{
    simulator_empty(simulator);
    journal_release(&simulator->journal);
    pthread_mutex_destroy(&simulator->lock);
}

void simulator_reset(struct simulator *simulator)
{
    simulator_empty(simulator);
    simulator_fill(simulator);
    journal_clear(&simulator->journal);
    atomic_store(&simulator->journal.is_on, simulator->options->journal);
    counters_clear(&simulator->counters);
}

static void shop_flow(struct shop *shop, int64_t now, uint64_t seed)
{
    const struct order_recipe recipe = {.kind = ORDER_NORMAL, .status = ORDER_UNKNOWN};

    shop->flow_credit += (double)(now - shop->flow_since_us) / 1e6 * shop->flow_per_second;
    shop->flow_since_us = now;
    for (int i = 0; i < FLOW_BATCH && shop->flow_credit >= 1; i++) {
        shop_generate(shop, &recipe, seed);
        shop->flow_credit -= 1;
    }
}

int64_t simulator_flow(struct simulator *simulator)
{
    bool is_flowing = false;

    pthread_mutex_lock(&simulator->lock);
    int64_t now = clock_monotonic_us();
    for (size_t i = 0; i < simulator->shops.count; i++) {
        struct shop *shop = simulator->shops.items[i];

        if (shop->flow_per_second <= 0) {
            continue;
        }
        shop_flow(shop, now, simulator->options->seed);
        is_flowing = true;
    }
    pthread_mutex_unlock(&simulator->lock);
    return is_flowing ? FLOW_PERIOD_US : -1;
}
