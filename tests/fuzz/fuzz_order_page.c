/* Pages of orders: cut into elements, and led through the whole of a poll job. */
#include "tests/fuzz/conversation.h"
#include "worker/api/shop/order_page.h"

/* The bits of the first byte. */
#define PAID_ONLY     1
#define KNOWS_ORDERS  2
#define SINCE         4
#define HAS_DEFAULTS  8
#define TWO_STATUSES  16
#define TOKEN_PROBLEM 32

/* What a real parser makes of a page must be what the scan made of it. */
static void compare_with_parser(const struct order_page *page, const char *body, size_t length)
{
    json_auto_t *parsed = json_loadb(body, length, JSON_ALLOW_NUL, NULL);

    if (!json_is_array(parsed) || json_array_size(parsed) > ORDER_PAGE_COUNT) {
        return;
    }
    REQUIRE(page->state == ORDER_PAGE_WHOLE);
    REQUIRE(page->count == json_array_size(parsed));
    for (size_t i = 0; i < page->count; i++) {
        json_auto_t *element = json_loadb(page->slices[i].text, page->slices[i].length,
                                          JSON_ALLOW_NUL | JSON_DECODE_ANY, NULL);

        REQUIRE(json_equal(element, json_array_get(parsed, i)));
    }
}

static void check_page(const char *body, size_t length)
{
    AUTO(order_page) struct order_page page;
    const char *at = body;

    order_page_init(&page, body, length);
    REQUIRE(page.count <= ORDER_PAGE_COUNT);
    REQUIRE(page.state != ORDER_PAGE_NOT_A_LIST || page.count == 0);
    for (size_t i = 0; i < page.count; i++) {
        const struct order_slice *slice = &page.slices[i];

        REQUIRE(slice->text >= at && slice->length > 0);
        REQUIRE(slice->text + slice->length <= body + length);
        REQUIRE(slice->hash != 0 && slice->hash == order_page_hash(slice->text, slice->length));
        REQUIRE((slice->flaw == ORDER_FLAW_TOO_LARGE) == (slice->length > ORDER_PAGE_ELEMENT));
        at = slice->text + slice->length;
    }
    compare_with_parser(&page, body, length);
}

static json_t *make_context(uint8_t variant)
{
    json_t *context = json_pack("{s:[i], s:b, s:n, s:n, s:n, s:n}", "open_statuses", 1, "paid_only",
                                (variant & PAID_ONLY) != 0, "imported_since", "region_code",
                                "default_weight_kg", "known");

    if ((variant & TWO_STATUSES) != 0) {
        json_array_append_new(json_object_get(context, "open_statuses"), json_integer(3));
    }
    if ((variant & KNOWS_ORDERS) != 0) {
        json_object_set_new(context, "known", json_string("0123456789abcdef,00000000000000ff"));
    }
    if ((variant & SINCE) != 0) {
        json_object_set_new(context, "imported_since", json_string("2026-01-01"));
    }
    if ((variant & HAS_DEFAULTS) != 0) {
        json_object_set_new(context, "region_code", json_string("BE"));
        json_object_set_new(context, "default_weight_kg", json_real(1.5));
    }
    return context;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    uint8_t variant = fuzz_take_byte(&input);
    struct fuzz_input pages = input;

    while (pages.left > 0) {
        size_t length = 0;

        (void)fuzz_take_byte(&pages);

        AUTO(free) char *body = fuzz_take_bytes(&pages, &length);

        check_page(body, length);
    }
    converse("poll", make_context(variant),
             (variant & TOKEN_PROBLEM) != 0 ? "was sealed for another shop" : NULL, &input);
    return 0;
}
