#include "tests/unit/kind_helpers.h"

#include "worker/api/text/entities.h"
#include "worker/api/text/lenient.h"

TEST(references_become_characters_once)
{
    static const char *const rows[][2] = {
        {"Bakker &amp; Zn", "Bakker & Zn"},
        {"Bakker &amp;amp; Zn", "Bakker &amp; Zn"},
        {"O&#039;Neill", "O'Neill"},
        {"O&#39;Neill", "O'Neill"},
        {"O&#x27;Neill", "O'Neill"},
        {"O&apos;Neill", "O'Neill"},
        {"&quot;De Proef&quot;", "\"De Proef\""},
        {"Caf&eacute; &Eacute;t&eacute;", "Caf\u00E9 \u00C9t\u00E9"},
        {"&lt;b&gt;", "<b>"},
        {"&euro; 5", "\u20AC 5"},
        {"&thetasym;", "\u03D1"},
        {"&#128; &#146;", "\u20AC \u2019"}, /* as Windows has them */
        {"&#x1F4E6;", "\U0001F4E6"},
        {"&nbsp;", "\u00A0"},
        /* no references */
        {"R&D", "R&D"},
        {"R&D;", "R&D;"},
        {"AT&T; en meer", "AT&T; en meer"},
        {"&;", "&;"},
        {"&#;", "&#;"},
        {"&#x;", "&#x;"},
        {"&#0;", "&#0;"},
        {"&#12a;", "&#12a;"},
        {"&#129;", "&#129;"},
        {"&#xD800;", "&#xD800;"},
        {"&#x110000;", "&#x110000;"},
        {"&#99999999999999999999;", "&#99999999999999999999;"},
        {"&AMP;", "&AMP;"},
        {"&amp", "&amp"},
        {"&", "&"},
        {"&&amp;", "&&"},
        {"", ""},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        size_t length = 0;
        AUTO(free) char *decoded = entities_decode(rows[i][0], strlen(rows[i][0]), &length);

        check_text(rows[i][0], decoded, rows[i][1]);
        ROW_CHECK(rows[i][0], length == strlen(rows[i][1]));
    }
}

TEST(a_zero_byte_ends_no_reference)
{
    size_t length = 0;
    AUTO(free) char *decoded = entities_decode("&#39\0b;", 7, &length);

    assert_int_equal(length, 7);
    assert_memory_equal(decoded, "&#39\0b;", 7);
}

TEST(what_was_decoded_is_cleaned)
{
    json_auto_t *object =
        json_pack("{s:s, s:s, s:s, s:i}", "name", " O&#039;Neill&nbsp;&amp; Zn&#10;", "hidden",
                  "&#8203;", "plain", "Jansen", "number", 7);
    AUTO(free) char *name = lenient_unescaped(object, "name", 100);
    AUTO(free) char *hidden = lenient_unescaped(object, "hidden", 100);
    AUTO(free) char *plain = lenient_unescaped(object, "plain", 3);
    AUTO(free) char *number = lenient_unescaped(object, "number", 100);
    AUTO(free) char *absent = lenient_unescaped(object, "absent", 100);

    check_text("name", name, "O'Neill & Zn");
    check_text("hidden", hidden, NULL);
    check_text("plain", plain, "Jan");
    check_text("number", number, "7");
    check_text("absent", absent, NULL);
}
