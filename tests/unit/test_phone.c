#include "tests/unit/kind_helpers.h"

#include "worker/api/text/phone.h"

TEST(phones_become_e164_or_stay_as_they_are)
{
    static const struct {
        const char *text;
        const char *country;
        const char *phone;
    } rows[] = {
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

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        AUTO(free) char *phone = phone_normalise(rows[i].text, rows[i].country);

        check_text(rows[i].text != NULL ? rows[i].text : "(null)", phone, rows[i].phone);
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
