/* How the poll job knows that it has seen a list to its end. */
#include "tests/unit/poll_shop.h"

/* A poll of all that the shop has; `ends`, taken over, is what earlier polls proved, or NULL. */
static void poll_shop(struct shop *shop, struct talk *talk, const char *known, json_t *ends)
{
    json_t *context = poll_context(known);

    shop->requests = shop->counts = 0;
    json_object_set_new(context, "ends", ends != NULL ? ends : json_null());
    talk_begin(talk, "poll", context);
    assert_int_equal(talk_start(talk), STEP_CALL);
    shop_answer_all(shop, talk);
    assert_int_equal(talk->step, STEP_DONE);
}

/* What was found out about the end of the list with status 1; a new reference, NULL for nothing. */
static json_t *end_of(const struct talk *talk)
{
    json_auto_t *row = talk_row(talk, "write_polled", 0);

    return json_incref(json_object_get(json_object_get(row, "ends"), "1"));
}

/* The ends as the next poll gets them. */
static json_t *ends_of(const struct talk *talk)
{
    return json_pack("{s:o}", "1", end_of(talk));
}

static void check_requests(const struct shop *shop, size_t pages, size_t counts)
{
    assert_int_equal(shop->requests, pages);
    assert_int_equal(shop->counts, counts);
}

TEST(pages_that_are_capped_are_read_to_the_last)
{
    static const struct {
        size_t orders;
        size_t cap;
        bool cannot_count;
        size_t pages;
    } rows[] = {
        {130, 50, false, 3}, {130, 50, true, 4}, {50, 50, false, 1}, {50, 50, true, 2},
        {51, 50, false, 2},  {51, 50, true, 3},  {100, 99, true, 3}, {7, 2, true, 7},
        {5, 1, true, 6},     {5, 1, false, 5},   {1, 50, true, 2},   {250, 100, true, 4},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct shop shop;
        struct talk talk;

        shop_fill(&shop, 500, rows[i].orders);
        shop.page_cap = rows[i].cap;
        shop.cannot_count = rows[i].cannot_count;
        poll_shop(&shop, &talk, "", NULL);
        check_polled(&talk, (int64_t)rows[i].orders, (int64_t)rows[i].orders, 0, "");
        check_requests(&shop, rows[i].pages, 1);
        assert_null(json_object_get(talk.outcome.result, "short_by"));
        talk_end(&talk);
    }
}

TEST(a_hidden_order_takes_no_other_along)
{
    for (int cannot_count = 0; cannot_count < 2; cannot_count++) {
        struct shop shop;
        struct talk talk;

        shop_fill(&shop, 1, 150);
        shop.hidden[120] = true;
        shop.cannot_count = cannot_count == 1;
        poll_shop(&shop, &talk, "", NULL);
        assert_int_equal(talk_rows(&talk, "write_orders"), 149);
        assert_true(was_written(&talk, 1));
        talk_end(&talk);
    }
}

/* One request for a list that is as it was when its end was proven. */
TEST(an_end_that_was_proven_is_not_proven_again)
{
    static const size_t caps[] = {0, 50, 30, 20};

    for (size_t i = 0; i < ARRAY_LENGTH(caps); i++) {
        struct shop shop;
        struct talk talk;

        shop_fill(&shop, 1, 20);
        shop.page_cap = caps[i];
        poll_shop(&shop, &talk, "", NULL);
        check_requests(&shop, 1, 1);

        json_t *ends = ends_of(&talk);
        AUTO(free) char *known = shop_hashes(&shop);

        talk_end(&talk);
        poll_shop(&shop, &talk, known, ends);
        check_requests(&shop, 1, 0);
        check_polled(&talk, 20, 0, 0, "");
        assert_null(end_of(&talk));
        assert_true(talk.outcome.unremarkable);
        talk_end(&talk);
    }
}

TEST(a_proven_end_on_a_later_page_is_known_too)
{
    struct shop shop;
    struct talk talk;

    shop_fill(&shop, 1, 130);
    shop.page_cap = 50;
    poll_shop(&shop, &talk, "", NULL);

    json_t *ends = ends_of(&talk);
    AUTO(free) char *known = shop_hashes(&shop);

    talk_end(&talk);
    poll_shop(&shop, &talk, known, ends);
    check_requests(&shop, 3, 1);
    check_polled(&talk, 130, 0, 0, "");
    talk_end(&talk);
}

