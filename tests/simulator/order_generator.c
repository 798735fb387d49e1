#include "tests/simulator/order_generator.h"

#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/memory.h"
#include "tests/simulator/order_draft.h"

#define DAY_US        INT64_C(86400000000)
#define SMALL_BYTES   1600
#define USUAL_BYTES   4000
#define STATUS_NEW    1
#define STATUS_PAID   3
#define STATUS_CREDIT 10

static const char *const kind_names[] = {
    [ORDER_NORMAL] = "normal",   [ORDER_TEST] = "test",
    [ORDER_CREDIT] = "credit",   [ORDER_PICKUP] = "pickup",
    [ORDER_VIRTUAL] = "virtual", [ORDER_NO_ADDRESS] = "no_address",
    [ORDER_OLD] = "old",         [ORDER_PARTLY_CREDITED] = "partly_credited",
};

bool order_kind_find(const char *name, enum order_kind *ret_kind)
{
    for (size_t i = 0; i < ARRAY_LENGTH(kind_names); i++) {
        if (strcmp(kind_names[i], name) == 0) {
            *ret_kind = (enum order_kind)i;
            return true;
        }
    }
    return false;
}

const char *draft_pick_from(struct draft *draft, const char *const *choices, size_t count)
{
    return choices[dice_roll(&draft->dice, count)];
}

static void draft_identity(struct draft *draft)
{
    bool is_test = draft->recipe->kind == ORDER_TEST;
    bool is_integer = !is_test && dice_chance(&draft->dice, 30);

    snprintf(draft->number, sizeof(draft->number), "%s%lld", is_test ? "T-" : "",
             (long long)draft->recipe->number);
    dice_uuid(&draft->dice, draft->uuid);
    put(&draft->text, is_integer ? "{\"number\":%s" : "{\"number\":\"%s\"", draft->number);
    put(&draft->text, ",\"uuid\":\"%s\"", draft->uuid);
}

static void draft_dates(struct draft *draft)
{
    int64_t days = (int64_t)dice_roll(&draft->dice, 10);

    if (draft->recipe->kind == ORDER_OLD) {
        days = 45 + (int64_t)dice_roll(&draft->dice, 356);
    }
    int64_t moment = clock_wall_us() - days * DAY_US - (int64_t)dice_roll(&draft->dice, DAY_US / 2);
    calendar_local(moment, draft->date, draft->time);
    put(&draft->text, ",\"date\":\"%s\",\"time\":\"%s\"", draft->date, draft->time);
    if (dice_chance(&draft->dice, 60)) {
        put(&draft->text, ",\"status_changed_date\":\"%s\",\"status_changed_time\":\"%s\"",
            draft->date, draft->time);
    } else {
        put_text(&draft->text,
                 draft_pick(draft, "", ",\"status_changed_date\":\"\",\"status_changed_time\":\"\"",
                            ",\"status_changed_date\":null,\"status_changed_time\":null"));
    }
}

static void draft_status(struct draft *draft)
{
    draft->status = draft->recipe->status;
    if (draft->status == ORDER_UNKNOWN && draft->recipe->kind == ORDER_CREDIT) {
        draft->status = STATUS_CREDIT;
    }
    if (draft->status == ORDER_UNKNOWN) {
        draft->status = dice_chance(&draft->dice, 50) ? STATUS_NEW : STATUS_PAID;
    }
    put(&draft->text, dice_chance(&draft->dice, 25) ? ",\"status\":\"%d\"" : ",\"status\":%d",
        draft->status);
    put_text(&draft->text, ",\"archived\":false");
    if (!draft->is_small) {
        put(&draft->text,
            ",\"finished\":true,\"taxed\":\"include\",\"locale\":\"%s\",\"discountcode\":\"%s\"",
            country_find(draft->recipe->region)->locale, draft_pick(draft, "", "", "", "PROEF10"));
    }
    put_text(&draft->text, ",\"currency\":\"EUR\"");
    if (!draft->is_small) {
        put_text(&draft->text, ",\"currency_format_locale\":\"nl_NL\"");
    }
}

static void draft_credit(struct draft *draft)
{
    long long number = (long long)draft->recipe->number;

    if (draft->recipe->kind == ORDER_CREDIT) {
        put(&draft->text, ",\"credited_order_number\":%lld", number - 1);
    } else {
        put_text(&draft->text, draft_pick(draft, "", "", ",\"credited_order_number\":null",
                                          ",\"credited_order_number\":0"));
    }
    if (draft->recipe->kind == ORDER_PARTLY_CREDITED) {
        put(&draft->text, ",\"credit_order_numbers\":[%lld]", number + 100000);
    } else {
        put_text(&draft->text, draft_pick(draft, ",\"credit_order_numbers\":[]",
                                          ",\"credit_order_numbers\":[]", ""));
    }
}

