/* The poll job against a shop whose list of orders changes while it is read. */
#include "tests/unit/poll_shop.h"

TEST(pages_overlap_by_one_order)
{
    static const struct {
        size_t orders;
        size_t requests;
    } rows[] = {{99, 1}, {100, 2}, {101, 2}, {198, 2}, {199, 3}, {250, 3}, {1000, 11}};

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct shop shop;
        struct talk talk;

        shop_fill(&shop, 500, rows[i].orders);
        poll_begin(&talk, "");
        while (talk.step == STEP_CALL) {
            assert_true(asks_for_count(&talk) || asked_offset(&talk) == shop.requests * 99);
            shop_answer(&shop, &talk);
        }
        assert_int_equal(talk.step, STEP_DONE);
        assert_int_equal(shop.requests, rows[i].requests);
        assert_int_equal(shop.counts, 1);
        check_polled(&talk, (int64_t)rows[i].orders, (int64_t)rows[i].orders, 0, "");
        talk_end(&talk);
    }
}

TEST(orders_that_leave_in_between_take_no_other_along)
{
    static const size_t leaving[] = {1, 2, 50, 99, 100, 150, 240};

    for (size_t i = 0; i < ARRAY_LENGTH(leaving); i++) {
        struct shop shop;
        struct talk talk;

        shop_fill(&shop, 1, 250);
        poll_begin(&talk, "");
        shop_answer(&shop, &talk);
        for (size_t j = 0; j < leaving[i]; j++) {
            shop_remove(&shop, shop.count - 1);
        }
        shop_answer_all(&shop, &talk);
        assert_int_equal(talk.step, STEP_DONE);
        for (size_t j = 0; j < shop.count; j++) {
            assert_true(was_written(&talk, shop.numbers[j]));
        }
        assert_in_range(shop.requests, 2, 7);
        talk_end(&talk);
    }
}

TEST(a_list_that_empties_ends_the_walk)
{
    struct shop shop;
    struct talk talk;

    shop_fill(&shop, 1, 150);
    poll_begin(&talk, "");
    shop_answer(&shop, &talk);
    shop.count = 0;
    shop_answer_all(&shop, &talk);
    assert_int_equal(talk.step, STEP_DONE);
    assert_int_equal(shop.requests, 3);
    talk_end(&talk);
}

/* Its bytes differ, so its number must tell that the pages join. */
TEST(an_edited_last_order_is_no_gap)
{
    struct shop shop;
    struct talk talk;

    shop_fill(&shop, 1, 150);
    poll_begin(&talk, "");
    shop_answer(&shop, &talk);
    shop.edits[50] = 1;
    shop_answer_all(&shop, &talk);
    assert_int_equal(talk.step, STEP_DONE);
    assert_int_equal(shop.requests, 3); /* one more than it would take: the count has one less */
    check_polled(&talk, 151, 150, 0, "");
    talk_end(&talk);
}

/* Numbers are compared by value: 100 comes after 99. */
TEST(numbers_of_different_length_are_no_gap)
{
    struct shop shop;
    struct talk talk;

    shop_fill(&shop, 9950, 150);
    poll_begin(&talk, "");
    shop_answer(&shop, &talk);
    for (size_t i = 0; i < shop.count; i++) {
        shop.edits[i] = 1;
    }
    shop_answer_all(&shop, &talk);
    assert_int_equal(talk.step, STEP_DONE);
    assert_int_equal(shop.requests, 3);
    talk_end(&talk);
}

