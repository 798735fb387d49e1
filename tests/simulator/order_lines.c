/*
 * What was ordered and what it costs: the lines, the price and the weight of a generated order.
 */
#include <stdio.h>

#include "tests/simulator/order_draft.h"

/* "44.95", also for negative amounts. */
#define CENTS_SIZE 16

static const char *cents_text(int cents, char text[CENTS_SIZE])
{
    int size = cents < 0 ? -cents : cents;

    snprintf(text, CENTS_SIZE, "%s%d.%02d", cents < 0 ? "-" : "", size / 100, size % 100);
    return text;
}

/* A tax block as the object or, now and then, the list that the API makes of it. */
static void draft_tax(struct draft *draft, int cents)
{
    char gross[CENTS_SIZE];
    int percent = draft->country->tax_percent;
    double net = cents / 100.0 / (1 + percent / 100.0);
    bool is_list = dice_chance(&draft->dice, 20);

    put(&draft->text,
        "%s{\"rate\":\"%d.00\",\"amount\":\"%.6f\",\"amount_including_tax\":\"%s\"}%s",
        is_list ? "[" : "", percent, net, cents_text(cents, gross), is_list ? "]" : "");
}

static void draft_line_start(struct draft *draft, const char *type, int quantity)
{
    char uuid[UUID_SIZE];

    dice_uuid(&draft->dice, uuid);
    put(&draft->text, "%s{\"id\":\"%s\",\"type\":\"%s\",\"quantity\":%d",
        draft->text.bytes[draft->text.length - 1] == '[' ? "" : ",", uuid, type, quantity);
}

static void draft_goods_weight(struct draft *draft, int grams)
{
    draft->grams += grams;
    put(&draft->text, dice_chance(&draft->dice, 75) ? ",\"weight\":\"%.3f\"" : ",\"weight\":%.3f",
        grams / 1000.0);
}

static void draft_articles(struct draft *draft, const struct product *product)
{
    char gross[CENTS_SIZE];

    put(&draft->text,
        ",\"articles\":[{\"id\":%u,\"sku\":\"%s\",\"description\":\"%s\",\"price\":{\"amount\":"
        "\"%s\",\"rate\":\"%d.00\",\"purchase_price\":\"\"}",
        80000 + (unsigned)(product - products), product->sku, product->description,
        cents_text(product->cents, gross), draft->country->tax_percent);
    if (product->option[0] == '\0') {
        put_text(&draft->text, draft_pick(draft, ",\"options\":[]}]", "}]"));
        return;
    }
    put(&draft->text,
        ",\"options\":[{\"list_option_id\":%u,\"description\":\"%s\",\"price\":%s}]}]",
        700 + (unsigned)(product - products), product->option,
        draft_pick(draft, "\"0.00\"", "{\"amount\":\"0.00\",\"rate\":\"21.00\"}", "0"));
}

static void draft_article_line(struct draft *draft, int sign)
{
    const struct product *product = &products[dice_roll(&draft->dice, products_count)];
    int quantity = sign * (1 + (int)dice_roll(&draft->dice, 3));
    int cents = quantity * product->cents;

    draft->cents += cents;
    draft_line_start(draft, "article", quantity);
    draft_goods_weight(draft, quantity * sign * product->grams);
    put(&draft->text, ",\"description\":\"%s%s%s\",\"price\":", product->description,
        product->option[0] != '\0' ? " - " : "", product->option);
    draft_tax(draft, cents);
    if (!draft->is_small) {
        draft_articles(draft, product);
    }
    put_text(&draft->text, "}");
}

static void draft_custom_line(struct draft *draft, int sign)
{
    int cents = sign * 1250;

    draft->cents += cents;
    draft_line_start(draft, "custom", sign);
    draft_goods_weight(draft, 1200);
    put_text(&draft->text, ",\"description\":\"Maatwerk op aanvraag\",\"unit_price\":\"12.50\","
                           "\"unit_weight\":\"1.2\",\"price\":");
    draft_tax(draft, cents);
    put_text(&draft->text, "}");
}

/* A line that is not goods. A payment line has no description in the real API. */
static void draft_cost_line(struct draft *draft, const char *type, const char *description,
                            int cents)
{
    draft->cents += cents;
    draft_line_start(draft, type, 1);
    put_text(&draft->text, draft_pick(draft, ",\"weight\":\"0\"", ",\"weight\":0", ""));
    if (description != NULL) {
        put(&draft->text, ",\"description\":\"%s\"", description);
    }
    put_text(&draft->text, ",\"price\":");
    draft_tax(draft, cents);
    put_text(&draft->text, "}");
}

static void draft_goods(struct draft *draft, int sign)
{
    size_t articles = draft->is_small || dice_chance(&draft->dice, 80) ? 1 : 2;

    if (!draft->is_small && dice_chance(&draft->dice, 15)) {
        draft_custom_line(draft, sign);
        articles--;
    }
    for (size_t i = 0; i < articles; i++) {
        draft_article_line(draft, sign);
    }
}

void draft_lines(struct draft *draft)
{
    int sign = draft->recipe->kind == ORDER_CREDIT ? -1 : 1;

    put_text(&draft->text, ",\"orderlines\":[");
    if (draft->recipe->kind != ORDER_VIRTUAL) {
        draft_goods(draft, sign);
    } else {
        draft_cost_line(draft, "payment", "Cadeaubon per e-mail", 2500);
    }
    if (!draft->is_small && dice_chance(&draft->dice, 40)) {
        draft_cost_line(draft, "shipping", "Verzendkosten", sign * 695);
    }
    if (!draft->is_small && dice_chance(&draft->dice, 15)) {
        draft_cost_line(draft, "payment", NULL, sign * 35);
    }
    if (!draft->is_small && dice_chance(&draft->dice, 10)) {
        draft_cost_line(draft, "discount", "Kortingscode PROEF10", sign * -100);
    }
    put_text(&draft->text, "]");
}

void draft_price(struct draft *draft)
{
    char gross[CENTS_SIZE];

    put_text(&draft->text, ",\"price\":{\"tax\":");
    if (dice_chance(&draft->dice, 10)) {
        put_text(&draft->text, "[]");
    } else {
        draft_tax(draft, draft->cents);
    }
    put(&draft->text, dice_chance(&draft->dice, 75) ? ",\"total\":\"%s\"}" : ",\"total\":%s}",
        cents_text(draft->cents, gross));
}

void draft_weight(struct draft *draft)
{
    uint64_t roll = dice_roll(&draft->dice, 100);

    if (roll < 50) {
        put(&draft->text, ",\"weight\":\"%.2f\"", draft->grams / 1000.0);
    } else if (roll < 70) {
        put(&draft->text, ",\"weight\":%.3g", draft->grams / 1000.0);
    } else {
        put_text(&draft->text, draft_pick(draft, ",\"weight\":\"\"", ",\"weight\":\"0\"",
                                          ",\"weight\":0", ",\"weight\":null", ""));
    }
}
