#include "tests/unit/kind_helpers.h"

#include "worker/api/text/address.h"

struct case_row {
    const char *street;
    const char *number;
    const char *expected_street;
    const char *expected_number;
    const char *expected_addition;
    bool is_sure;
};

static void check_rows(const struct case_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct case_row *row = &rows[i];
        AUTO(address) struct address address;
        AUTO(free)
        char *name = xasprintf("%s|%s", row->street != NULL ? row->street : "-",
                               row->number != NULL ? row->number : "-");

        address_split(row->street, row->number, &address);
        check_text(name, address.street, row->expected_street);
        check_text(name, address.number, row->expected_number);
        check_text(name, address.addition, row->expected_addition);
        ROW_CHECK(name, (address.line == NULL) == row->is_sure);
        if (address.line != NULL) {
            ROW_CHECK(name, row->street == NULL || strstr(address.line, row->street) != NULL);
            ROW_CHECK(name, row->number == NULL || strstr(address.line, row->number) != NULL);
        }
    }
}

/* Numbers that users of other connectors reported as broken, among others [REP-01, R-540]. */
TEST(the_number_field_is_split_into_number_and_addition)
{
    static const struct case_row rows[] = {
        {"Molenstraat", "62", "Molenstraat", "62", NULL, true},
        {"Molenstraat", "12-A", "Molenstraat", "12", "A", true},
        {"Molenstraat", "12 A", "Molenstraat", "12", "A", true},
        {"Molenstraat", "1 - B", "Molenstraat", "1", "B", true},
        {"Molenstraat", "23 - II", "Molenstraat", "23", "II", true},
        {"Molenstraat", "3HS", "Molenstraat", "3", "HS", true},
        {"Molenstraat", "14-bis", "Molenstraat", "14", "bis", true},
        {"Molenstraat", "12 bus 3", "Molenstraat", "12", "bus 3", true},
        {"Molenstraat", "220 bus 3", "Molenstraat", "220", "bus 3", true},
        {"Molenstraat", "12-C11", "Molenstraat", "12", "C11", true},
        {"Molenstraat", "1 2.345", "Molenstraat", "1", "2.345", true},
        {"Molenstraat", "12/3", "Molenstraat", "12", "3", true},
        {"Molenstraat", "10-12", "Molenstraat", "10", "12", true},
        {"1e Constantijn Huygensstraat", "20", "1e Constantijn Huygensstraat", "20", NULL, true},
        {"Plein 1944", "7", "Plein 1944", "7", NULL, true},
        {"Molenstraat", "12-", "Molenstraat", "12", NULL, true},
        {"Molenstraat", "12 - ", "Molenstraat", "12", NULL, true},
        {"Molenstraat", "12,", "Molenstraat", "12", NULL, true},
        {"Molenstraat", "12, 3 hoog", "Molenstraat", "12", "3 hoog", true},
        {"Molenstraat", "012", "Molenstraat", "012", NULL, true},
        {"Molenstraat", "5\xC2\xB2", "Molenstraat", "5", "\xC2\xB2", true},
        {NULL, "12 A", NULL, "12", "A", true},
    };

    check_rows(rows, ARRAY_LENGTH(rows));
}

