#include "tests/unit/kind_helpers.h"

#include "worker/api/text/figure.h"

/* Stands for "not a number" in the rows below. */
#define NONE 77.5

static void check_figure(const char *text, double expected)
{
    double number = NONE;

    ROW_CHECK(text, figure_read(text, &number) == (expected != NONE));
    ROW_CHECK(text, number == expected);
}

TEST(numbers_are_read_with_point_or_comma)
{
    static const struct {
        const char *text;
        double number;
    } rows[] = {
        {"68.00", 68},    {"0", 0},       {"-3.5", -3.5}, {"+2", 2},     {"12,4", 12.4},
        {" 0.85 ", 0.85}, {".5", 0.5},    {",5", 0.5},    {"5.", 5},     {"0,001", 0.001},
        {"1.234", 1.234}, {"1,800", 1.8}, {"007", 7},     {"\t12 ", 12}, {"47.45", 47.45},
        {"", NONE},       {" ", NONE},    {"-", NONE},    {".", NONE},   {"-,", NONE},
        {"- 5", NONE},    {"--5", NONE},  {"0x10", NONE}, {"nan", NONE}, {"inf", NONE},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        check_figure(rows[i].text, rows[i].number);
    }
}

/* WooCommerce made 20.00 of "0,00" and 495 of "4,95", a price scraper 1.6 of "1,600.00". */
TEST(thousands_are_read_however_they_are_divided)
{
    static const struct {
        const char *text;
        double number;
    } rows[] = {
        {"1.234,50", 1234.5},
        {"1,234.50", 1234.5},
        {"1,600.00", 1600},
        {"-1.234,50", -1234.5},
        {"1.234.567", 1234567},
        {"1,234,567", 1234567},
        {"12.345.678,9", 12345678.9},
        {"1 234,50", 1234.5},
        {"1\xC2\xA0"
         "234,50",
         1234.5},
        {"1\xE2\x80\xAF"
         "234,50",
         1234.5},
        {"1'234.50", 1234.5},
        {"1\xE2\x80\x99"
         "234.50",
         1234.5},
        {"\xE2\x88\x92"
         "3,50",
         -3.5},
        {"1 234", 1234},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        check_figure(rows[i].text, rows[i].number);
    }
}

TEST(groups_that_are_none_make_no_number)
{
    static const char *const rows[] = {
        "1.23,4",   "12.34,50",   "1234,567.89", "1,2,3",       "1.2.3",    "1..2",
        "1,,2",     "0.123,45",   "1.234,5,6",   "1.234.56",    "1 23",     "12 34",
        "1 234 kg", "1.234.567.", "'234",        "1 234.567,8", "20-11-20", "12:30",
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        check_figure(rows[i], NONE);
    }
}

/* PHP writes 0.00001 as 1.0E-5. */
TEST(powers_of_ten_are_read)
{
    static const struct {
        const char *text;
        double number;
    } rows[] = {
        {"1.0E-5", 0.00001}, {"1.5e3", 1500}, {"2E+2", 200},       {"1e0", 1},
        {"12,5e-1", 1.25},   {"1e", NONE},    {"e5", NONE},        {"1e-", NONE},
        {"1e5x", NONE},      {"1e100", NONE}, {"1.234,5e1", NONE}, {"1e1e1", NONE},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        check_figure(rows[i].text, rows[i].number);
    }
}

TEST(what_is_too_long_or_has_words_is_no_number)
{
    check_figure("12345678901234567", 12345678901234567.0);
    check_figure("123456789012345678", NONE);
    check_figure("123456789012345678901234567890", NONE);
    check_figure("0,000000000000000000000000000000000000000000000000000000000000001", NONE);
    check_figure("12 kg", NONE);
    check_figure("\xE2\x82\xAC 12,50", NONE);
    check_figure("veel", NONE);
}
