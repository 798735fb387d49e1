#include "tests/unit/unit.h"

#include <stdio.h>

#include "common/cleanup.h"
#include "worker/calls/redact.h"

TEST(secrets_are_dotted_out_and_nothing_else)
{
    static const struct {
        const char *text, *secret, *expected;
    } cases[] = {
        {"bad token abc, really abc", "abc", "bad token ..., really ..."},
        {"abcabc", "abc", "......"},
        {"token=a%2Fb%3D and a%2fb%3d and a/b=", "a/b=", "token=........ and ........ and ...."},
        {"dots stay. ... .", ".", "dots stay. ... ."},
        {"Upper ABC too", "abc", "Upper ... too"},
        {"unchanged", "abc", "unchanged"},
        {"short", "longer than the text", "short"},
        {"unchanged", "", "unchanged"},
        {"unchanged", NULL, "unchanged"},
        {"", "abc", ""},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char text[80];

        snprintf(text, sizeof(text), "%s", cases[i].text);
        redact(text, cases[i].secret);
        assert_string_equal(text, cases[i].expected);
    }
}
