/* Orders and contexts for the tests of the poll job. */
#ifndef TESTS_UNIT_POLL_HELPERS_H
#define TESTS_UNIT_POLL_HELPERS_H

#include "common/buffer.h"
#include "tests/unit/kind_helpers.h"
#include "worker/api/shop/order_page.h"

/* The text of a small order that can be imported; `more` is put in as it is ("\"x\":1," or ""). */
static inline char *order_text(int number, int status, const char *more)
{
    return xasprintf(
        "{%s\"number\":\"%d\",\"uuid\":\"00000000-0000-4000-8000-%012d\",\"date\":"
        "\"2026-11-20\",\"time\":\"10:00:00\",\"status\":%d,\"debtor\":{\"email\":"
        "\"k%d@example.org\",\"address\":{\"delivery\":{\"name\":\"Klant %d\",\"street\":"
        "\"Laan\",\"number\":\"%d\",\"zipcode\":\"3511ZZ\",\"city\":\"Utrecht\","
        "\"country_code\":\"NL\"}}},\"orderlines\":[{\"type\":\"article\",\"quantity\":1}]}",
        more, number, number, status, number, number, number);
}

/* The hash of a text as the context and write_polled write it. */
static inline void hash_digits(const char *text, char ret_digits[17])
{
    snprintf(ret_digits, 17, "%016llx", (unsigned long long)order_page_hash(text, strlen(text)));
}

/* The context of a poll for orders with status 1, which knows these hashes. */
static inline json_t *poll_context(const char *known)
{
    return json_pack("{s:[i], s:b, s:n, s:s, s:n, s:s}", "open_statuses", 1, "paid_only", 0,
                     "imported_since", "region_code", "NL", "default_weight_kg", "known", known);
}

/* Whether it asks how many orders there are. */
static inline bool asks_for_count(const struct talk *talk)
{
    return talk->step == STEP_CALL && strcmp(talk->request.path, "/v1/orders/count") == 0;
}

static inline enum step talk_count(struct talk *talk, size_t count)
{
    AUTO(free) char *body = xasprintf("{\"count\":%zu}", count);

    assert_true(asks_for_count(talk));
    return talk_http(talk, 200, body);
}

/* A list of one page, of which the shop, when it is asked, counts as many orders. */
static inline enum step talk_list(struct talk *talk, const char *body)
{
    AUTO(order_page) struct order_page page;
    size_t count = 0;

    order_page_init(&page, body, strlen(body));
    for (size_t i = 0; i < page.count; i++) {
        size_t earlier = 0;

        while (page.slices[earlier].hash != page.slices[i].hash) {
            earlier++;
        }
        count += earlier == i;
    }
    talk_http(talk, 200, body);
    return asks_for_count(talk) ? talk_count(talk, count) : talk->step;
}

static inline int64_t member_number(json_t *object, const char *key)
{
    json_t *value = json_object_get(object, key);

    if (!json_is_integer(value)) {
        fail_msg("member '%s' is no integer", key);
    }
    return json_integer_value(value);
}

/* Fails unless write_polled was written with these figures. */
static inline void check_polled(const struct talk *talk, int64_t seen, int64_t written,
                                int64_t skipped, const char *missing)
{
    json_auto_t *row = talk_row(talk, "write_polled", 0);

    assert_int_equal(talk_rows(talk, "write_polled"), 1);
    assert_int_equal(member_number(row, "seen"), seen);
    assert_int_equal(member_number(row, "written"), written);
    assert_int_equal(member_number(row, "skipped"), skipped);
    check_member(row, "missing", missing);
    assert_int_equal(talk_rows(talk, "write_orders"), written);
    assert_int_equal(talk_rows(talk, "write_skipped"), skipped);
    assert_int_equal(member_number(talk->outcome.result, "seen"), seen);
    assert_int_equal(talk->outcome.unremarkable,
                     written == 0 && skipped == 0 && missing[0] == '\0');
}

#endif
