#include "tests/unit/kind_helpers.h"

#include "worker/api/text/country.h"
#include "worker/api/text/unicode.h"

static void check_rows(const char *const (*rows)[2], size_t count)
{
    char code[3] = "";

    for (size_t i = 0; i < count; i++) {
        bool found = country_read(rows[i][0], code);

        check_text(rows[i][0], found ? code : NULL, rows[i][1]);
    }
}

TEST(codes_of_all_three_kinds_are_recognised)
{
    static const char *const rows[][2] = {
        {"NL", "NL"},
        {"nl", "NL"},
        {" Be ", "BE"},
        {"UK", "GB"},
        {"el", "GR"},
        {"JP", "JP"},
        {"XK", "XK"},
        {"N.L.", "NL"},
        {"NLD", "NL"},
        {"DEU", "DE"},
        {"deu", "DE"},
        {"USA", "US"},
        {"U.S.A.", "US"},
        {"U.K.", "GB"},
        {"528", "NL"},
        {"056", "BE"},
        {"\uFF2E\uFF2C", "NL"},
        {"\uFF15\uFF12\uFF18", "NL"},
        {"", NULL},
        {"N", NULL},
        {"N1", NULL},
        {"12", NULL},
        {"56", NULL},
        {"0528", NULL},
        {"999", NULL},
        {"XX", NULL},
        {"ZZZ", NULL},
        {"EU", NULL},
        {"AN", NULL},
        {"RU", "RU"},
    };
    char code[3] = "";

    check_rows(rows, ARRAY_LENGTH(rows));
    assert_false(country_read(NULL, code));
}

TEST(every_code_is_recognised)
{
    for (size_t i = 0; i < text_countries_count; i++) {
        const struct country *country = &text_countries[i];
        const char *const codes[] = {country->code, country->alpha3, country->numeric};

        for (size_t j = 0; j < ARRAY_LENGTH(codes); j++) {
            char code[3] = "";

            ROW_CHECK(codes[j], codes[j][0] == '\0' || (country_read(codes[j], code) &&
                                                        strcmp(code, country->code) == 0));
        }
    }
}

/* Each country in each language that a shop can have, as Unicode CLDR writes it, and in capitals.
 */
TEST(every_country_is_recognised_by_its_names)
{
    FILE *file = fopen("tests/fixtures/country_names.tsv", "r");
    char line[300];
    size_t count = 0;

    assert_non_null(file);
    while (fgets(line, sizeof(line), file) != NULL) {
        const char *tab = strrchr(line, '\t');
        char code[3] = "";

        if (line[0] == '#') {
            continue;
        }
        assert_non_null(tab);
        line[strcspn(line, "\n")] = '\0';
        if (!country_read(tab + 1, code) || strncmp(line, code, 2) != 0) {
            fail_msg("%s: %s", line, code);
        }
        count++;
    }
    assert_int_equal(fclose(file), 0);
    assert_true(count > 2880); /* 12 languages, 240 countries and more */
}

