#include "tests/unit/kind_helpers.h"

#include "worker/api/text/phone.h"

/* As customers type them, and as they are passed on. */
static const struct {
    const char *text;
    const char *country;
    const char *phone;
} numbers[] = {
    /* Dutch, as typed */
    {"0612345678", "NL", "+31612345678"},
    {"06 1234 5678", "NL", "+31612345678"},
    {"06-12345678", "NL", "+31612345678"},
    {"(030) 123 45 67", "NL", "+31301234567"},
    {"013.0000000", "NL", "+31130000000"},
    {"0031612345678", "NL", "+31612345678"},
    {"0031 (0)6 12345678", "NL", "+31612345678"},
    {"+31612345678", "NL", "+31612345678"},
    {"+31 (0)6 1234 5678", "NL", "+31612345678"},
    {"+31 06 1234 5678", "NL", "+31612345678"},
    {"+31 06 1234 5678", "BE", "+31612345678"},
    {"+31612345678", NULL, "+31612345678"},
    {"+31 13 000 00 00", "BE", "+31130000000"},
    /* neighbours */
    {"0470 12 34 56", "BE", "+32470123456"},
    {"030/1234567", "DE", "+49301234567"},
    {"01 23 45 67 89", "FR", "+33123456789"},
    {"+39 06 12345678", "IT", "+390612345678"},
    {"+1 212 555 0100", "US", "+12125550100"},
    {"+0031 612345678", "NL", "+31612345678"},
    {"++31612345678", "NL", "+31612345678"},
    {"(+31)(0)6 12345678", "NL", "+31612345678"},
    {"+490176 1234567", "DE", "+491761234567"},
    {"0900-8727736", "NL", "0900-8727736"},
    /* where national numbers have no zero in front, or another prefix */
    {"20 12 34 56", "DK", "+4520123456"},
    {"32123456", "DK", "+4532123456"},
    {"612 34 56 78", "ES", "+34612345678"},
    {"91 123 45 67", "ES", "+34911234567"},
    {"512 345 678", "PL", "+48512345678"},
    {"(22) 123 45 67", "PL", "+48221234567"},
    {"406 12 345", "NO", "+4740612345"},
    {"02 1234 5678", "IT", "+390212345678"},
    {"312 345 6789", "IT", "+393123456789"},
    {"628 123 456", "LU", "+352628123456"},
    {"27 12 34 56", "LU", "+35227123456"},
    {"912 345 678", "PT", "+351912345678"},
    {"601 123 456", "CZ", "+420601123456"},
    {"691 234 5678", "GR", "+306912345678"},
    {"21 2345 6789", "GR", "+302123456789"},
    {"(201) 555-0123", "US", "+12015550123"},
    {"1-201-555-0123", "US", "+12015550123"},
    {"06 20 123 4567", "HU", "+36201234567"},
    {"8 612 34567", "LT", "+37061234567"},
    {"0 612 34567", "LT", "+37061234567"},
    {"8 (912) 345-67-89", "RU", "+79123456789"},
    {"+36 06 20 123 4567", "HU", "+36201234567"},
    /* a character that only looks like one of ASCII, and one that cannot be seen */
    {"06\u201112345678", "NL", "+31612345678"},
    {"06\u20131234\u202F5678", "NL", "+31612345678"},
    {"06\u200B12345678\u200E", "NL", "+31612345678"},
    {"\uFF0B\uFF13\uFF11 6 12345678", "NL", "+31612345678"},
    {"bel\u2060 \u0660\u0661", "NL", "bel 01"},
    /* numbers of no country, of one that does not exist, of too few digits */
    {"+800 1234 5678", "NL", "+80012345678"},
    {"+999 12345678", "NL", "+999 12345678"},
    {"2012345", "DK", "2012345"},
    {"0612345678", "XX", "0612345678"},
    {"0612345678", "", "0612345678"},
    {"12345678", "AQ", "12345678"},
    /* no plus before a national number, nothing invented */
    {"0612345678", NULL, "0612345678"},
    {"0612345678", "US", "0612345678"},
    {"612345678", "NL", "612345678"},
    {"31612345678", "NL", "31612345678"},
    {"06123456", "NL", "06123456"},
    {"061234567890", "NL", "061234567890"},
    {"06-12345678 / 030-1234567", "NL", "06-12345678 / 030-1234567"},
    {"06-12345678 (werk)", "NL", "06-12345678 (werk)"},
    {"+31 6 123", "NL", "+31 6 123"},
    {"+43 00293456", "AT", "+43 00293456"},
    {"+0612345678", "NL", "+0612345678"},
    {"+1234567890123456", "NL", "+1234567890123456"},
    {"12345678901234567890123456789", "NL", "12345678901234567890123456789"},
    {"bel\x01  eerst 1", "NL", "bel eerst 1"},
    /* nothing there */
    {NULL, "NL", NULL},
    {"", "NL", NULL},
    {"   ", "NL", NULL},
    {"0000", "NL", NULL},
    {"000-0000000", "NL", NULL},
    {"-", "NL", NULL},
    {"+", NULL, NULL},
    {"geen", "NL", NULL},
};

