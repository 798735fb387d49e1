#include "worker/jobs/poll_intake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker/api/shop/order.h"
#include "worker/api/shop/request.h"
#include "worker/api/text/lenient.h"
#include "worker/api/text/scratch.h"

/* More than all uuids that a poll can read. */
#define REREAD_BYTES ((size_t)256 << 20)

enum skip {
    SKIP_NOT, /* import it */
    SKIP_SILENTLY,
    SKIP_TEST,
    SKIP_CREDIT,
    SKIP_TOO_OLD,
    SKIP_NOT_PAID,
    SKIP_POINT_OF_SALE,
    SKIP_NOTHING_TO_SHIP,
    SKIP_NO_ADDRESS,
    SKIP_UNREADABLE,
};

/* Codes as koppeling.skipped_order allows them, and words for support. */
struct skip_words {
    const char *code;
    const char *reason;
};

static const struct skip_words skips[] = {
    [SKIP_TEST] = {"test_order", "its number has the mark of a test order (T-)"},
    [SKIP_CREDIT] = {"credit_order", "it credits another order"},
    [SKIP_TOO_OLD] = {"too_old", "it was ordered before the date from which orders are imported"},
    [SKIP_NOT_PAID] = {"not_paid", "it is not paid, and only paid orders are imported"},
    [SKIP_POINT_OF_SALE] = {"nothing_to_ship", "it is of a point of sale: sold or picked up there"},
    [SKIP_NOTHING_TO_SHIP] = {"nothing_to_ship", "it has no goods to ship"},
    [SKIP_NO_ADDRESS] = {"no_address", "it has no complete delivery or invoice address"},
    [SKIP_UNREADABLE] = {"unreadable", NULL}, /* its words say what is wrong */
};

/* "2026-10-24"; NULL for anything else. */
static const char *read_date(json_t *context, const char *key)
{
    const char *date = json_string_value(json_object_get(context, key));

    return date != NULL && strlen(date) == SHOP_DATE_LENGTH &&
                   strspn(date, "0123456789-") == SHOP_DATE_LENGTH
               ? date
               : NULL;
}

bool poll_intake_init(struct poll_intake *intake, json_t *context)
{
    json_t *open = json_object_get(context, "open_statuses");

    for (size_t i = 0; i < json_array_size(open); i++) {
        if (!json_is_integer(json_array_get(open, i))) {
            return false;
        }
    }
    if (json_array_size(open) == 0 || json_array_size(open) > POLL_TURNS) {
        return false;
    }
    *intake = (struct poll_intake){
        .rules =
            {
                .open_statuses = open,
                .paid_only = lenient_true(context, "paid_only"),
                .imported_since = json_string_value(json_object_get(context, "imported_since")),
                .start_date = read_date(context, "start_date"),
                .defaults.region_code = json_string_value(json_object_get(context, "region_code")),
            },
        .turn = 1,
    };
    if (!lenient_number(context, "default_weight_kg", &intake->rules.defaults.weight_kg)) {
        intake->rules.defaults.weight_kg = 0;
    }
    poll_known_init(&intake->known, json_string_value(json_object_get(context, "known")));
    poll_known_init(&intake->skipped_before,
                    json_string_value(json_object_get(context, "skipped")));
    poll_known_init(&intake->handled, NULL);
    intake->reread = (struct buffer)BUFFER_INIT(REREAD_BYTES);
    return true;
}

void poll_intake_release(struct poll_intake *intake)
{
    poll_known_release(&intake->known);
    poll_known_release(&intake->skipped_before);
    poll_known_release(&intake->handled);
    buffer_release(&intake->reread);
}

static bool is_open(const struct poll_rules *rules, int32_t status)
{
    for (size_t i = 0; i < json_array_size(rules->open_statuses); i++) {
        if (json_integer_value(json_array_get(rules->open_statuses, i)) == status) {
            return true;
        }
    }
    return false;
}

/* What to do with an order before its address and goods are looked at. */
static enum skip judge(const struct poll_rules *rules, const struct order *order)
{
    if (order->archived || !is_open(rules, order->status)) {
        return SKIP_SILENTLY; /* it was not asked for */
    }
    if (order->number == NULL) {
        return SKIP_UNREADABLE;
    }
    if (order_number_is_test(order->number)) {
        return SKIP_TEST;
    }
    if (order->uuid == NULL || order->is_credit_unclear) {
        return SKIP_UNREADABLE;
    }
    if (order->credit) {
        return SKIP_CREDIT;
    }
    if (rules->imported_since != NULL && order->date[0] != '\0' &&
        strcmp(order->date, rules->imported_since) < 0) {
        return SKIP_TOO_OLD;
    }
    return rules->paid_only && !order->paid ? SKIP_NOT_PAID : SKIP_NOT;
}

static enum skip map(const struct poll_rules *rules, const struct order *order, json_t **ret_fields)
{
    switch (order_map(order, &rules->defaults, ret_fields)) {
    case ORDER_OF_POINT_OF_SALE:
        return SKIP_POINT_OF_SALE;
    case ORDER_NOTHING_TO_SHIP:
        return SKIP_NOTHING_TO_SHIP;
    case ORDER_NO_ADDRESS:
        return SKIP_NO_ADDRESS;
    case ORDER_COMPLETE:
        break;
    }
    return SKIP_NOT;
}

