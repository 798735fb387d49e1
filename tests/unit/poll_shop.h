/* A shop whose list of orders misbehaves, for the tests of the poll job. */
#ifndef TESTS_UNIT_POLL_SHOP_H
#define TESTS_UNIT_POLL_SHOP_H

#include "tests/unit/poll_helpers.h"

#define ROOM 2000

struct shop {
    int numbers[ROOM]; /* ascending; GET /v1/orders lists them by descending number */
    int edits[ROOM];   /* how often each was edited */
    bool hidden[ROOM]; /* in no page, though it has its place there and is counted */
    size_t count;
    size_t page_cap; /* most orders on a page; 0: as many as are asked for */
    bool ignores_offset;
    bool ignores_ordering;
    bool cannot_count;
    size_t counts_more; /* than it has */
    size_t requests;    /* for pages */
    size_t counts;      /* requests for the count */
};

static inline void shop_fill(struct shop *shop, int first, size_t count)
{
    *shop = (struct shop){.count = count};
    for (size_t i = 0; i < count; i++) {
        shop->numbers[i] = first + (int)i;
    }
}

static inline void shop_remove(struct shop *shop, size_t index)
{
    shop->count--;
    memmove(&shop->numbers[index], &shop->numbers[index + 1], (shop->count - index) * sizeof(int));
    memmove(&shop->edits[index], &shop->edits[index + 1], (shop->count - index) * sizeof(int));
}

static inline void shop_insert(struct shop *shop, size_t index, int number)
{
    memmove(&shop->numbers[index + 1], &shop->numbers[index], (shop->count - index) * sizeof(int));
    memmove(&shop->edits[index + 1], &shop->edits[index], (shop->count - index) * sizeof(int));
    shop->numbers[index] = number;
    shop->edits[index] = 0;
    shop->count++;
}

/* The order in this place of the list. */
static inline char *shop_order(const struct shop *shop, size_t place)
{
    size_t index = shop->ignores_ordering ? place : shop->count - 1 - place;
    AUTO(free) char *more = xasprintf("\"edit\":%d,", shop->edits[index]);

    return order_text(shop->numbers[index], 1, more);
}

/* The hashes of all its orders, as the context of a poll has them; to be freed. */
static inline char *shop_hashes(const struct shop *shop)
{
    char *hashes = xcalloc(shop->count * 16 + 1, 1);

    for (size_t i = 0; i < shop->count; i++) {
        AUTO(free) char *text = shop_order(shop, i);

        hash_digits(text, hashes + 16 * i);
    }
    return hashes;
}

static inline size_t asked_offset(const struct talk *talk)
{
    const char *offset = strstr(talk->request.query, "&offset=");

    assert_non_null(offset);
    return strtoul(offset + 8, NULL, 10);
}

static inline enum step shop_answer_count(struct shop *shop, struct talk *talk)
{
    shop->counts++;
    return shop->cannot_count ? talk_http(talk, 404, "{\"title\":\"Not Found\"}")
                              : talk_count(talk, shop->count + shop->counts_more);
}

/* Answers the request with the page, or the count, that it asks for. */
static inline enum step shop_answer(struct shop *shop, struct talk *talk)
{
    struct buffer page = BUFFER_INIT(1000000);
    size_t cap = shop->page_cap > 0 ? shop->page_cap : 100;
    const char *comma = "";

    if (asks_for_count(talk)) {
        return shop_answer_count(shop, talk);
    }

    size_t offset = shop->ignores_offset ? 0 : asked_offset(talk);

    shop->requests++;
    assert_true(buffer_append_text(&page, "["));
    for (size_t i = offset; i < shop->count && i < offset + cap; i++) {
        AUTO(free) char *text = shop_order(shop, i);

        if (!shop->hidden[shop->ignores_ordering ? i : shop->count - 1 - i]) {
            assert_true(buffer_printf(&page, "%s%s", comma, text));
            comma = ",";
        }
    }
    assert_true(buffer_append_text(&page, "]"));

    AUTO(free) char *body = buffer_steal(&page);

    return talk_http(talk, 200, body);
}

/* Answers until the poll ends. */
static inline void shop_answer_all(struct shop *shop, struct talk *talk)
{
    while (talk->step == STEP_CALL) {
        shop_answer(shop, talk);
    }
}

static inline void poll_begin(struct talk *talk, const char *known)
{
    talk_begin(talk, "poll", poll_context(known));
    assert_int_equal(talk_start(talk), STEP_CALL);
}

/* Whether the poll wrote the order. */
static inline bool was_written(const struct talk *talk, int number)
{
    AUTO(free) char *member = xasprintf("\"order_number\":\"%d\"", number);

    for (struct row_write *row = talk->outcome.writes; row != NULL; row = row->next) {
        if (strstr(row->json, member) != NULL) {
            return true;
        }
    }
    return false;
}

#endif