TEST(phones_become_e164_or_stay_as_they_are)
{
    for (size_t i = 0; i < ARRAY_LENGTH(numbers); i++) {
        AUTO(free) char *phone = phone_normalise(numbers[i].text, numbers[i].country);

        check_text(numbers[i].text != NULL ? numbers[i].text : "(null)", phone, numbers[i].phone);
    }
}

/* Numbers of every country, as libphonenumber writes them there. */
TEST(every_country_writes_its_numbers_in_its_own_way)
{
    FILE *file = fopen("tests/fixtures/phones.tsv", "r");
    char line[200];
    size_t count = 0;

    assert_non_null(file);
    while (fgets(line, sizeof(line), file) != NULL) {
        char region[3] = "";
        char *typed = strchr(line, '\t');
        char *expected = strrchr(line, '\t');

        /* In Argentina a mobile number is written with a 15 that is a 9 abroad. */
        if (line[0] == '#' || strstr(line, "AR\t011 15-") != NULL) {
            continue;
        }
        memcpy(region, line, 2);
        *expected = '\0';
        line[strcspn(expected + 1, "\n") + (size_t)(expected + 1 - line)] = '\0';

        AUTO(free) char *phone = phone_normalise(typed + 1, region);
        AUTO(free) char *abroad = phone_normalise(expected + 1, NULL);

        check_text(line, phone, expected + 1);
        check_text(line, abroad, expected + 1);
        count++;
    }
    assert_int_equal(fclose(file), 0);
    assert_true(count > 450);
}

TEST(a_carrier_gets_the_first_number_that_can_be_called)
{
    static const char *const rows[][3] = {
        /* all that phone_normalise() understands */
        {"0612345678", "NL", "+31612345678"},
        {"20 12 34 56", "DK", "+4520123456"},
        {"+31612345678", NULL, "+31612345678"},
        /* words around it, one of several */
        {"06-12345678 (werk)", "NL", "+31612345678"},
        {"Tel: 06-12345678", "NL", "+31612345678"},
        {"06-12345678 / 030-1234567", "NL", "+31612345678"},
        {"06-12345678 of 030-1234567", "NL", "+31612345678"},
        {"030/1234567; 0151 23456789", "DE", "+49301234567"},
        {"bel eerst, +32 470 12 34 56", "NL", "+32470123456"},
        {"06 00 00 00 00 (na 18u)", "FR", "+33600000000"},
        /* a zero that a spreadsheet dropped, a plus that was left out */
        {"612345678", "NL", "+31612345678"},
        {"31612345678", "NL", "+31612345678"},
        {"32470123456", "BE", "+32470123456"},
        {"4520123456", "DK", "+4520123456"},
        {"393331234567", "IT", "+393331234567"},
        {"44 0161 1234567", "GB", "+441611234567"},
        {"(44) 0161 1234567", "GB", "+441611234567"},
        {"O6-12345678", "NL", "+31612345678"},
        {"tel:+31612345678", "NL", "+31612345678"},
        {"030-1234567 ext. 12", "NL", "+31301234567"},
        /* it could be either, or nothing */
        {"4915123456789", "DE", NULL},
        {"612345678", "BE", NULL},
        {"470123456", NULL, NULL},
        {"06-1234", "NL", NULL},
        {"ask my neighbour", "NL", NULL},
        {"+31 6 ask", "NL", NULL},
        {"0000", "NL", NULL},
        {"12", "NL", NULL},
        {"/", "NL", NULL},
        {"", "NL", NULL},
        {NULL, "NL", NULL},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        AUTO(free) char *phone = phone_callable(rows[i][0], rows[i][1]);

        check_text(rows[i][0] != NULL ? rows[i][0] : "(null)", phone, rows[i][2]);
    }
}

TEST(an_endless_phone_is_cut)
{
    char text[300];

    memset(text, '7', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';

    AUTO(free) char *phone = phone_normalise(text, "NL");

    assert_int_equal(strlen(phone), PHONE_LENGTH);
}
