#include "tests/unit/kind_helpers.h"

#include "worker/api/text/country.h"

TEST(codes_are_recognised_by_their_form)
{
    static const char *const rows[][2] = {
        {"NL", "NL"}, {"nl", "NL"}, {" Be ", "BE"}, {"UK", "GB"}, {"el", "GR"}, {"JP", "JP"},
        {"", NULL},   {"N", NULL},  {"NLD", NULL},  {"N1", NULL}, {"12", NULL}, {"Nederland", NULL},
    };
    char code[3] = "";

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        bool found = country_from_code(rows[i][0], code);

        check_text(rows[i][0], found ? code : NULL, rows[i][1]);
    }
    assert_false(country_from_code(NULL, code));
}

TEST(names_of_neighbours_are_recognised)
{
    static const char *const rows[][2] = {
        {"Nederland", "NL"},
        {"BELGIE", "BE"},
        {"Belgi\xC3\xAB", "BE"},
        {"Deutschland", "DE"},
        {"France", "FR"},
        {"Luxembourg", "LU"},
        {"The Netherlands", "NL"},
        {"land", NULL},
        {"", NULL},
        {"|", NULL},
        {"Atlantis", NULL},
        {"een heel lange naam die nergens op lijkt, echt waar", NULL},
    };
    char code[3] = "";

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        bool found = country_from_name(rows[i][0], code);

        check_text(rows[i][0], found ? code : NULL, rows[i][1]);
    }
    assert_false(country_from_name(NULL, code));
}

TEST(countries_are_found_by_code_and_calling_code)
{
    assert_string_equal(country_find("NL")->calling_code, "31");
    assert_null(country_find("JP"));
    assert_string_equal(country_find_calling("31612345678")->code, "NL");
    assert_string_equal(country_find_calling("35212345")->code, "LU");
    assert_null(country_find_calling("1212"));
    assert_null(country_find_calling(""));
}