TEST(without_a_number_the_street_is_split)
{
    static const struct case_row rows[] = {
        /* rule 1 */
        {"Kerkstraat 12 bus 3", NULL, "Kerkstraat", "12", "bus 3", true},
        {"Rue de la Loi 16 Bte. 4", NULL, "Rue de la Loi", "16", "Bte. 4", true},
        {"Laan van 1813 noord 12", NULL, "Laan van 1813 noord", "12", NULL, false},
        {"Kerkstraat 12 noord 3", NULL, "Kerkstraat", "12", "noord 3", false},
        {"Steenweg 1944 bus 3", NULL, "Steenweg", "1944", "bus 3", true},
        {"Kasteelstraat 1, bus 200A", NULL, "Kasteelstraat", "1", "bus 200A", true},
        {"Brugsesteenweg 255, box2", NULL, "Brugsesteenweg", "255", "box2", true},
        {"Test street 20. 2. house 1.", NULL, "Test street", "20", "2. house 1", false},
        /* rule 2 */
        {"Kerkstraat 12, 3 hoog", NULL, "Kerkstraat", "12", "3 hoog", true},
        {"Kerkstraat 12 , achter", NULL, "Kerkstraat", "12", "achter", true},
        {"Kerkstraat 12a, 3 hoog", NULL, "Kerkstraat", "12", "a, 3 hoog", true},
        /* rule 3 */
        {"Kerkstraat 62", NULL, "Kerkstraat", "62", NULL, true},
        {"Kerkstraat 12-A", NULL, "Kerkstraat", "12", "A", true},
        {"Kerkstraat 12 A", NULL, "Kerkstraat", "12", "A", true},
        {"Kerkstraat 1 - B", NULL, "Kerkstraat", "1", "B", true},
        {"Kerkstraat 3HS", NULL, "Kerkstraat", "3", "HS", true},
        {"Beispielstra\u00DFe, Nr. 1", NULL, "Beispielstra\u00DFe", "1", NULL, false},
        {"Beispielstra\u00DFe Nr 1", NULL, "Beispielstra\u00DFe", "1", NULL, false},
        {"Nolimpark 4004", NULL, "Nolimpark", "4004", NULL, true},
        {"Pastoor Coplaan 100,", NULL, "Pastoor Coplaan", "100", NULL, true},
        {"Amperelaan 7 8", NULL, "Amperelaan 7", "8", NULL, false},
        {"Kerkstraat, 12", NULL, "Kerkstraat", "12", NULL, true},
        {"1e Constantijn Huygensstraat 20", NULL, "1e Constantijn Huygensstraat", "20", NULL, true},
        {"Oude 2de Dwarsstraat 5", NULL, "Oude 2de Dwarsstraat", "5", NULL, true},
        {"Plein 1944 7", NULL, "Plein 1944", "7", NULL, false},
        {"Plein 1944", NULL, "Plein", "1944", NULL, false},
        {"Kerkstraat 10-12", NULL, "Kerkstraat", "10", "12", true},
        {"Postbus 123", NULL, "Postbus", "123", NULL, true},
        {"10 Downing Street 5", NULL, "10 Downing Street", "5", NULL, false},
        /* rule 4 */
        {"12a Rue Xavier", NULL, "Rue Xavier", "12", "a", true},
        {"12, Rue de la Paix", NULL, "Rue de la Paix", "12", NULL, true},
        {"12 bis Rue de la Paix", NULL, "Rue de la Paix", "12", "bis", true},
        {"221B Baker Street", NULL, "Baker Street", "221", "B", true},
        {"12-14 High Street", NULL, "High Street", "12", "14", true},
        {"470 6e Avenue", NULL, "6e Avenue", "470", NULL, true},
        {"601 21st Ave N", NULL, "21st Ave N", "601", NULL, true},
        /* rule 5 */
        {"Dorpsstraat12a", NULL, "Dorpsstraat", "12", "a", true},
        {"Oude Dorpsstraat12", NULL, "Oude Dorpsstraat", "12", NULL, true},
        {"Dorpsstraat12-3", NULL, "Dorpsstraat", "12", "3", true},
        {"Musterstr.30", NULL, "Musterstr.", "30", NULL, true},
        /* rule 6 */
        {"1e Constantijn Huygensstraat", NULL, "1e Constantijn Huygensstraat", NULL, NULL, true},
        {"Aan de dijk", NULL, "Aan de dijk", NULL, NULL, true},
        {"Q7", NULL, "Q7", NULL, NULL, true},
        {NULL, NULL, NULL, NULL, NULL, true},
    };

    check_rows(rows, ARRAY_LENGTH(rows));
}

/* The last number that can be a house number wins, and the whole line goes along. */
TEST(dates_and_years_belong_to_the_street)
{
    static const struct case_row rows[] = {
        {"Rue du 31 D\u00E9cembre 26", NULL, "Rue du 31 D\u00E9cembre", "26", NULL, false},
        {"Stra\u00DFe des 17. Juni 135", NULL, "Stra\u00DFe des 17. Juni", "135", NULL, false},
        {"Laan 1940 \u2013 1945 37", NULL, "Laan 1940 \u2013 1945", "37", NULL, false},
        {"Laan 1940-1945 37", NULL, "Laan 1940-1945", "37", NULL, false},
        {"16 april 1944 Pad 1", NULL, "16 april 1944 Pad", "1", NULL, false},
        {"Rue du 8 Mai 1945 12 bis", NULL, "Rue du 8 Mai 1945", "12", "bis", false},
        {"Place du 8 Mai 1945, 12", NULL, "Place du 8 Mai 1945", "12", NULL, false},
        {"Rue du 11 Novembre 1918 7 bte 3", NULL, "Rue du 11 Novembre 1918", "7", "bte 3", false},
        {"Avenida 25 de Abril 10", NULL, "Avenida 25 de Abril", "10", NULL, false},
        {"Via 4 Novembre, 12", NULL, "Via 4 Novembre", "12", NULL, false},
        {"ulica 11 Listopada 22", NULL, "ulica 11 Listopada", "22", NULL, false},
        {"28. \u0159\u00EDjna 5", NULL, "28. \u0159\u00EDjna", "5", NULL, false},
        {"1 Maja 3", NULL, "1 Maja", "3", NULL, false},
        {"Rue du 1er Mai 12", NULL, "Rue du 1er Mai", "12", NULL, true},
        {"Laan van 1813 12", NULL, "Laan van 1813", "12", NULL, false},
        /* a date is no house number, even without another one */
        {"Rue du 11 Novembre 1918", NULL, "Rue du 11 Novembre 1918", NULL, NULL, true},
        {"Stra\u00DFe des 17. Juni", NULL, "Stra\u00DFe des 17. Juni", NULL, NULL, true},
        {"16 april 1944 Pad", NULL, "16 april 1944 Pad", NULL, NULL, true},
        {"Laan 1940-1945", NULL, "Laan 1940-1945", NULL, NULL, true},
        {"Laan 1914 en 1918", NULL, "Laan 1914 en 1918", NULL, NULL, true},
        /* but before an English street it may be one */
        {"12 June Avenue", NULL, "June Avenue", "12", NULL, false},
        {"Kerkstraat 12. achter", NULL, "Kerkstraat", "12", "achter", true},
    };

    check_rows(rows, ARRAY_LENGTH(rows));
}

