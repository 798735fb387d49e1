#include "tests/simulator/shop.h"

#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "tests/simulator/array.h"
#include "tests/simulator/dice.h"
#include "tests/simulator/json_text.h"

#define FIRST_NUMBER      20001
#define FIRST_TEST_NUMBER 57

static void text_replace(char **text, const char *value)
{
    char *copy = xstrdup(value);

    free(*text);
    *text = copy;
}

struct shop *shops_find(const struct shops *shops, const char *name)
{
    return map_find(&shops->by_name, name);
}

struct shop *shops_find_by_token(const struct shops *shops, const char *token)
{
    return map_find(&shops->by_token, token);
}

static struct shop *shop_new(const char *name, uint64_t seed)
{
    struct shop *shop = xcalloc(1, sizeof(*shop));
    struct dice dice = dice_new(seed, name, UINT64_MAX);
    char uuid[UUID_SIZE];

    dice_uuid(&dice, uuid);
    shop->name = xstrdup(name);
    shop->token = xasprintf("token-%s", name);
    shop->token_is_active = true;
    shop->primary_domain = xasprintf("https://%s.myonline.store", name);
    shop->store_id = xstrdup(uuid);
    shop->region = xstrdup("NL");
    shop->next_number = FIRST_NUMBER;
    shop->next_test_number = FIRST_TEST_NUMBER;
    return shop;
}

static void shop_free(struct shop *shop)
{
    for (size_t i = 0; i < shop->order_count; i++) {
        order_free(shop->orders[i]);
    }
    free(shop->orders);
    free(shop->name);
    free(shop->token);
    free(shop->primary_domain);
    free(shop->store_id);
    free(shop->region);
    free(shop->store_text);
    free(shop);
}

static void shop_render(struct shop *shop)
{
    struct buffer text = TEXT_INIT;

    put_text(&text, "{\"id\":");
    put_string(&text, shop->store_id);
    put_text(&text, ",\"name\":");
    put_string(&text, shop->name);
    put_text(&text, ",\"primary_domain\":");
    put_string(&text, shop->primary_domain);
    put_text(&text, ",\"description\":\"Een verzonnen winkel\",\"open\":true,\"version\":\"Pro\","
                    "\"administration_language\":\"nl_NL\",\"currency\":\"EUR\","
                    "\"prices_include_tax\":true,\"default_language\":\"nl_NL\","
                    "\"active_languages\":[\"nl_NL\",\"en_GB\"],\"currency_format_locale\":"
                    "\"nl_NL\",\"available_business_models\":\"ALL\",\"region_code\":");
    put_string(&text, shop->region);
    put_text(&text, "}");
    free(shop->store_text);
    shop->store_text = buffer_steal(&text);
}

static struct shop *shops_create(struct shops *shops, const char *name, uint64_t seed)
{
    struct shop *shop = shop_new(name, seed);

    shops->items = array_grow(shops->items, shops->count, &shops->capacity, sizeof(struct shop *));
    shops->items[shops->count++] = shop;
    map_put(&shops->by_name, shop->name, shop);
    return shop;
}

struct shop *shops_put(struct shops *shops, const struct shop_settings *settings, uint64_t seed)
{
    struct shop *shop = shops_find(shops, settings->name);
    AUTO(free)
    char *token = settings->token != NULL ? xstrdup(settings->token)
                  : shop != NULL          ? xstrdup(shop->token)
                                          : xasprintf("token-%s", settings->name);
    const struct shop *holder = shops_find_by_token(shops, token);

    if (holder != NULL && holder != shop) {
        return NULL;
    }
    if (shop == NULL) {
        shop = shops_create(shops, settings->name, seed);
    }
    map_remove(&shops->by_token, shop->token);
    free(shop->token);
    shop->token = steal_ptr(&token);

    map_put(&shops->by_token, shop->token, shop);
    if (settings->primary_domain != NULL) {
        text_replace(&shop->primary_domain, settings->primary_domain);
    }
    if (settings->store_id != NULL) {
        text_replace(&shop->store_id, settings->store_id);
    }
    if (settings->region != NULL) {
        text_replace(&shop->region, settings->region);
    }
    if (settings->token_is_active >= 0) {
        shop->token_is_active = settings->token_is_active != 0;
    }
    if (settings->page_cap >= 0) {
        shop->page_cap = settings->page_cap;
    }
    if (settings->ignores_ordering >= 0) {
        shop->ignores_ordering = settings->ignores_ordering != 0;
    }
    shop_render(shop);
    return shop;
}

void shops_remove(struct shops *shops, struct shop *shop)
{
    map_remove(&shops->by_name, shop->name);
    map_remove(&shops->by_token, shop->token);
    size_t at = 0;
    while (shops->items[at] != shop) {
        at++;
    }
    shops->count--;
    memmove(&shops->items[at], &shops->items[at + 1], (shops->count - at) * sizeof(struct shop *));
    shop_free(shop);
}