TEST(an_empty_list_can_be_proven_too)
{
    struct shop shop;
    struct talk talk;

    shop_fill(&shop, 1, 0);
    poll_shop(&shop, &talk, "", NULL);
    check_requests(&shop, 1, 1);

    json_t *ends = ends_of(&talk);

    talk_end(&talk);
    poll_shop(&shop, &talk, "", ends);
    check_requests(&shop, 1, 0);
    talk_end(&talk);
}

/* The page is full to its cap, so only its place in front shows the order that is new. */
TEST(a_new_order_shows_on_the_first_page_however_full_it_is)
{
    struct shop shop;
    struct talk talk;

    shop_fill(&shop, 1, 50);
    shop.page_cap = 50;
    poll_shop(&shop, &talk, "", NULL);

    json_t *ends = ends_of(&talk);
    AUTO(free) char *known = shop_hashes(&shop);

    talk_end(&talk);
    shop_insert(&shop, shop.count, 51);
    poll_shop(&shop, &talk, known, ends);
    check_polled(&talk, 51, 1, 0, "");
    assert_true(was_written(&talk, 51));
    talk_end(&talk);
}

TEST(any_change_of_the_list_has_its_end_proven_again)
{
    for (int change = 0; change < 3; change++) {
        struct shop shop;
        struct talk talk;

        shop_fill(&shop, 1, 20);
        poll_shop(&shop, &talk, "", NULL);

        json_t *ends = ends_of(&talk);

        talk_end(&talk);
        if (change == 0) {
            shop.edits[7]++;
        } else if (change == 1) {
            shop_remove(&shop, 0);
        } else {
            shop_insert(&shop, 0, 0);
        }
        poll_shop(&shop, &talk, "", ends);
        check_requests(&shop, 1, 1);
        talk_end(&talk);
    }
}

/* Behind a full page there may always be more. */
TEST(a_full_page_is_never_the_end)
{
    struct shop shop;
    struct talk talk;

    shop_fill(&shop, 1, 100);
    poll_shop(&shop, &talk, "", NULL);

    json_t *ends = ends_of(&talk);

    talk_end(&talk);
    poll_shop(&shop, &talk, "", ends);
    check_requests(&shop, 2, 0);
    talk_end(&talk);
}

/* Such a shop appends what is new behind the end. */
TEST(a_list_in_another_order_is_proven_each_time)
{
    struct shop shop;
    struct talk talk;

    shop_fill(&shop, 1, 50);
    shop.page_cap = 50;
    shop.ignores_ordering = true;
    poll_shop(&shop, &talk, "", NULL);
    check_requests(&shop, 1, 1);

    json_auto_t *end = end_of(&talk);

    assert_true(json_is_null(json_object_get(end, "sum")));

    json_t *ends = ends_of(&talk);

    talk_end(&talk);
    shop_insert(&shop, shop.count, 51);
    poll_shop(&shop, &talk, "", ends);
    assert_true(was_written(&talk, 51));
    talk_end(&talk);
}

TEST(orders_that_leave_such_a_list_take_no_other_along)
{
    struct shop shop;
    struct talk talk;

    shop_fill(&shop, 1, 250);
    shop.ignores_ordering = true;
    poll_begin(&talk, "");
    shop_answer(&shop, &talk);
    for (int i = 0; i < 30; i++) {
        shop_remove(&shop, 0);
    }
    shop_answer_all(&shop, &talk);
    for (size_t i = 0; i < shop.count; i++) {
        assert_true(was_written(&talk, shop.numbers[i]));
    }
    talk_end(&talk);
}

TEST(a_list_that_is_shorter_than_its_count_is_walked_again_and_then_said)
{
    struct shop shop;
    struct talk talk;

    shop_fill(&shop, 1, 150);
    shop.counts_more = 3;
    poll_shop(&shop, &talk, "", NULL);
    check_requests(&shop, 5, 1);
    check_polled(&talk, 150, 150, 0, "");
    assert_int_equal(member_number(talk.outcome.result, "short_by"), 3);

    json_auto_t *end = end_of(&talk);

    assert_int_equal(member_number(end, "listed"), 150);
    assert_int_equal(member_number(end, "count"), 153);
    assert_true(json_is_false(json_object_get(end, "repeats")));

    json_t *ends = ends_of(&talk);
    AUTO(free) char *known = shop_hashes(&shop);

    talk_end(&talk);
    poll_shop(&shop, &talk, known, ends);
    check_requests(&shop, 2, 0);
    assert_true(talk.outcome.unremarkable);
    talk_end(&talk);
}