TEST(a_number_without_a_name_is_a_house_number)
{
    static const struct case_row rows[] = {
        {"30", NULL, NULL, "30", NULL, true},      {"30 A", NULL, NULL, "30", "A", true},
        {"30a", NULL, NULL, "30", "a", true},      {"30-32", NULL, NULL, "30", "32", true},
        {"30 bis", NULL, NULL, "30", "bis", true}, {"30 bus 3", NULL, NULL, "30", "bus 3", true},
        {"1944", NULL, NULL, "1944", NULL, false}, {"30", "A", NULL, "30", "A", false},
        {"5 Weg", NULL, "Weg", "5", NULL, true},
    };

    check_rows(rows, ARRAY_LENGTH(rows));
}

/* The number is there once, and the line tells what was typed. */
TEST(a_number_that_the_street_says_too_is_there_once)
{
    static const struct {
        const char *street;
        const char *number;
        const char *expected_street;
        const char *expected_number;
        const char *expected_addition;
        const char *line; /* NULL: it is not twice */
    } rows[] = {
        {"Kerkstraat 30", "30", "Kerkstraat", "30", NULL, "Kerkstraat 30"},
        {"Kerkstraat 12-A", "12-A", "Kerkstraat", "12", "A", "Kerkstraat 12-A"},
        {"Kerkstraat 12A", "12 a", "Kerkstraat", "12", "a", "Kerkstraat 12 a"},
        {"Kerkstraat 12 bus 3", "12 bus 3", "Kerkstraat", "12", "bus 3", "Kerkstraat 12 bus 3"},
        {"Kerkstraat, 30", "30", "Kerkstraat", "30", NULL, "Kerkstraat, 30"},
        {"Kerkstraat30", "30", "Kerkstraat", "30", NULL, "Kerkstraat30"},
        {"30 Rue de la Paix", "30", "Rue de la Paix", "30", NULL, "30 Rue de la Paix"},
        {"30 bis Rue de la Paix", "30 bis", "Rue de la Paix", "30", "bis", "Rue de la Paix 30 bis"},
        {"Laan van 1813 12", "12", "Laan van 1813", "12", NULL, "Laan van 1813 12"},
        {"30", "30", NULL, "30", NULL, "30"},
        /* the one has an addition that the other has not */
        {"Kerkstraat 30 A", "30", "Kerkstraat", "30", "A", "Kerkstraat 30 A"},
        {"Kerkstraat 30", "30 A", "Kerkstraat", "30", "A", "Kerkstraat 30 A"},
        {"Kerkstraat 12, 3 hoog", "12", "Kerkstraat", "12", "3 hoog", "Kerkstraat 12, 3 hoog"},
        {"Kerkstraat 12 bus 3", "12", "Kerkstraat", "12", "bus 3", "Kerkstraat 12 bus 3"},
        {"Kerkstraat", "Kerkstraat 30 A", "Kerkstraat", "30", "A", "Kerkstraat 30 A"},
        /* another number stays: it is a part of the name */
        {"Plein 1944", "7", "Plein 1944", "7", NULL, NULL},
        {"Kerkstraat 30", "3", "Kerkstraat 30", "3", NULL, NULL},
        {"Kerkstraat 3", "30", "Kerkstraat 3", "30", NULL, NULL},
        {"Kerkstraat 12 bus 3", "3", "Kerkstraat 12 bus 3", "3", NULL, NULL},
        {"1e Dwarsstraat", "1", "1e Dwarsstraat", "1", NULL, NULL},
        {"8 Mei Plein", "8", "8 Mei Plein", "8", NULL, NULL},
        {"Rue du 8 Mai 1945", "1945", "Rue du 8 Mai 1945", "1945", NULL, NULL},
        {"Laan van 1813", "12", "Laan van 1813", "12", NULL, NULL},
        {"Kerkstraat 30 A", "30 B", "Kerkstraat 30 A", "30", "B", NULL},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        AUTO(address) struct address address;
        AUTO(free) char *name = xasprintf("%s|%s", rows[i].street, rows[i].number);

        address_split(rows[i].street, rows[i].number, &address);
        check_text(name, address.street, rows[i].expected_street);
        check_text(name, address.number, rows[i].expected_number);
        check_text(name, address.addition, rows[i].expected_addition);
        check_text(name, address.line, rows[i].line);
        ROW_CHECK(name, address.is_twice == (rows[i].line != NULL));
    }
}

