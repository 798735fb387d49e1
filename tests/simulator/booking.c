#include "tests/simulator/booking.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/memory.h"
#include "tests/simulator/array.h"

static void account_free(struct account *account)
{
    free(account->client_id);
    free(account->client_secret);
    free(account);
}

static void pushed_order_free(struct pushed_order *order)
{
    free(order->external_id);
    free(order->text);
    free(order->overview);
    json_decref(order->sent);
    json_decref(order->shipments);
    free(order);
}

static void shipment_free(struct shipment *shipment)
{
    free(shipment->sequence);
    free(shipment->reference);
    free(shipment->service);
    free(shipment->head);
    free(shipment->overview);
    free(shipment->labels);
    free(shipment->request);
    free(shipment->postcode);
    for (size_t i = 0; i < shipment->label_count; i++) {
        free(shipment->label[i].status);
        free(shipment->label[i].description);
    }
    free(shipment->label);
    free(shipment);
}

void booking_put_account(struct booking *booking, const char *client_id, const char *client_secret,
                         struct dice *dice)
{
    struct account *account = map_find(&booking->accounts, client_id);

    if (account == NULL) {
        account = xcalloc(1, sizeof(*account));
        account->client_id = xstrdup(client_id);
        dice_uuid(dice, account->id);
        booking->account_items = array_grow(booking->account_items, booking->account_count,
                                            &booking->account_capacity, sizeof(struct account *));
        booking->account_items[booking->account_count++] = account;
        map_put(&booking->accounts, account->client_id, account);
    }
    free(account->client_secret);
    account->client_secret = xstrdup(client_secret);
}

/* Forgets tokens that have expired, so that hours of short lifetimes do not pile up. */
static void booking_drop_expired(struct booking *booking)
{
    int64_t now = clock_monotonic_us();
    struct map all = booking->bearers;

    booking->bearers = (struct map){.slots = NULL};
    for (size_t i = 0; i < all.capacity; i++) {
        struct bearer *bearer = all.slots[i].value;

        if (bearer != NULL && bearer->expires_us > now) {
            map_put(&booking->bearers, bearer->token, bearer);
        } else {
            free(bearer);
        }
    }
    map_release(&all);
}

const struct bearer *booking_issue(struct booking *booking, struct account *account,
                                   int64_t lifetime_us, struct dice *dice)
{
    if (booking->bearers.count >= 10000) {
        booking_drop_expired(booking);
    }
    struct bearer *bearer = xcalloc(1, sizeof(*bearer));
    char first[UUID_SIZE], second[UUID_SIZE];
    dice_uuid(dice, first);
    dice_uuid(dice, second);
    snprintf(bearer->token, sizeof(bearer->token), "%.8s%.4s%.12s%.8s%.4s%.12s", first, first + 9,
             first + 24, second, second + 9, second + 24);
    bearer->account = account;
    bearer->expires_us = clock_monotonic_us() + lifetime_us;
    account->tokens_issued++;
    map_put(&booking->bearers, bearer->token, bearer);
    return bearer;
}

const struct account *booking_authenticate(const struct booking *booking, const char *token)
{
    const struct bearer *bearer = map_find(&booking->bearers, token);

    return bearer != NULL && bearer->expires_us > clock_monotonic_us() ? bearer->account : NULL;
}

void booking_add_order(struct booking *booking, struct pushed_order *order)
{
    booking->order_items = array_grow(booking->order_items, booking->order_count,
                                      &booking->order_capacity, sizeof(struct pushed_order *));
    booking->order_items[booking->order_count++] = order;
    map_put(&booking->orders, order->id, order);
}

void booking_add_shipment(struct booking *booking, struct shipment *shipment)
{
    booking->shipment_items = array_grow(booking->shipment_items, booking->shipment_count,
                                         &booking->shipment_capacity, sizeof(struct shipment *));
    booking->shipment_items[booking->shipment_count++] = shipment;
    map_put(&booking->shipments, shipment->id, shipment);
    for (size_t i = 0; i < shipment->label_count; i++) {
        map_put(&booking->labels, shipment->label[i].id, &shipment->label[i]);
    }
    shipment->nth_of_reference = 1;
    if (shipment->reference[0] != '\0') {
        shipment->same_reference = map_find(&booking->references, shipment->reference);
        if (shipment->same_reference != NULL) {
            shipment->nth_of_reference = shipment->same_reference->nth_of_reference + 1;
        }
        map_put(&booking->references, shipment->reference, shipment);
    }
}

struct pushed_order *booking_find_order(const struct booking *booking,
                                        const struct account *account, const char *id)
{
    struct pushed_order *order = map_find(&booking->orders, id);

    return order != NULL && order->account == account && !order->is_deleted ? order : NULL;
}

const struct shipment *booking_find_shipment(const struct booking *booking,
                                             const struct account *account, const char *id)
{
    const struct shipment *shipment = map_find(&booking->shipments, id);

    return shipment != NULL && shipment->account == account && shipment_is_there(shipment)
               ? shipment
               : NULL;
}

const struct label *booking_find_label(const struct booking *booking, const struct account *account,
                                       const char *id)
{
    const struct label *label = map_find(&booking->labels, id);

    return label != NULL && label->shipment->account == account &&
                   shipment_is_there(label->shipment) && shipment_has_labels(label->shipment)
               ? label
               : NULL;
}

bool shipment_is_there(const struct shipment *shipment)
{
    return clock_wall_us() >= shipment->there_at_us;
}

const char *label_status(const struct label *label)
{
    return label->shipment->is_cancelled ? "canceled"
           : label->status != NULL       ? label->status
                                         : "created";
}

struct label *booking_label(const struct booking *booking, const char *id)
{
    return map_find(&booking->labels, id);
}

bool shipment_has_labels(const struct shipment *shipment)
{
    return clock_wall_us() >= shipment->labels_at_us;
}

void booking_release(struct booking *booking)
{
    for (size_t i = 0; i < booking->bearers.capacity; i++) {
        free(booking->bearers.slots[i].value);
    }
    for (size_t i = 0; i < booking->order_count; i++) {
        pushed_order_free(booking->order_items[i]);
    }
    for (size_t i = 0; i < booking->shipment_count; i++) {
        shipment_free(booking->shipment_items[i]);
    }
    for (size_t i = 0; i < booking->account_count; i++) {
        account_free(booking->account_items[i]);
    }
    free(booking->order_items);
    free(booking->shipment_items);
    free(booking->account_items);
    map_release(&booking->accounts);
    map_release(&booking->bearers);
    map_release(&booking->orders);
    map_release(&booking->shipments);
    map_release(&booking->labels);
    map_release(&booking->references);
    const char *name = booking->name;
    *booking = (struct booking){.name = name};
}
