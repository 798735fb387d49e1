#include "tests/unit/kind_helpers.h"

#include <sodium.h>

#include "worker/api/shop/order_page.h"

#define MOST_SLICES 4

static void check_page(const char *body, enum order_page_state page_state,
                       const char *const slices[MOST_SLICES])
{
    AUTO(free) char *exact = xstrndup(body, strlen(body));
    AUTO(order_page) struct order_page page;

    order_page_init(&page, exact, strlen(body));
    ROW_CHECK(body, page.state == page_state);
    for (size_t i = 0; i < page.count; i++) {
        AUTO(free) char *text = xstrndup(page.slices[i].text, page.slices[i].length);

        ROW_CHECK(body, i < MOST_SLICES);
        check_text(body, text, slices[i]);
        ROW_CHECK(body, page.slices[i].hash == order_page_hash(text, strlen(text)));
        ROW_CHECK(body, page.slices[i].flaw == ORDER_FLAW_NONE);
    }
    ROW_CHECK(body, page.count == MOST_SLICES || slices[page.count] == NULL);
}

TEST(pages_are_cut_at_commas_of_the_list_itself)
{
    static const struct {
        const char *body;
        enum order_page_state state;
        const char *slices[MOST_SLICES];
    } rows[] = {
        {"[]", ORDER_PAGE_WHOLE, {NULL}},
        {" \n[ \t]\r\n", ORDER_PAGE_WHOLE, {NULL}},
        {"\xEF\xBB\xBF[1]", ORDER_PAGE_WHOLE, {"1"}},
        {"[{\"a\":1}]", ORDER_PAGE_WHOLE, {"{\"a\":1}"}},
        {"[ {\"a\":[1,2]} , {\"b\":{}} ]", ORDER_PAGE_WHOLE, {"{\"a\":[1,2]}", "{\"b\":{}}"}},
        {"[1,null,\"x\"]", ORDER_PAGE_WHOLE, {"1", "null", "\"x\""}},
        {"[{\"a\":\"],[{\"},2]", ORDER_PAGE_WHOLE, {"{\"a\":\"],[{\"}", "2"}},
        {"[{\"a\":\"\\\"]\"},2]", ORDER_PAGE_WHOLE, {"{\"a\":\"\\\"]\"}", "2"}},
        {"[{\"a\":\"\\\\\"},2]", ORDER_PAGE_WHOLE, {"{\"a\":\"\\\\\"}", "2"}},
        {"[[1,2],[3]]", ORDER_PAGE_WHOLE, {"[1,2]", "[3]"}},
        {"[1,,2,]", ORDER_PAGE_WHOLE, {"1", "2"}},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        check_page(rows[i].body, rows[i].state, rows[i].slices);
    }
}

TEST(a_broken_element_does_not_spoil_its_neighbours)
{
    static const struct {
        const char *body;
        const char *slices[MOST_SLICES];
    } rows[] = {
        {"[{\"a\":[},{\"b\":1}]", {"{\"a\":[}", "{\"b\":1}"}},
        {"[{\"a\":]},{\"b\":1}]", {"{\"a\":]}", "{\"b\":1}"}},
        {"[{\"a\":1}},{\"b\":1}]", {"{\"a\":1}}", "{\"b\":1}"}},
        {"[{\"a\":[{]},{\"b\":1}]", {"{\"a\":[{]}", "{\"b\":1}"}},
        {"[garbage here,{\"b\":1}]", {"garbage here", "{\"b\":1}"}},
        {"[{a:1},{\"b\":1}]", {"{a:1}", "{\"b\":1}"}},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        check_page(rows[i].body, ORDER_PAGE_WHOLE, rows[i].slices);
    }
}

