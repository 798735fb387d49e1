#include "tests/unit/kind_helpers.h"

#include "worker/api/text/lenient.h"
#include "worker/api/text/text.h"
#include "worker/api/text/unicode.h"

/* Characters that cannot be seen, or only look like those of ASCII, of every kind that Unicode has.
 */
TEST(what_is_not_to_be_seen_goes_and_blanks_are_blanks)
{
    static const struct {
        const char *text;
        const char *clean; /* as a text for people */
        const char *plain; /* as one for machines */
    } rows[] = {
        /* of issue 12 */
        {"35\u200B11", "3511", "3511"},
        {"35\u200E11\u200F", "3511", "3511"},
        {"35\u206011", "3511", "3511"},
        {"35\uFE0D11", "3511", "3511"},
        {"12\u2011A", "12\u2011A", "12-A"},
        {"12\u2013A", "12\u2013A", "12-A"},
        {"3511\u202FZZ", "3511 ZZ", "3511 ZZ"},
        {"\u200B", NULL, NULL},
        /* their kin */
        {"a\u00ADb\u034Fc\u061Cd\u180Ee", "abcde", "abcde"},
        {"a\u2066b\u2069\u202Ec\u202C", "abc", "abc"},
        {"\uFEFF\u3164\u115F\uFFA0", NULL, NULL},
        {"a\U000E0041\U000E0100b", "ab", "ab"},
        {"a\u1680\u2003\u3000b\u205Fc\u2028d", "a b c d", "a b c d"},
        {"1\u22122\u2014"
         "3\uFF0D4\u058A5",
         "1\u22122\u2014"
         "3\uFF0D4\u058A5",
         "1-2-3-4-5"},
        {"\uFF11\u0662\u0969", "\uFF11\u0662\u0969", "123"},
        {"\uFF21\uFF20\uFF42", "\uFF21\uFF20\uFF42", "A@b"},
        {"Mu\u0308ller Re\u0301mi", "M\u00FCller R\u00E9mi", "M\u00FCller R\u00E9mi"},
        {"q\u0308 \u0301", "q\u0308 \u0301", "q\u0308 \u0301"},
        {"5\u00B2 \u00BD", "5\u00B2 \u00BD", "5\u00B2 \u00BD"},
        /* what can be seen stays */
        {"Caf\u00E9 \u6D4B\u8BD5 \u0600", "Caf\u00E9 \u6D4B\u8BD5 \u0600",
         "Caf\u00E9 \u6D4B\u8BD5 \u0600"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        AUTO(free) char *clean = text_clean(rows[i].text, strlen(rows[i].text), 50);
        AUTO(free) char *plain = text_plain(rows[i].text, strlen(rows[i].text), 50);

        check_text(rows[i].text, clean, rows[i].clean);
        check_text(rows[i].text, plain, rows[i].plain);
    }
}

TEST(a_joiner_stays_between_letters)
{
    static const char *const rows[][2] = {
        /* Persian, Hindi, and a family */
        {"\u0646\u06CC\u0645\u200C\u0641\u0627\u0635\u0644\u0647",
         "\u0646\u06CC\u0645\u200C\u0641\u0627\u0635\u0644\u0647"},
        {"\u0915\u094D\u200D\u0937", "\u0915\u094D\u200D\u0937"},
        {"\U0001F468\u200D\U0001F469", "\U0001F468\u200D\U0001F469"},
        {"\u2764\uFE0F\u200D\U0001F525", "\u2764\u200D\U0001F525"},
        {"Fen\u200Cna", "Fen\u200Cna"},
        {"a\u200C\u200Db", "a\u200Db"},
        /* at an end, beside a blank or a digit it is dirt */
        {"\u200DFenna\u200C", "Fenna"},
        {"Fenna\u200D Testveld", "Fenna Testveld"},
        {"Fenna \u200DTestveld", "Fenna Testveld"},
        {"12\u200DA", "12A"},
        {"A\u200D12", "A12"},
        {"\u200C\u200D", NULL},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        AUTO(free) char *clean = text_clean(rows[i][0], strlen(rows[i][0]), 50);
        AUTO(free) char *plain = text_plain(rows[i][0], strlen(rows[i][0]), 50);

        check_text(rows[i][0], clean, rows[i][1]);
        assert_true(plain == NULL || strstr(plain, "\xE2\x80\x8C") == NULL);
        assert_true(plain == NULL || strstr(plain, "\xE2\x80\x8D") == NULL);
    }

    /* Neither is left over where a text is cut. */
    AUTO(free) char *cut = text_clean("ab\u200Dc", 6, 3);

    check_text("cut", cut, "ab");
}

TEST(something_is_said_by_letters_and_digits)
{
    assert_true(unicode_says_something("12"));
    assert_true(unicode_says_something("--a"));
    assert_true(unicode_says_something("\u6D4B"));
    assert_true(unicode_says_something("\u00BD"));
    assert_false(unicode_says_something("-"));
    assert_false(unicode_says_something("..."));
    assert_false(unicode_says_something("* \u2013 \u2800"));
    assert_false(unicode_says_something(""));
    assert_false(unicode_says_something(NULL));
}

TEST(names_are_the_same_whatever_their_marks)
{
    static const char *const rows[][2] = {
        {"Belgi\u00EB", "belgie"},
        {"BELGI\u00CB", "belgie"},
        {"Belgie\u0308", "belgie"},
        {"C\u00F4te d\u2019Ivoire", "cotedivoire"},
        {"\u00C5land", "aland"},
        {"Wei\u00DFrussland", "weissrussland"},
        {"F\u00E6r\u00F8erne", "faeroerne"},
        {"T\u00DCRK\u0130YE", "turkiye"},
        {"\u0141\u00F3d\u017A", "lodz"},
        {"The Netherlands", "netherlands"},
        {"Trinidad & Tobago", "trinidadtobago"},
        {"Trinidad and Tobago", "trinidadtobago"},
        {"Saint Lucia", "stlucia"},
        {"St. Lucia", "stlucia"},
        {"\u0395\u03BB\u03BB\u03AC\u03B4\u03B1", "\u03B5\u03BB\u03BB\u03B1\u03B4\u03B1"},
        {"\uFF2E\uFF2C", "nl"},
        {"Andes", "andes"},
        {"the", "the"},
        {"AND", "and"},
        {"-", ""},
        {"", ""},
    };
    char key[UNICODE_KEY_SIZE];
    char endless[UNICODE_KEY_SIZE + 1];

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        assert_true(unicode_fold(rows[i][0], strlen(rows[i][0]), key));
        check_text(rows[i][0], key, rows[i][1]);
    }
    memset(endless, 'x', sizeof(endless));
    assert_false(unicode_fold(endless, sizeof(endless), key));
    assert_string_equal(key, "");
    assert_true(unicode_fold(endless, UNICODE_KEY_SIZE - 1, key));
}

TEST(plain_texts_are_read_from_json)
{
    json_auto_t *object =
        json_pack("{s:s, s:i, s:[]}", "number", " 12\u2011A\u200B", "plain", 7, "list");
    AUTO(free) char *number = lenient_plain(object, "number", 10);
    AUTO(free) char *plain = lenient_plain(object, "plain", 10);
    AUTO(free) char *list = lenient_plain(object, "list", 10);

    check_text("number", number, "12-A");
    check_text("plain", plain, "7");
    check_text("list", list, NULL);
}
