/*
 * Who ordered and where it goes: the debtor of a generated order.
 */
#include <string.h>

#include "tests/simulator/order_draft.h"

/* Three in four orders stay in the shop's own country. */
static const struct place *draft_place(struct draft *draft)
{
    bool at_home = dice_chance(&draft->dice, 75);

    for (;;) {
        const struct place *place = &places[dice_roll(&draft->dice, places_count)];

        if (!at_home || strcmp(place->country_code, draft->recipe->region) == 0) {
            return place;
        }
        /* A shop in a country without places takes any after a few rolls. */
        at_home = dice_chance(&draft->dice, 95);
    }
}

static const char *draft_phone(struct draft *draft)
{
    return phones[dice_roll(&draft->dice, phones_count)];
}

/* One address block; `extra` is more members, starting with a comma, or "". */
static void draft_address(struct draft *draft, const struct place *place, const char *company,
                          const char *extra)
{
    struct buffer *text = &draft->text;

    put_text(text, "{");
    if (!draft->is_small && dice_chance(&draft->dice, 30)) {
        char uuid[UUID_SIZE];

        dice_uuid(&draft->dice, uuid);
        put(text, "\"id\":\"%s\",\"gender\":\"%s\",", uuid, draft->person->gender);
    }
    put(text, "\"name\":\"%s\",\"company\":\"%s\",\"street\":\"%s\",\"number\":\"%s\"",
        draft->person->name, company, place->street, place->number);
    put(text, ",\"zipcode\":\"%s\",\"city\":\"%s\"", place->zipcode, place->city);
    if (!draft->is_small) {
        put(text, ",\"country\":\"%s\"", country_find(place->country_code)->name);
    }
    put(text, ",\"country_code\":\"%s\"%s}", place->country_code, extra);
}

static void draft_delivery(struct draft *draft, const struct place *invoice, const char *company)
{
    put_text(&draft->text, ",\"delivery\":");
    uint64_t roll = dice_roll(&draft->dice, 100);
    if (roll < 45 && !draft->is_small) { /* the same as the invoice address */
        draft_address(draft, invoice, company, ",\"phone\":\"\"");
    } else if (roll >= 45 && roll < 70) { /* another one */
        const struct place *place = draft_place(draft);

        draft->country = country_find(place->country_code);
        draft_address(draft, place, dice_chance(&draft->dice, 30) ? companies[0] : "",
                      draft_pick(draft, "", ",\"phone\":\"+31 6 00000001\"", ",\"phone\":null"));
    } else {
        put_text(&draft->text,
                 draft_pick(draft, "[]", "null", "{}",
                            "{\"name\":\"\",\"street\":\"\",\"number\":\"\",\"zipcode\":\"\"}"));
    }
}

static void draft_addresses(struct draft *draft)
{
    const struct place *invoice = draft_place(draft);

    draft->country = country_find(invoice->country_code);
    if (draft->recipe->kind == ORDER_NO_ADDRESS) {
        put_text(&draft->text,
                 draft_pick(draft, "", ",\"address\":[]", ",\"address\":{\"invoice\":[]}",
                            ",\"address\":{\"invoice\":{\"name\":\"\",\"zipcode\":\"\"},"
                            "\"delivery\":[]}"));
        return;
    }
    const char *company =
        draft->is_business ? companies[dice_roll(&draft->dice, companies_count)] : "";
    struct buffer extra = TEXT_INIT;
    put(&extra, ",\"phone\":\"%s\"", draft_phone(draft));
    if (draft->is_business && !draft->is_small) {
        put_text(&extra, ",\"taxnumber\":\"NL000000000B01\",\"bankaccount\":\"\"");
    }
    put_text(&draft->text, ",\"address\":{\"invoice\":");
    draft_address(draft, invoice, company, extra.bytes);
    buffer_release(&extra);
    if (draft->recipe->kind != ORDER_PICKUP) {
        draft_delivery(draft, invoice, company);
    }
    put_text(&draft->text, "}");
}

void draft_debtor(struct draft *draft)
{
    put_text(&draft->text, ",\"debtor\":{");
    if (!draft->is_small) {
        char uuid[UUID_SIZE];

        dice_uuid(&draft->dice, uuid);
        put(&draft->text, "\"id\":\"%s\",", uuid);
    }
    put(&draft->text, "\"email\":\"%s@example.org\"", draft->person->email);
    if (!draft->is_small && dice_chance(&draft->dice, 50)) {
        put(&draft->text, ",\"name\":\"%s\"", draft->person->name);
    }
    if (!draft->is_small && dice_chance(&draft->dice, 50)) {
        put(&draft->text, ",\"phone\":\"%s\"", draft_phone(draft));
    }
    draft_addresses(draft);
    put_text(&draft->text, "}");
}

void draft_shipping(struct draft *draft)
{
    bool has_no_country =
        draft->recipe->kind == ORDER_PICKUP || draft->recipe->kind == ORDER_NO_ADDRESS;

    if (has_no_country || dice_chance(&draft->dice, 15)) {
        put_text(&draft->text, ",\"shipping\":[{\"country\":[]}]");
    } else {
        put(&draft->text,
            ",\"shipping\":[{\"country\":{\"description\":\"%s\",\"isocode\":\"%s\"}}]",
            draft->country->name, draft->country->code);
    }
}