TEST(what_is_no_whole_list_is_told_apart)
{
    static const struct {
        const char *body;
        enum order_page_state state;
        const char *slices[MOST_SLICES];
    } rows[] = {
        {"", ORDER_PAGE_NOT_A_LIST, {NULL}},
        {"  ", ORDER_PAGE_NOT_A_LIST, {NULL}},
        {"{\"title\":\"no\"}", ORDER_PAGE_NOT_A_LIST, {NULL}},
        {"<html>", ORDER_PAGE_NOT_A_LIST, {NULL}},
        {"null", ORDER_PAGE_NOT_A_LIST, {NULL}},
        {"[", ORDER_PAGE_CUT, {NULL}},
        {"[{\"a\":1},{\"b\":", ORDER_PAGE_CUT, {"{\"a\":1}"}},
        {"[{\"a\":1},", ORDER_PAGE_CUT, {"{\"a\":1}"}},
        {"[{\"a\":1},\"open", ORDER_PAGE_CUT, {"{\"a\":1}"}},
        {"[{\"a\":1},\"open\\", ORDER_PAGE_CUT, {"{\"a\":1}"}},
        {"[1] warning: deprecated", ORDER_PAGE_TRAILED, {"1"}},
        {"[1][2]", ORDER_PAGE_TRAILED, {"1"}},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        check_page(rows[i].body, rows[i].state, rows[i].slices);
    }
}

/* `count` brackets of a kind, then a neighbour. */
static char *nested_page(size_t count, char open, char close)
{
    char *body = xcalloc(2 * count + 20, 1);

    body[0] = '[';
    memset(body + 1, open, count);
    memset(body + 1 + count, close, count);
    memcpy(body + 1 + 2 * count, ",{\"b\":1}]", 10);
    return body;
}

TEST(elements_that_are_too_deep_are_marked)
{
    static const struct {
        size_t depth;
        enum order_flaw flaw;
    } rows[] = {{1, ORDER_FLAW_NONE},
                {63, ORDER_FLAW_NONE},
                {64, ORDER_FLAW_NONE},
                {65, ORDER_FLAW_TOO_DEEP},
                {300000, ORDER_FLAW_TOO_DEEP}};

    for (size_t i = 0; i < 2 * ARRAY_LENGTH(rows); i++) {
        bool braces = i % 2 == 1;
        AUTO(free)
        char *body = nested_page(rows[i / 2].depth, braces ? '{' : '[', braces ? '}' : ']');
        AUTO(order_page) struct order_page page;

        order_page_init(&page, body, strlen(body));
        assert_int_equal(page.state, ORDER_PAGE_WHOLE);
        assert_int_equal(page.count, 2);
        assert_int_equal(page.slices[0].flaw, rows[i / 2].flaw);
        assert_int_equal(page.slices[1].flaw, ORDER_FLAW_NONE);
        assert_int_equal(page.slices[1].length, 7);
    }
}

TEST(elements_that_are_too_large_are_marked)
{
    size_t length = ORDER_PAGE_ELEMENT + 10;
    AUTO(free) char *body = xcalloc(length + 10, 1);
    AUTO(order_page) struct order_page page;

    body[0] = '[';
    memset(body + 1, '1', length);
    memcpy(body + 1 + length, ",2]", 3);
    order_page_init(&page, body, strlen(body));
    assert_int_equal(page.state, ORDER_PAGE_WHOLE);
    assert_int_equal(page.count, 2);
    assert_int_equal(page.slices[0].flaw, ORDER_FLAW_TOO_LARGE);
    assert_int_equal(page.slices[1].flaw, ORDER_FLAW_NONE);
}

TEST(too_many_elements_are_not_taken)
{
    size_t count = ORDER_PAGE_COUNT + 5;
    AUTO(free) char *body = xcalloc(2 * count + 2, 1);
    AUTO(order_page) struct order_page page;

    for (size_t i = 0; i < count; i++) {
        memcpy(body + 2 * i, i == 0 ? "[1" : ",1", 2);
    }
    body[2 * count] = ']';
    order_page_init(&page, body, strlen(body));
    assert_int_equal(page.state, ORDER_PAGE_TOO_MANY);
    assert_int_equal(page.count, ORDER_PAGE_COUNT);
}

/* Stored hashes must be found again by the next version, unless it is to read every order once
 * more, because it understands them otherwise: then the key changes, and the former hash becomes
 * this one. */
TEST(the_hash_of_the_same_bytes_stays_the_same)
{
    assert_int_equal(order_page_hash("abc", 3), UINT64_C(0x4ea4f06cc9975a79));
    assert_int_equal(order_page_former_hash("abc", 3), UINT64_C(0x410c637c4be638f8));
    assert_true(order_page_hash("abc", 3) != order_page_hash("abd", 3));
    assert_true(order_page_hash("", 0) != 0);
}
