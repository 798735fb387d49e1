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
    walk->offset = 0;
    walk->is_backward = false;
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
                             const struct poll_known *known)
{
    char first[ORDER_NUMBER_LENGTH + 1];

    if (walk->offset == 0) {
        return true;
    }
    for (size_t i = 0; i < page->count; i++) {
        if (poll_known_was_seen(known, page->slices[i].hash)) {
            return true;
        }
    }
    if (page->count == 0 || walk->last_number[0] == '\0') {
        return false;
    }
    /* The last order may have been edited meanwhile: then its number tells. */
    read_number(&page->slices[0], first);
    return first[0] != '\0' && text_compare_numbers(first, walk->last_number) <= 0;
}

void poll_walk_step_back(struct poll_walk *walk)
{
    walk->offset -= walk->offset < STRIDE ? walk->offset : STRIDE;
    walk->is_backward = true;
}

bool poll_walk_advance(struct poll_walk *walk, const struct order_page *page, size_t fresh)
{
    char last[ORDER_NUMBER_LENGTH + 1];

    if (page->count < SHOP_PAGE_SIZE) {
        return false;
    }
    if (fresh == 0 && !walk->is_backward) {
        walk->is_circular = true;
        return false;
    }
    read_number(&page->slices[page->count - 1], last);
    if (last[0] != '\0' && text_compare_numbers(last, walk->last_number) > 0) {
        memcpy(walk->last_number, last, sizeof(last));
    }
    walk->offset += page->count - 1;
    walk->is_backward = false;
    return true;
}