/* What people fill in when the street has the number already. */
TEST(a_zero_beside_a_number_is_none)
{
    static const struct case_row rows[] = {
        {"Kerkstraat 12", "0", "Kerkstraat", "12", NULL, false},
        {"Kerkstraat 12 A", "00", "Kerkstraat", "12", "A", false},
        {"Kerkstraat", "0", "Kerkstraat", "0", NULL, true},
    };

    check_rows(rows, ARRAY_LENGTH(rows));
}

TEST(a_number_field_without_a_number_loses_nothing)
{
    static const struct case_row rows[] = {
        {"Kerkstraat", "A", "Kerkstraat", NULL, "A", false},
        {"Kerkstraat 12", "A", "Kerkstraat", "12", "A", false},
        {"Kerkstraat 12 bis", "boven", "Kerkstraat", "12", "bis boven", false},
        {"Kerkstraat", "nr. 12", "Kerkstraat", "12", NULL, false},
        {"Kerkstraat", "#5", "Kerkstraat", "5", NULL, false},
        {"Kerkstraat", "Huisnummer 5 B", "Kerkstraat", "5", "B", false},
        {"Kerkstraat", "A12", "Kerkstraat", NULL, "A12", false},
        {"Kerkstraat", "0612345678901", "Kerkstraat", NULL, "0612345678901", false},
        {"Kerkstraat", "123456", "Kerkstraat", "123456", NULL, false},
        {"Kerkstraat", "-", "Kerkstraat", NULL, NULL, false},
        {NULL, "Dorpsstraat 12 A", "Dorpsstraat", "12", "A", true},
    };

    check_rows(rows, ARRAY_LENGTH(rows));
}

/* Whatever comes, each letter and digit of it can be found again. */
TEST(nothing_is_ever_dropped)
{
    static const char alphabet[] = "a1 ,-/.e9b#";
    uint32_t seed = 7;

    for (int round = 0; round < 50000; round++) {
        char text[2][14] = {"", ""};

        for (int field = 0; field < 2; field++) {
            size_t length = 1 + (seed >> 20) % 12;

            for (size_t i = 0; i < length; i++) {
                seed = seed * 1664525 + 1013904223;
                text[field][i] = alphabet[(seed >> 16) % (sizeof(alphabet) - 1)];
            }
        }

        AUTO(address) struct address address;
        size_t given = 0;
        size_t kept = 0;

        address_split(text[0], round % 3 == 0 ? NULL : text[1], &address);

        const char *const parts[] = {address.street, address.number, address.addition};

        for (size_t i = 0; i < sizeof(text); i++) {
            const char *field = text[i / sizeof(text[0])];
            char c = field[i % sizeof(text[0])];

            given +=
                (field == text[0] || round % 3 != 0) && c != '\0' && strchr(" ,-/.#", c) == NULL;
        }
        for (size_t i = 0; i < ARRAY_LENGTH(parts); i++) {
            for (const char *at = parts[i]; at != NULL && *at != '\0'; at++) {
                kept += strchr(" ,-/.#", *at) == NULL;
            }
        }
        if (address.line == NULL && kept != given) {
            fail_msg("'%s' '%s' became '%s' '%s' '%s'", text[0], text[1],
                     parts[0] != NULL ? parts[0] : "", parts[1] != NULL ? parts[1] : "",
                     parts[2] != NULL ? parts[2] : "");
        }
    }
}

TEST(a_story_is_kept_as_a_street)
{
    char street[200] = "";
    AUTO(address) struct address address;

    for (size_t i = 0; i < sizeof(street) - 1; i++) {
        street[i] = i % 2 == 1 ? ' ' : i % 4 == 0 ? 'a' : '1';
    }
    address_split(street, NULL, &address);
    check_text("street", address.street, street);
    assert_null(address.number);
}
