#include "tests/unit/unit.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "common/sealing.h"
#include "panel/session/proxy_identity.h"

#define SECRET "fedcba9876543210fedcba9876543210"

static char login[PROXY_LOGIN_SIZE];

static void start(void)
{
    struct error err = ERROR_INIT;

    assert_true(sealing_start(&err));
}

FIXTURE(.before_all = start)

static bool opens(const char *authorization)
{
    struct error err = ERROR_INIT;
    bool done = proxy_identity_open(authorization, SECRET, login, &err);

    if (!done) {
        assert_int_equal(err.code, ERROR_DATA);
        assert_null(strstr(err.text, SECRET));
    }
    return done;
}

/* Of these bytes in base64. */
static bool opens_bytes(const char *bytes, size_t length)
{
    char text[1024];
    AUTO(free) char *authorization = NULL;

    sodium_bin2base64(text, sizeof(text), (const unsigned char *)bytes, length,
                      sodium_base64_VARIANT_ORIGINAL);
    authorization = xasprintf("Basic %s", text);
    return opens(authorization);
}

static bool opens_text(const char *text)
{
    return opens_bytes(text, strlen(text));
}

TEST(a_login_with_the_secret_is_believed)
{
    assert_true(opens_text("anna@example.org:" SECRET));
    assert_string_equal(login, "anna@example.org");
    assert_true(opens("bASIC YTpmZWRjYmE5ODc2NTQzMjEwZmVkY2JhOTg3NjU0MzIxMA=="));
    assert_string_equal(login, "a");
}

TEST(anything_else_is_not)
{
    static const char zero[] = "a\0b:" SECRET;

    assert_false(opens(NULL));
    assert_false(opens(""));
    assert_false(opens("Basic"));
    assert_false(opens("Basic "));
    assert_false(opens("Basic ***"));
    assert_false(opens("Bearer YTpmZWRjYmE5ODc2NTQzMjEwZmVkY2JhOTg3NjU0MzIxMA=="));
    assert_false(opens_text("anna"));
    assert_false(opens_text("anna:"));
    assert_false(opens_text("anna:fedcba9876543210"));
    assert_false(opens_text("anna:" SECRET "0"));
    assert_false(opens_text("anna:FEDCBA9876543210fedcba9876543210"));
    assert_false(opens_text("anna:other:" SECRET));
    assert_false(opens_text(":" SECRET));
    assert_false(opens_text("an na:" SECRET));
    assert_false(opens_text("\xC3\xA9:" SECRET));
    assert_false(opens_bytes(zero, sizeof(zero) - 1));
}

TEST(a_login_has_two_hundred_characters_at_most)
{
    char text[300];

    memset(text, 'a', 201);
    snprintf(text + 200, sizeof(text) - 200, ":%s", SECRET);
    assert_true(opens_text(text));
    assert_int_equal(strlen(login), 200);
    text[200] = 'a';
    snprintf(text + 201, sizeof(text) - 201, ":%s", SECRET);
    assert_false(opens_text(text));
}
