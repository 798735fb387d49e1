#include "worker/jobs/poll_walk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker/api/shop/request.h"
#include "worker/api/text/text.h"

/* A page and the one before it share an order. */
#define STRIDE (SHOP_PAGE_SIZE - 1)

void poll_walk_start(struct poll_walk *walk)
{
    *walk = (struct poll_walk){.offset = 0};
}

void poll_walk_repeat(struct poll_walk *walk)
{
    walk->offset = 0;
    walk->is_backward = walk->is_detached = false;
    walk->is_repeated = true;
    walk->last_number[0] = '\0';
}

/* The number of the order in a slice when it is all digits; else "". */
static void read_number(const struct order_slice *slice, char ret_number[ORDER_NUMBER_LENGTH + 1])
{
    AUTO(order) struct order order = {.json = NULL};

    ret_number[0] = '\0';
    if (slice->flaw == ORDER_FLAW_NONE && order_read(slice->text, slice->length, &order, NULL) &&
        order.number != NULL && text_is_digits(order.number)) {
        snprintf(ret_number, ORDER_NUMBER_LENGTH + 1, "%s", order.number);
    }
}

bool poll_walk_is_continuous(const struct poll_walk *walk, const struct order_page *page,
                             const struct poll_known *known, unsigned turn)
{
    char first[ORDER_NUMBER_LENGTH + 1];

    if (walk->offset == 0 || walk->is_detached) {
        return true;
    }
    for (size_t i = 0; i < page->count; i++) {
        if (poll_known_was_seen(known, page->slices[i].hash, turn)) {
            return true;
        }
    }
    if (page->count == 0 || walk->is_ascending || walk->last_number[0] == '\0') {
        return false;
    }
    /* The last order may have been edited meanwhile: then its number tells. */
    read_number(&page->slices[0], first);
    return first[0] != '\0' && text_compare_numbers(first, walk->last_number) >= 0;
}

void poll_walk_step_back(struct poll_walk *walk)
{
    walk->offset -= walk->offset < STRIDE ? walk->offset : STRIDE;
    walk->is_backward = true;
    walk->is_detached = false;
}

enum poll_walk_place poll_walk_look(const struct poll_walk *walk, const struct order_page *page,
                                    size_t fresh)
{
    bool was_here = walk->is_backward || walk->offset < walk->frontier;

    if (page->count == 0 || (fresh == 0 && !was_here)) {
        return POLL_WALK_END;
    }
    return page->count < SHOP_PAGE_SIZE ? POLL_WALK_PERHAPS : POLL_WALK_ON;
}

/* Reads the numbers at both ends of the page. */
static void note_numbers(struct poll_walk *walk, const struct order_page *page)
{
    char first[ORDER_NUMBER_LENGTH + 1];
    char last[ORDER_NUMBER_LENGTH + 1];

    read_number(&page->slices[page->count - 1], last);
    if (last[0] == '\0') {
        return;
    }
    if (walk->offset == 0) {
        read_number(&page->slices[0], first);
        walk->is_ascending = first[0] != '\0' && text_compare_numbers(first, last) < 0;
    }
    if (walk->last_number[0] == '\0' || text_compare_numbers(last, walk->last_number) < 0) {
        memcpy(walk->last_number, last, sizeof(last));
    }
}

void poll_walk_advance(struct poll_walk *walk, const struct order_page *page,
                       enum poll_walk_place place)
{
    if (place == POLL_WALK_END) {
        walk->is_circular = page->count >= SHOP_PAGE_SIZE;
        return;
    }
    note_numbers(walk, page);
    walk->frontier = walk->offset > walk->frontier ? walk->offset : walk->frontier;
    walk->is_detached = page->count == 1;
    walk->offset += walk->is_detached ? 1 : page->count - 1;
    walk->is_backward = false;
}