/* What people write, and the country that is meant. */
static const char *const written[][2] = {
    /* of issue 12 */
    {"Verenigde Staten", "US"},
    {"Hongarije", "HU"},
    {"BELGI\u00CB", "BE"},
    /* with and without accents, in either case */
    {"Nederland", "NL"},
    {"BELGIE", "BE"},
    {"Belgi\u00EB", "BE"},
    {"Belgie\u0308", "BE"},
    {"belgi\u00CB", "BE"},
    {"OSTERREICH", "AT"},
    {"\u00D6sterreich", "AT"},
    {"Oesterreich", "AT"},
    {"Daenemark", "DK"},
    {"Cura\u00E7ao", "CW"},
    {"Cote d'Ivoire", "CI"},
    {"C\u00F4te d\u2019Ivoire", "CI"},
    {"Gro\u00DFbritannien", "GB"},
    {"GROSSBRITANNIEN", "GB"},
    /* in its own language */
    {"\u0395\u03BB\u03BB\u03AC\u03B4\u03B1", "GR"},
    {"Magyarorsz\u00E1g", "HU"},
    {"T\u00FCrkiye", "TR"},
    {"Polska", "PL"},
    {"Suomi", "FI"},
    {"\u0411\u044A\u043B\u0433\u0430\u0440\u0438\u044F", "BG"},
    /* names that are not the official ones */
    {"Holland", "NL"},
    {"The Netherlands", "NL"},
    {"England", "GB"},
    {"Schotland", "GB"},
    {"Wales", "GB"},
    {"Noord-Ierland", "GB"},
    {"Northern Ireland", "GB"},
    {"Ierland", "IE"},
    {"Republic of Ireland", "IE"},
    {"Groot-Brittanni\u00EB", "GB"},
    {"VK", "GB"},
    {"VS", "US"},
    {"Verenigde Staten van Amerika", "US"},
    {"United States of America", "US"},
    {"Tsjechische Republiek", "CZ"},
    {"Czech Republic", "CZ"},
    {"Ivory Coast", "CI"},
    {"Bosnia and Herzegovina", "BA"},
    {"Bosnia & Herzegovina", "BA"},
    {"Bosni\u00EB-Herzegovina", "BA"},
    {"Saint Lucia", "LC"},
    {"Sint Lucia", "LC"},
    {"Canarische Eilanden", "ES"},
    {"IC", "ES"},
    {"XI", "GB"},
    {"Hong Kong", "HK"},
    /* twice over */
    {"Nederland (NL)", "NL"},
    {"NL - Nederland", "NL"},
    {"Belgi\u00EB/Belgique", "BE"},
    {"United States (US)", "US"},
    {"Nederland.", "NL"},
    {" nederland \u200B", "NL"},
    /* not understood: nothing is guessed */
    {"land", NULL},
    {"", NULL},
    {"|", NULL},
    {"Atlantis", NULL},
    {"een heel lange naam die nergens op lijkt, echt waar", NULL},
    {"Nederland, Belgi\u00EB", NULL},
    {"Virgin Islands (US)", NULL},
    {"Utrecht, Nederland", NULL},
    {"Congo", NULL},
    {"Europa", NULL},
    {"NZH", NULL},
    {"Nederland - Zuid-Holland", NULL},
    {"(", NULL},
    {" - ", NULL},
};

TEST(what_people_write_is_recognised)
{
    check_rows(written, ARRAY_LENGTH(written));
}

TEST(countries_are_found_by_code_and_calling_code)
{
    assert_string_equal(country_find("NL")->calling_code, "31");
    assert_string_equal(country_find("JP")->calling_code, "81");
    assert_null(country_find("nl"));
    assert_null(country_find("XX"));
    assert_null(country_find(""));
    assert_null(country_find(NULL));
    assert_string_equal(country_find_calling("31612345678")->region, "NL");
    assert_string_equal(country_find_calling("35212345")->region, "LU");
    assert_string_equal(country_find_calling("1212")->region, "US");
    assert_null(country_find_calling("999"));
    assert_null(country_find_calling("0"));
    assert_null(country_find_calling(""));
}

/* What is looked up in them by halving must be in order. */
TEST(the_tables_are_sorted)
{
    for (size_t i = 1; i < text_countries_count; i++) {
        assert_true(strcmp(text_countries[i - 1].code, text_countries[i].code) < 0);
    }
    for (size_t i = 1; i < text_calling_codes_count; i++) {
        assert_true(strcmp(text_calling_codes[i - 1].code, text_calling_codes[i].code) < 0);
    }
    for (size_t i = 1; i < text_country_names_count; i++) {
        assert_true(strcmp(text_country_names[i - 1].key, text_country_names[i].key) < 0);
        assert_true(strlen(text_country_names[i].key) < UNICODE_KEY_SIZE);
        assert_non_null(country_find(text_country_names[i].code));
    }
    for (size_t i = 1; i < text_months_count; i++) {
        assert_true(strcmp(text_months[i - 1].key, text_months[i].key) < 0);
    }
    for (size_t i = 1; i < text_entities_count; i++) {
        assert_true(strcmp(text_entities[i - 1].name, text_entities[i].name) < 0);
    }
}

TEST(where_an_address_needs_a_number_or_a_postcode_is_known)
{
    assert_true(country_has_numbers("NL") && country_has_postcodes("NL"));
    assert_true(!country_has_numbers("GB") && country_has_postcodes("GB"));
    assert_true(!country_has_numbers("IE") && !country_has_postcodes("IE"));
    assert_true(!country_has_numbers("") && !country_has_postcodes(NULL));
}