void shops_release(struct shops *shops)
{
    for (size_t i = 0; i < shops->count; i++) {
        shop_free(shops->items[i]);
    }
    free(shops->items);
    map_release(&shops->by_name);
    map_release(&shops->by_token);
    *shops = (struct shops){.items = NULL, .count = 0, .capacity = 0};
}

/* Index of the first order with this key or a higher one. */
static size_t shop_lower_bound(const struct shop *shop, int64_t key)
{
    size_t low = 0, high = shop->order_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (shop->orders[middle]->key < key) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Index of the order itself. */
static size_t shop_index_of(const struct shop *shop, const struct order *order)
{
    size_t at = 0;

    while (shop->orders[at] != order) {
        at++;
    }
    return at;
}

void shop_add(struct shop *shop, struct order *order)
{
    shop->orders =
        array_grow(shop->orders, shop->order_count, &shop->order_capacity, sizeof(struct order *));
    size_t at =
        order->key == INT64_MAX ? shop->order_count : shop_lower_bound(shop, order->key + 1);
    memmove(&shop->orders[at + 1], &shop->orders[at],
            (shop->order_count - at) * sizeof(struct order *));
    shop->orders[at] = order;
    shop->order_count++;
    if (order->key != INT64_MAX && order->key >= shop->next_number) {
        shop->next_number = order->key + 1;
    }
}

void shop_reposition(struct shop *shop, struct order *order)
{
    size_t at = shop_index_of(shop, order);

    shop->order_count--;
    memmove(&shop->orders[at], &shop->orders[at + 1],
            (shop->order_count - at) * sizeof(struct order *));
    shop_add(shop, order);
}

struct order *shop_find_order(const struct shop *shop, const char *number)
{
    int64_t key = order_number_key(number);

    if (number[0] == '\0') {
        return NULL;
    }
    for (size_t i = shop_lower_bound(shop, key); i < shop->order_count; i++) {
        struct order *order = shop->orders[i];

        if (order->key != key) {
            break;
        }
        if (!order->is_deleted && strcmp(order->number, number) == 0) {
            return order;
        }
    }
    return NULL;
}

struct order *shop_generate(struct shop *shop, const struct order_recipe *recipe, uint64_t seed)
{
    struct order_recipe full = *recipe;

    full.seed = seed;
    full.shop = shop->name;
    full.region = shop->region;
    full.index = shop->generated++;
    full.number = full.kind == ORDER_TEST ? shop->next_test_number++ : shop->next_number++;
    struct order *order = order_generate(&full);
    shop_add(shop, order);
    return order;
}

/* An unknown fact passes every filter. */
static bool number_passes(int fact, int wanted)
{
    return wanted == ORDER_UNKNOWN || fact == ORDER_UNKNOWN || fact == wanted;
}

static bool window_holds(const char *fact, const char *start, const char *end)
{
    return fact[0] == '\0' ||
           ((start == NULL || strcmp(fact, start) >= 0) && (end == NULL || strcmp(fact, end) <= 0));
}

static bool order_passes(const struct order *order, const struct order_filter *filter)
{
    return !order->is_deleted && (filter->with_test || !order->is_test) &&
           number_passes(order->status, filter->status) &&
           number_passes(order->archived, filter->archived) &&
           window_holds(order->date, filter->start_date, filter->end_date) &&
           window_holds(order->changed, filter->changed_start, filter->changed_end);
}

size_t shop_list(const struct shop *shop, const struct order_filter *filter,
                 const struct order **ret_page)
{
    size_t cap = (size_t)shop->page_cap;
    size_t limit = cap > 0 && cap < filter->limit ? cap : filter->limit;
    size_t numbered = filter->descending && !shop->ignores_ordering
                          ? shop_lower_bound(shop, INT64_MAX)
                          : 0; /* those that are listed from the highest to the lowest */
    size_t skipped = 0, taken = 0, shown = 0;

    for (size_t i = 0; i < shop->order_count && taken < limit; i++) {
        size_t at = i < numbered ? numbered - 1 - i : i;

        if (!order_passes(shop->orders[at], filter)) {
            continue;
        }
        if (skipped < filter->offset) {
            skipped++;
            continue;
        }
        taken++;
        if (!shop->orders[at]->is_hidden) {
            ret_page[shown++] = shop->orders[at];
        }
    }
    return shown;
}

size_t shop_count(const struct shop *shop, const struct order_filter *filter)
{
    size_t count = 0;

    for (size_t i = 0; i < shop->order_count; i++) {
        count += order_passes(shop->orders[i], filter);
    }
    return count;
}
