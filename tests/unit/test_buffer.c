#include "tests/unit/unit.h"

#include <string.h>

#include "common/buffer.h"

/* What the header promises about every buffer at any time. */
static void assert_sane(const struct buffer *buffer)
{
    assert_true(buffer->length <= buffer->limit);
    if (buffer->bytes == NULL) {
        assert_int_equal(buffer->length, 0);
        assert_int_equal(buffer->capacity, 0);
    } else {
        assert_true(buffer->length < buffer->capacity);
        assert_true(buffer->limit == SIZE_MAX || buffer->capacity <= buffer->limit + 1);
        assert_int_equal(buffer->bytes[buffer->length], 0);
    }
}

TEST(a_fresh_buffer_is_empty)
{
    AUTO(buffer) struct buffer buffer = BUFFER_INIT(10);

    assert_sane(&buffer);
    buffer_clear(&buffer);
    assert_sane(&buffer);
}

TEST(appended_bytes_stand_one_after_the_other)
{
    AUTO(buffer) struct buffer buffer = BUFFER_INIT(1000);

    assert_true(buffer_append_text(&buffer, "one "));
    assert_true(buffer_append(&buffer, "two\0three", 9));
    assert_true(buffer_printf(&buffer, " %d%s", 4, "!"));
    assert_sane(&buffer);
    assert_int_equal(buffer.length, 16);
    assert_memory_equal(buffer.bytes, "one two\0three 4!", 17);
}

TEST(appending_nothing_is_no_trouble)
{
    AUTO(buffer) struct buffer buffer = BUFFER_INIT(0);

    assert_true(buffer_append(&buffer, NULL, 0));
    assert_true(buffer_append_text(&buffer, ""));
    assert_true(buffer_printf(&buffer, "%s", ""));
    assert_sane(&buffer);
    assert_false(buffer_append(&buffer, "x", 1));
    assert_sane(&buffer);
}

TEST(a_buffer_grows_up_to_its_limit_and_not_beyond)
{
    static const size_t limits[] = {1, 2, 255, 256, 257, 1000, 65536, 100003};

    for (size_t i = 0; i < ARRAY_LENGTH(limits); i++) {
        AUTO(buffer) struct buffer buffer = BUFFER_INIT(limits[i]);

        while (buffer.length < limits[i]) {
            size_t more = limits[i] - buffer.length < 7 ? limits[i] - buffer.length : 7;

            assert_true(buffer_append(&buffer, "abcdefg", more));
            assert_sane(&buffer);
        }
        assert_false(buffer_append(&buffer, "x", 1));
        assert_false(buffer_append_text(&buffer, "x"));
        assert_false(buffer_printf(&buffer, "%s", "x"));
        assert_null(buffer_reserve(&buffer, 1));
        assert_int_equal(buffer.length, limits[i]);
        assert_sane(&buffer);
    }
}

TEST(a_refused_append_leaves_the_content_alone)
{
    AUTO(buffer) struct buffer buffer = BUFFER_INIT(8);

    assert_true(buffer_append_text(&buffer, "12345"));
    assert_false(buffer_append_text(&buffer, "6789"));
    assert_false(buffer_printf(&buffer, "%d", 6789));
    assert_false(buffer_append(&buffer, "x", SIZE_MAX));
    assert_null(buffer_reserve(&buffer, SIZE_MAX));
    assert_null(buffer_reserve(&buffer, SIZE_MAX - 5));
    assert_string_equal(buffer.bytes, "12345");
    assert_sane(&buffer);
    assert_true(buffer_append_text(&buffer, "678"));
}

TEST(an_unlimited_buffer_does_not_overflow_its_sizes)
{
    AUTO(buffer) struct buffer buffer = BUFFER_INIT(SIZE_MAX);

    assert_true(buffer_append_text(&buffer, "x"));
    assert_null(buffer_reserve(&buffer, SIZE_MAX));
    assert_null(buffer_reserve(&buffer, SIZE_MAX - 1));
    assert_string_equal(buffer.bytes, "x");
    assert_sane(&buffer);
}

TEST(reserved_room_can_be_filled_whole_or_in_part)
{
    AUTO(buffer) struct buffer buffer = BUFFER_INIT(1000);
    char *room = NULL;

    assert_true(buffer_append_text(&buffer, "ab"));
    room = buffer_reserve(&buffer, 500);
    assert_non_null(room);
    assert_ptr_equal(room, buffer.bytes + 2);
    memset(room, 'x', 500);
    buffer.length += 500;
    assert_sane(&buffer);
    assert_int_equal(strlen(buffer.bytes), 502);
    room = buffer_reserve(&buffer, 100);
    assert_non_null(room);
    memcpy(room, "yz", 3);
    buffer.length += 2;
    assert_sane(&buffer);
}

TEST(clearing_keeps_the_memory)
{
    AUTO(buffer) struct buffer buffer = BUFFER_INIT(1000);

    assert_true(buffer_append_text(&buffer, "abc"));
    char *before = buffer.bytes;
    buffer_clear(&buffer);
    assert_sane(&buffer);
    assert_int_equal(buffer.length, 0);
    assert_ptr_equal(buffer.bytes, before);
    assert_true(buffer_append_text(&buffer, "d"));
    assert_string_equal(buffer.bytes, "d");
}

TEST(stolen_bytes_are_never_null_and_leave_a_usable_buffer)
{
    AUTO(buffer) struct buffer buffer = BUFFER_INIT(1000);

    for (int i = 0; i < 2; i++) {
        AUTO(free) char *nothing = buffer_steal(&buffer);

        assert_string_equal(nothing, "");
        assert_sane(&buffer);
        assert_true(buffer_append_text(&buffer, "abc"));
        AUTO(free) char *bytes = buffer_steal(&buffer);
        assert_string_equal(bytes, "abc");
        assert_sane(&buffer);
    }
}

TEST(a_released_buffer_is_a_valid_empty_one)
{
    AUTO(buffer) struct buffer buffer = BUFFER_INIT(1000);

    assert_true(buffer_append_text(&buffer, "abc"));
    buffer_release(&buffer);
    assert_sane(&buffer);
    buffer_release(&buffer);
    assert_int_equal(buffer.limit, 1000);
    assert_true(buffer_append_text(&buffer, "abc"));
}