/* Whatever happens to a list, who stays in it from beginning to end is seen. */
TEST(whoever_stays_in_a_restless_list_is_seen)
{
    uint32_t seed = 4711;

    for (int round = 0; round < 60; round++) {
        struct shop shop;
        struct talk talk;
        bool stayed[3 * ROOM] = {false};

        shop_fill(&shop, 1000, 120 + (size_t)round * 8);
        for (size_t i = 0; i < shop.count; i++) {
            shop.numbers[i] = 1000 + 2 * (int)i; /* gaps, for orders that come in between */
            stayed[shop.numbers[i]] = true;
        }
        poll_begin(&talk, "");
        while (shop_answer(&shop, &talk) == STEP_CALL) {
            for (uint32_t changes = (seed >> 20) % 40; changes > 0; changes--) {
                seed = seed * 1664525 + 1013904223;

                size_t index = (seed >> 8) % (shop.count + 1);

                if (index < shop.count && (seed >> 28) < 9) {
                    stayed[shop.numbers[index]] = false;
                    shop_remove(&shop, index);
                } else if (index < shop.count && (seed >> 28) < 12) {
                    shop.edits[index]++;
                } else if (index > 0 && shop.numbers[index - 1] % 2 == 0) {
                    shop_insert(&shop, index, shop.numbers[index - 1] + 1);
                }
            }
            seed = seed * 1664525 + 1013904223;
        }
        assert_int_equal(talk.step, STEP_DONE);
        for (int number = 1000; number < 1000 + 2 * (120 + round * 8); number++) {
            if (stayed[number] && !was_written(&talk, number)) {
                fail_msg("round %d: order %d was stepped over", round, number);
            }
        }
        talk_end(&talk);
    }
}

/* It has 100 orders on every page; whether there are more cannot be known. */
TEST(a_server_that_ignores_offset_ends_the_walk_and_proves_no_absence)
{
    struct shop shop;
    struct talk talk;

    shop_fill(&shop, 1, 130);
    shop.ignores_offset = true;
    poll_begin(&talk, "00000000000000aa");
    shop_answer_all(&shop, &talk);
    assert_int_equal(shop.requests, 2);
    check_polled(&talk, 100, 100, 0, "");
    talk_end(&talk);
}

TEST(a_list_without_end_is_given_up)
{
    struct talk talk;
    int number = 300000;
    int requests = 0;

    poll_begin(&talk, "");
    while (talk.step == STEP_CALL) {
        struct buffer page = BUFFER_INIT(100000);

        for (int i = 0; i < 100; i++) {
            assert_true(buffer_printf(&page, "%c{\"number\":%d,\"status\":9}", i == 0 ? '[' : ',',
                                      i == 0 && number < 300000 ? number + 1 : number--));
        }
        assert_true(buffer_append_text(&page, "]"));

        AUTO(free) char *body = buffer_steal(&page);

        talk_http(&talk, 200, body);
        requests++;
    }
    assert_int_equal(requests, 2000);
    assert_int_equal(talk.step, STEP_RETRY);
    assert_int_equal(talk.outcome.error_class, ERROR_CLASS_UNREADABLE);
    assert_null(talk.outcome.writes);
    talk_end(&talk);
}

TEST(a_failure_in_between_keeps_what_was_imported)
{
    struct shop shop;
    struct talk talk;

    shop_fill(&shop, 1, 150);
    poll_begin(&talk, "00000000000000aa");
    shop_answer(&shop, &talk);
    assert_int_equal(talk_http(&talk, 503, ""), STEP_RETRY);
    assert_int_equal(talk_rows(&talk, "write_orders"), 100);
    assert_int_equal(talk_rows(&talk, "write_polled"), 0);
    talk_end(&talk);
}

/* The engine may save the rows of a page before the next one comes. */
TEST(rows_may_be_taken_away_between_pages)
{
    struct shop shop;
    struct talk talk;

    shop_fill(&shop, 1, 150);
    poll_begin(&talk, "");
    shop_answer(&shop, &talk);
    outcome_release(&talk.outcome);
    shop_answer_all(&shop, &talk);
    assert_int_equal(talk.step, STEP_DONE);
    assert_int_equal(talk_rows(&talk, "write_orders"), 50);

    json_auto_t *row = talk_row(&talk, "write_polled", 0);

    assert_int_equal(member_number(row, "written"), 150);
    assert_false(talk.outcome.unremarkable);
    talk_end(&talk);
}

TEST(known_orders_on_all_pages_produce_no_write)
{
    struct shop shop;
    struct talk talk;

    shop_fill(&shop, 1, 150);

    AUTO(free) char *known = shop_hashes(&shop);

    poll_begin(&talk, known);
    shop_answer_all(&shop, &talk);
    check_polled(&talk, 150, 0, 0, "");
    assert_int_equal(member_number(talk.outcome.result, "pages"), 2);
    talk_end(&talk);
}
