#include "tests/unit/unit.h"

#include <string.h>

#include "panel/server/cookie.h"

static const char *find(const char *header)
{
    static char value[16];

    return cookie_find(header, "id", value, sizeof(value)) ? value : NULL;
}

TEST(a_cookie_is_found_among_others)
{
    assert_string_equal(find("id=abc"), "abc");
    assert_string_equal(find("a=1; id=abc; b=2"), "abc");
    assert_string_equal(find("a=1;id=abc"), "abc");
    assert_string_equal(find("id="), "");
    assert_string_equal(find("id=a=b "), "a=b");
}

TEST(what_only_looks_like_it_is_none)
{
    assert_null(find(NULL));
    assert_null(find(""));
    assert_null(find("id"));
    assert_null(find("xid=1"));
    assert_null(find("idx=1"));
    assert_null(find("ID=1"));
    assert_null(find("a=id=1"));
    assert_null(find(";;; ; "));
}

TEST(one_that_is_there_twice_says_nothing)
{
    assert_null(find("id=1; id=2"));
}

TEST(one_that_is_too_long_is_none)
{
    assert_string_equal(find("id=123456789012345"), "123456789012345");
    assert_null(find("id=1234567890123456"));
}