TEST(a_short_list_is_remarkable)
{
    struct shop shop;
    struct talk talk;

    shop_fill(&shop, 1, 5);
    shop.counts_more = 1;

    AUTO(free) char *known = shop_hashes(&shop);

    poll_shop(&shop, &talk, known, NULL);
    assert_false(talk.outcome.unremarkable);
    talk_end(&talk);
}

/* Between the page and the count: it is found in front, and nothing is said. */
TEST(an_order_that_comes_meanwhile_makes_no_list_short)
{
    struct shop shop;
    struct talk talk;

    shop_fill(&shop, 1, 20);
    poll_begin(&talk, "");
    shop_answer(&shop, &talk);
    shop_insert(&shop, shop.count, 21);
    shop_answer_all(&shop, &talk);
    assert_int_equal(talk.step, STEP_DONE);
    assert_true(was_written(&talk, 21));
    assert_null(json_object_get(talk.outcome.result, "short_by"));
    talk_end(&talk);
}

TEST(a_server_that_ignores_offset_is_told_by_its_full_pages)
{
    struct shop shop;
    struct talk talk;

    shop_fill(&shop, 1, 130);
    shop.ignores_offset = true;
    poll_shop(&shop, &talk, "", NULL);

    json_auto_t *end = end_of(&talk);

    assert_true(json_is_true(json_object_get(end, "repeats")));
    assert_true(json_is_null(json_object_get(end, "sum")));
    assert_int_equal(member_number(talk.outcome.result, "short_by"), 30);
    talk_end(&talk);

    shop_fill(&shop, 1, 30);
    shop.ignores_offset = shop.cannot_count = true;
    poll_shop(&shop, &talk, "00000000000000aa", NULL);
    check_polled(&talk, 30, 30, 0, "00000000000000aa");
    talk_end(&talk);
}

/* Whoever cannot count is polled all the same; who asks for a pause gets it. */
TEST(the_answer_to_the_count_may_be_anything)
{
    static const struct {
        int status;
        const char *body;
        enum step step;
    } rows[] = {
        {200, "{\"count\":1}", STEP_DONE},
        {200, "{\"count\":\"1\"}", STEP_DONE},
        {200, "{\"count\":-1}", STEP_CALL},
        {200, "{}", STEP_CALL},
        {200, "[]", STEP_CALL},
        {200, "<html>", STEP_CALL},
        {404, "{\"count\":1}", STEP_CALL},
        {403, "", STEP_CALL},
        {500, "", STEP_CALL},
        {0, "", STEP_CALL},
        {200, "{\"count\":1.5}", STEP_CALL},
        {200, "{\"count\":99999999999}", STEP_CALL},
        {429, "{\"count\":1}", STEP_RETRY},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        AUTO(free) char *order = order_text(1, 1, "");
        AUTO(free) char *page = xasprintf("[%s]", order);
        struct talk talk;

        poll_begin(&talk, "");
        talk_http(&talk, 200, page);
        assert_true(asks_for_count(&talk));
        if (rows[i].status == 0) {
            talk_trouble(&talk, ERROR_CLASS_TIMEOUT);
        } else {
            talk_http(&talk, rows[i].status, rows[i].body);
        }
        ROW_CHECK(rows[i].body, talk.step == rows[i].step);
        if (talk.step == STEP_CALL) {
            assert_int_equal(asked_offset(&talk), 1);
            assert_int_equal(talk_http(&talk, 200, "[]"), STEP_DONE);
        }
        assert_int_equal(talk_rows(&talk, "write_polled"), talk.step == STEP_DONE);
        talk_end(&talk);
    }
}

/* A shop that does not tell the status of an order may show it in the lists of several. */
TEST(each_list_is_proven_by_what_it_shows_itself)
{
    json_t *context = poll_context("");
    struct shop shop;
    struct talk talk;

    shop_fill(&shop, 1, 5);
    json_object_set_new(context, "open_statuses", json_pack("[i, i]", 1, 3));
    talk_begin(&talk, "poll", context);
    talk_start(&talk);
    shop_answer_all(&shop, &talk);
    check_requests(&shop, 2, 2);
    check_polled(&talk, 5, 5, 0, "");

    json_auto_t *row = talk_row(&talk, "write_polled", 0);
    json_t *ends = json_object_get(row, "ends");

    assert_true(json_equal(json_object_get(ends, "1"), json_object_get(ends, "3")));
    talk_end(&talk);
}
