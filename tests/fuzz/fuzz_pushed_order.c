/* An order in the panel as Boekuwzending tells it, and the whole of the jobs that look at it there
 * and take it back. */
#include "tests/fuzz/conversation.h"
#include "worker/api/boekuwzending/pushed_order.h"
#include "worker/api/boekuwzending/request.h"

/* The bits of the first byte. */
#define REMOVES       1 /* remove_order, else watch_order */
#define FORGOT_ID     2 /* remove_order searches */
#define KNOWS_LABELS  4
#define STAGING       8
#define UNWANTED      16
#define TOKEN_PROBLEM 32

#define EXTERNAL_ID "3b0f6a52-7c1e-4d7e-9a57-0c7f5b7a1101"

static json_t *make_context(uint8_t variant)
{
    bool removes = (variant & REMOVES) != 0;
    bool is_unwanted = (variant & UNWANTED) != 0;
    json_t *context = json_pack("{s:s, s:s, s:s}", "environment",
                                (variant & STAGING) != 0 ? "staging" : "production", "external_id",
                                EXTERNAL_ID, "pushed_id", "p1");

    if (removes) {
        json_object_set_new(context, "has_to_leave", json_boolean(!is_unwanted));
        if ((variant & FORGOT_ID) != 0) {
            json_object_set_new(context, "pushed_id", json_null());
        }
        return context;
    }
    json_object_set_new(context, "unwanted",
                        is_unwanted ? json_string("it has been taken back") : json_null());
    if ((variant & KNOWS_LABELS) != 0) {
        json_object_set_new(context, "shipments", json_pack("[s, s]", "s1", "s2"));
        json_object_set_new(context, "labels", json_pack("{s:b, s:b}", "l1", 0, "l2", 1));
    }
    return context;
}

/* Whatever is said of shipments, each is an id that may stand in a path, and stands there once. */
static void check_order(const char *body, size_t length)
{
    AUTO(pushed_order) struct pushed_order order = {.id = NULL};
    struct error err = ERROR_INIT;

    if (!pushed_order_read(body, length, &order, &err)) {
        REQUIRE(err.code == ERROR_DATA && order.id == NULL && order.shipments == NULL);
        fuzz_require_line(err.text);
        return;
    }
    REQUIRE(boekuwzending_is_id(order.id) && json_is_array(order.shipments));
    for (size_t i = 0; i < json_array_size(order.shipments); i++) {
        const char *id = json_string_value(json_array_get(order.shipments, i));

        REQUIRE(id != NULL && boekuwzending_is_id(id));
        for (size_t j = 0; j < i; j++) {
            REQUIRE(strcasecmp(json_string_value(json_array_get(order.shipments, j)), id) != 0);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    uint8_t variant = fuzz_take_byte(&input);
    struct fuzz_input answers = input;
    size_t length = 0;

    (void)fuzz_take_byte(&answers);

    AUTO(free) char *body = fuzz_take_bytes(&answers, &length);

    check_order(body, length);
    converse((variant & REMOVES) != 0 ? "remove_order" : "watch_order", make_context(variant),
             (variant & TOKEN_PROBLEM) != 0 ? "cannot be opened" : NULL, &input);
    return 0;
}
