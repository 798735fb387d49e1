#include "tests/unit/kind_helpers.h"

#include "worker/jobs/poll_known.h"

TEST(hashes_are_seen_once)
{
    struct poll_known known;

    poll_known_init(&known, "00000000000000ffFFFFFFFFFFFFFFFE");
    assert_false(poll_known_was_seen(&known, 0xFF, 1));
    assert_int_equal(poll_known_see(&known, 0xFF, 1), POLL_SIGHT_KNOWN);
    assert_true(poll_known_was_seen(&known, 0xFF, 1));
    assert_int_equal(poll_known_see(&known, 0xFF, 1), POLL_SIGHT_AGAIN);
    assert_false(poll_known_was_seen(&known, 5, 1));
    assert_int_equal(poll_known_see(&known, 5, 1), POLL_SIGHT_NEW);
    assert_int_equal(poll_known_see(&known, 5, 1), POLL_SIGHT_AGAIN);
    assert_true(poll_known_was_seen(&known, 5, 1));
    assert_true(poll_known_has(&known, 5) && poll_known_has(&known, 0xFFFFFFFFFFFFFFFE));
    assert_false(poll_known_has(&known, 6));

    AUTO(free) char *missing = poll_known_missing(&known);

    assert_string_equal(missing, "fffffffffffffffe");
    poll_known_release(&known);
    poll_known_release(&known);
}

/* One list may show what another one shows. */
TEST(a_hash_is_seen_once_in_each_turn)
{
    struct poll_known known;

    poll_known_init(&known, "00000000000000ff00000000000000ee");
    assert_int_equal(poll_known_see(&known, 0xFF, 1), POLL_SIGHT_KNOWN);
    assert_int_equal(poll_known_see(&known, 5, 1), POLL_SIGHT_NEW);
    assert_false(poll_known_was_seen(&known, 0xFF, POLL_TURNS));
    assert_int_equal(poll_known_see(&known, 0xFF, POLL_TURNS), POLL_SIGHT_ELSEWHERE);
    assert_int_equal(poll_known_see(&known, 5, POLL_TURNS), POLL_SIGHT_ELSEWHERE);
    assert_int_equal(poll_known_see(&known, 5, POLL_TURNS), POLL_SIGHT_AGAIN);
    assert_true(poll_known_was_seen(&known, 0xFF, POLL_TURNS));
    assert_false(poll_known_was_seen(&known, 0xEE, 1));

    AUTO(free) char *missing = poll_known_missing(&known);

    assert_string_equal(missing, "00000000000000ee");
    poll_known_release(&known);
}

TEST(odd_texts_are_read_as_far_as_they_make_sense)
{
    static const struct {
        const char *text;
        size_t count;
    } rows[] = {
        {NULL, 0},
        {"", 0},
        {"0123456789abcde", 0},
        {"0123456789abcdef", 1},
        {"0123456789abcdef0123", 1},
        {"0123456789abcdef0123456789abcdef", 1},
        {"0123456789abcdefzzzzzzzzzzzzzzzz", 1},
        {"0000000000000000", 0},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct poll_known known;

        poll_known_init(&known, rows[i].text);
        assert_int_equal(known.count, rows[i].count);
        poll_known_release(&known);
    }
}

/* Many hashes that all want the same slot. */
TEST(a_growing_table_loses_nothing)
{
    struct poll_known known;

    poll_known_init(&known, "0000000000000001");
    for (uint64_t i = 1; i <= 5000; i++) {
        assert_int_equal(poll_known_see(&known, i << 32, 1), POLL_SIGHT_NEW);
    }
    for (uint64_t i = 1; i <= 5000; i++) {
        assert_int_equal(poll_known_see(&known, i << 32, 1), POLL_SIGHT_AGAIN);
    }
    assert_int_equal(known.count, 5001);
    assert_true(known.has_known);

    AUTO(free) char *missing = poll_known_missing(&known);

    assert_string_equal(missing, "0000000000000001");
    poll_known_release(&known);
}