/* Whether a row with this identity was written before in this poll; notes it. */
static bool is_handled(struct poll_intake *intake, const char *identity)
{
    uint64_t hash = order_page_hash(identity, strlen(identity));

    return poll_known_see(&intake->handled, hash, 1) == POLL_SIGHT_AGAIN;
}

/* Appends a skipped_order row. */
static void write_skip(struct poll_intake *intake, struct skip_words why, const struct order *order,
                       const struct order_slice *slice, struct outcome *outcome)
{
    char stand_in[32];
    const char *number = order->number;

    if (number == NULL) {
        snprintf(stand_in, sizeof(stand_in), "unreadable:%016llx", (unsigned long long)slice->hash);
        number = stand_in;
    }
    if (is_handled(intake, number)) {
        return;
    }
    outcome_write(outcome, "write_skipped",
                  json_pack("{s:s, s:s?, s:s, s:s, s:I}", "order_number", number, "order_uuid",
                            order->uuid, "reason_code", why.code, "reason", why.reason,
                            "payload_hash", (json_int_t)slice->hash));
    intake->skipped++;
}

static void write_order(struct poll_intake *intake, const struct order *order, json_t *fields,
                        const struct order_slice *slice, struct outcome *outcome)
{
    if (is_handled(intake, order->uuid)) {
        return;
    }

    struct row_write row = {.statement = "write_orders"};

    row.json = order_row(order, fields, slice, &row.length);
    row.document = order_payload(order, slice, &row.document_length);
    outcome_write_row(outcome, &row);
    intake->written++;
}

/* Reads the slice; on failure says why in words without any of its content. */
static bool read_slice(const struct order_slice *slice, size_t position, struct order *ret_order,
                       struct error *err)
{
    if (slice->flaw == ORDER_FLAW_TOO_DEEP) {
        error_set(err, ERROR_DATA, "nested deeper than %d levels", ORDER_PAGE_DEPTH);
    } else if (slice->flaw == ORDER_FLAW_TOO_LARGE) {
        error_set(err, ERROR_DATA, "larger than %d bytes", ORDER_PAGE_ELEMENT);
    } else if (order_read(slice->text, slice->length, ret_order, err)) {
        return true;
    }
    return error_prefix(err, "element %zu of the page", position);
}

static struct skip_words unreadable(const char *reason)
{
    return (struct skip_words){.code = skips[SKIP_UNREADABLE].code, .reason = reason};
}

static const char *unreadable_words(const struct order *order)
{
    if (order->number == NULL) {
        return order->is_number_unfit ? "its number is too long, or no order number"
                                      : "it has no number";
    }
    return order->uuid == NULL ? "it has no valid uuid"
                               : "its credited_order_number is not a number";
}

/* The order is not missing, though its hash is not the one that is known. */
static void note_reread(struct poll_intake *intake, const char *uuid)
{
    if (!buffer_printf(&intake->reread, "%s\"%s\"", intake->reread.length == 0 ? "[" : ",", uuid)) {
        abort(); /* the pages of a poll are limited by far less */
    }
}

/* Imports a new element or notes why not. */
static void take_new(struct poll_intake *intake, const struct order_slice *slice, size_t position,
                     int32_t asked, struct outcome *outcome)
{
    AUTO(order) struct order order = {.json = NULL};
    json_auto_t *fields = NULL;
    struct error err = ERROR_INIT;

    if (!read_slice(slice, position, &order, &err)) {
        write_skip(intake, unreadable(err.text), &order, slice, outcome);
        return;
    }
    if (!order.has_status) {
        order.status = asked; /* the list was asked for this status only */
    }

    enum skip skip = judge(&intake->rules, &order);

    /* Without known orders none can be missing. */
    if (skip != SKIP_SILENTLY && order.uuid != NULL && intake->known.has_known) {
        note_reread(intake, order.uuid);
    }
    if (skip == SKIP_NOT) {
        skip = map(&intake->rules, &order, &fields);
    }
    if (skip == SKIP_NOT) {
        write_order(intake, &order, fields, slice, outcome);
    } else if (skip == SKIP_UNREADABLE) {
        write_skip(intake, unreadable(unreadable_words(&order)), &order, slice, outcome);
    } else if (skip == SKIP_TOO_OLD && intake->rules.start_date != NULL) {
        return; /* the list should not have it; the next whole one tells why it is left out */
    } else if (skip != SKIP_SILENTLY) {
        write_skip(intake, skips[skip], &order, slice, outcome);
    }
}

bool poll_intake_take(struct poll_intake *intake, const struct order_slice *slice, size_t position,
                      int32_t asked, struct outcome *outcome)
{
    switch (poll_known_see(&intake->known, slice->hash, intake->turn)) {
    case POLL_SIGHT_AGAIN:
        return false;
    case POLL_SIGHT_ELSEWHERE:
        return true;
    case POLL_SIGHT_KNOWN:
        break;
    case POLL_SIGHT_NEW:
        if (poll_known_has(&intake->skipped_before, slice->hash)) {
            break;
        }
        scratch_open();
        take_new(intake, slice, position, asked, outcome);
        scratch_close();
        break;
    }
    intake->seen++;
    return true;
}
