/* One order as a shop has it, and the whole of the jobs that look at one. */
#include "tests/fuzz/conversation.h"
#include "worker/api/shop/order.h"

/* The bits of the first byte. */
#define CONFIRMS      1 /* confirm_order, else mark_shipped */
#define STAGING       2
#define PAID_ONLY     4
#define HAS_COMMENT   8
#define TOKEN_PROBLEM 16

static json_t *make_context(uint8_t variant)
{
    return json_pack("{s:s, s:s, s:[i,i], s:i, s:s, s:[i], s:[s], s:b, s:s?, s:b}", "order_uuid",
                     "3b0f6a52-7c1e-4d7e-9a57-0c7f5b7a1101", "order_number", "20411",
                     "open_statuses", 1, 3, "shipped_status", 2, "label_environment",
                     (variant & STAGING) != 0 ? "staging" : "production", "label_ids", 1,
                     "credit_order_numbers", "99", "mark_on_staging", 1, "comment_line",
                     (variant & HAS_COMMENT) != 0 ? "PostNL 3STEST" : NULL, "paid_only",
                     (variant & PAID_ONLY) != 0);
}

static void check_order(const char *body, size_t length)
{
    AUTO(order) struct order order = {.json = NULL};
    struct error err = ERROR_INIT;

    if (!order_read(body, length, &order, &err)) {
        REQUIRE(err.code == ERROR_DATA && order.json == NULL && order.number == NULL);
        fuzz_require_line(err.text);
        return;
    }

    json_auto_t *credits = order_credit_numbers(&order);

    REQUIRE(json_is_object(order.json));
    REQUIRE(json_is_array(credits) && json_array_size(credits) <= 50);
    fuzz_require_clean(order.number, ORDER_NUMBER_LENGTH);
    REQUIRE(order.uuid == NULL ||
            (text_is_uuid(order.uuid) && strpbrk(order.uuid, "ABCDEF") == NULL));
    REQUIRE(order.date[0] == '\0' || strlen(order.date) == 10);
    REQUIRE(order.time[0] == '\0' || strlen(order.time) == 8);
    REQUIRE(order.number == NULL || !order.is_number_unfit);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    uint8_t variant = fuzz_take_byte(&input);
    struct fuzz_input orders = input;
    size_t length = 0;

    (void)fuzz_take_byte(&orders);

    AUTO(free) char *body = fuzz_take_bytes(&orders, &length);

    check_order(body, length);
    converse((variant & CONFIRMS) != 0 ? "confirm_order" : "mark_shipped", make_context(variant),
             (variant & TOKEN_PROBLEM) != 0 ? "cannot be opened" : NULL, &input);
    return 0;
}
