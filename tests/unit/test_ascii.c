#include "tests/unit/unit.h"

#include <string.h>

#include "common/ascii.h"

static bool is_among(const char *list, char c)
{
    return c != '\0' && strchr(list, c) != NULL;
}

/* All 256 bytes, against lists that were written out. */
TEST(each_byte_is_what_it_is)
{
    static const char digits[] = "0123456789";
    static const char small[] = "abcdefghijklmnopqrstuvwxyz";
    static const char large[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

    for (int byte = 0; byte < 256; byte++) {
        char c = (char)byte;
        bool is_letter = is_among(small, c) || is_among(large, c);

        assert_int_equal(ascii_is_digit(c), is_among(digits, c));
        assert_int_equal(ascii_is_letter(c), is_letter);
        assert_int_equal(ascii_is_alphanumeric(c), is_letter || is_among(digits, c));
        assert_int_equal(ascii_lower(c), is_among(large, c) ? small[strchr(large, c) - large] : c);
        assert_int_equal(ascii_upper(c), is_among(small, c) ? large[strchr(small, c) - small] : c);
    }
}

TEST(hexadecimal_digits_have_values_in_either_case)
{
    static const char small[] = "0123456789abcdef";
    static const char large[] = "0123456789ABCDEF";

    for (int value = 0; value < 16; value++) {
        assert_int_equal(ascii_hex_value(small[value]), value);
        assert_int_equal(ascii_hex_value(large[value]), value);
    }
    for (int byte = 0; byte < 256; byte++) {
        if (!is_among(small, (char)byte) && !is_among(large, (char)byte)) {
            assert_int_equal(ascii_hex_value((char)byte), -1);
        }
    }
}
