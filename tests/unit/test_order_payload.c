/* What is kept of an order as the shop sent it. */
#include "tests/unit/kind_helpers.h"

#include "worker/api/shop/order_row.h"
#include "worker/api/text/lenient.h"

/* What is kept of the text, to be freed. */
static char *payload_of(const char *text)
{
    AUTO(order) struct order order;
    const struct order_slice slice = {.text = text, .length = strlen(text)};
    struct error err = ERROR_INIT;
    size_t length = 0;

    if (!order_read(text, slice.length, &order, &err)) {
        fail_msg("%s: %s", text, err.text);
    }

    char *payload = order_payload(&order, &slice, &length);

    assert_int_equal(strlen(payload), length);
    return payload;
}

TEST(the_payload_is_the_slice_byte_for_byte)
{
    static const char spaced[] = "  \"spaced\" :  \"out\",  \"x\": [ 1.50 , 2 ]";
    AUTO(free) char *fixture = fixture_text("order_b2c.json");
    AUTO(free) char *text = xasprintf("{%s,%s", spaced, fixture + 1);
    AUTO(free) char *payload = payload_of(text);

    assert_string_equal(payload, text);
}

/* An order with `more` members in front. */
static char *order_with(const char *more)
{
    AUTO(free) char *fixture = fixture_text("order_b2b_belgium.json");

    return xasprintf("{%s,%s", more, fixture + 1);
}

TEST(what_jsonb_would_refuse_is_mended)
{
    static const struct {
        const char *more;
        const char *refused;  /* must not be in it */
        const char *expected; /* must be */
    } rows[] = {
        {"\"x\":\"a\\u0000b\"", "\\u0000", "\"x\":\"ab\""},
        {"\"x\":\"\\ud800\"", "\\ud800", "\"x\":\"\\ufffd\""},
        {"\"x\":\"caf\xE9\"", "\xE9\"", "\"x\":\"caf\xEF\xBF\xBD\""},
        {"\"x\":1e-99999", "1e-99999", "\"x\":0.0"},
        {"\"x\":12345678901234567890123456789012345678901234567890", "78901234567890123456789",
         "\"x\":1.2345678901234567e49"},
        {"\"x\":12345678901234567890", "e19", "\"x\":12345678901234567890"},
        {"\"\\u0000x\":1", "\\u0000", "\"x\":1"},
        {"\"x\":\"a\x1e\"", "\x1e", "\"x\":\"a \""},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        AUTO(free) char *text = order_with(rows[i].more);
        AUTO(free) char *payload = payload_of(text);
        struct mended mended;
        struct error err = ERROR_INIT;
        json_auto_t *json = lenient_parse(payload, strlen(payload), &mended, &err);

        ROW_CHECK(rows[i].more, json != NULL && mended.text == NULL);
        ROW_CHECK(rows[i].more, strstr(payload, rows[i].refused) == NULL);
        ROW_CHECK(payload, strstr(payload, rows[i].expected) != NULL);
    }
}