static void draft_business(struct draft *draft)
{
    if (draft->is_business) {
        put(&draft->text, ",\"business_model\":\"B2B\",\"reference\":\"PO-%u\"",
            (unsigned)dice_roll(&draft->dice, 10000));
    } else {
        put_text(&draft->text, ",\"business_model\":\"B2C\"");
    }
    if (draft->is_small) {
        return;
    }
    put(&draft->text, ",\"tax_region\":\"%s\",\"tax_strategy\":\"%s\"", draft->country->code,
        draft->is_business ? "reverse_charged_vat" : "");
    put_text(&draft->text, draft_pick(draft, ",\"partner\":[]", ",\"partner\":{\"name\":\"\"}",
                                      ",\"partner\":{\"name\":\"Proefpartner\"}", ""));
}

static void draft_payment(struct draft *draft)
{
    if (draft->is_small || draft->recipe->kind == ORDER_CREDIT) {
        return; /* the real API leaves it out of a credit order too */
    }
    put_text(&draft->text,
             draft_pick(draft, ",\"payment_status\":\"captured\"", ",\"payment_status\":\"new\"",
                        ",\"payment_status\":\"unknown\"", ""));
    put_text(&draft->text,
             draft_pick(draft, ",\"payment\":[]", "",
                        ",\"payment\":{\"gateway_name\":\"mollie\",\"method_name\":\"ideal\","
                        "\"status\":{\"id\":1,\"text\":\"Geslaagd\"}}",
                        ",\"payment\":{\"gateway_name\":\"mollie\",\"method_name\":\"bancontact\","
                        "\"status\":{\"id\":\"5\",\"text\":\"In afwachting\"}}"));
}

static void draft_location(struct draft *draft)
{
    if (draft->recipe->kind == ORDER_PICKUP) {
        char uuid[UUID_SIZE];

        dice_uuid(&draft->dice, uuid);
        put(&draft->text, ",\"offline_location_id\":\"%s\"", uuid);
    } else {
        put_text(&draft->text, draft_pick(draft, "", "", "", ",\"offline_location_id\":null",
                                          ",\"offline_location_id\":\"\""));
    }
}

/* The comment comes last and carries the padding, since only now the size of the rest is known. */
static void draft_comments(struct draft *draft)
{
    static const char opening[] = ",\"comments\":{\"customer\":\"";
    static const char filler[] = "Opvulling ";
    static const char closing[] = "\",\"internal\":null}}";
    size_t wished = draft->recipe->bytes;

    if (wished > 0) {
        put_text(&draft->text, opening);
        for (size_t i = 0; draft->text.length + sizeof(closing) - 1 < wished; i++) {
            put_bytes(&draft->text, &filler[i % (sizeof(filler) - 1)], 1);
        }
        put_text(&draft->text, closing);
    } else if (dice_chance(&draft->dice, 50)) {
        put(&draft->text, "%s%s%s", opening, remarks[dice_roll(&draft->dice, remarks_count)],
            closing);
    } else {
        put_text(&draft->text,
                 draft_pick(draft, "}", ",\"comments\":[]}", ",\"comments\":{}}",
                            ",\"comments\":null}", ",\"comments\":{\"internal\":\"Let op\"}}"));
    }
}

struct order *order_generate(const struct order_recipe *recipe)
{
    struct draft draft = {.recipe = recipe,
                          .dice = dice_new(recipe->seed, recipe->shop, recipe->index),
                          .text = TEXT_INIT,
                          .is_small = recipe->bytes > 0 && recipe->bytes < SMALL_BYTES};

    text_must_fit(buffer_reserve(&draft.text, USUAL_BYTES) != NULL);
    draft.person = &people[dice_roll(&draft.dice, people_count)];
    draft.is_business = dice_chance(&draft.dice, 25);
    draft_identity(&draft);
    draft_dates(&draft);
    draft_status(&draft);
    draft_credit(&draft);
    draft_debtor(&draft);
    draft_business(&draft);
    draft_payment(&draft);
    draft_lines(&draft);
    draft_weight(&draft);
    draft_price(&draft);
    draft_shipping(&draft);
    draft_location(&draft);
    draft_comments(&draft);

    AUTO(buffer) struct buffer escaped = TEXT_INIT;
    const struct buffer *text = &draft.text;
    if (recipe->bytes == 0 && dice_chance(&draft.dice, 50)) {
        put_php_style(&escaped, text->bytes, text->length);
        text = &escaped;
    }
    const struct order_facts facts = {.number = draft.number,
                                      .uuid = draft.uuid,
                                      .status = draft.status,
                                      .archived = 0,
                                      .date = draft.date,
                                      .changed_date = draft.date,
                                      .changed_time = draft.time};
    struct order *order = order_new_known(text->bytes, text->length, &facts);
    buffer_release(&draft.text);
    return order;
}
