#include "tests/unit/ship_to_helpers.h"

TEST(an_address_needs_street_place_and_somebody)
{
    static const struct {
        const char *addresses;
        const char *city; /* NULL: not usable */
    } rows[] = {
        {"{\"delivery\":{" FULL "}}", "Utrecht"},
        {"{\"invoice\":{" FULL "}}", "Utrecht"},
        {"{\"invoice\":{" FULL "},\"delivery\":[]}", "Utrecht"},
        {"{\"invoice\":{" FULL "},\"delivery\":{}}", "Utrecht"},
        {"{\"invoice\":{" FULL "},\"delivery\":null}", "Utrecht"},
        {"{\"invoice\":{" FULL "},\"delivery\":{\"name\":\"X\",\"street\":\"\",\"zipcode\":\"\"}}",
         "Utrecht"},
        {"{\"invoice\":{" FULL "},\"delivery\":{\"street\":\"Weg\",\"city\":\"Oss\"}}", "Oss"},
        {"{\"invoice\":{" FULL "},\"delivery\":[{\"street\":\"Weg\",\"city\":\"Oss\"}]}", "Oss"},
        {"{\"delivery\":{\"company\":\"BV\",\"number\":\"5\",\"city\":\"Oss\"}}", "Oss"},
        {"{\"delivery\":{\"street\":\"Weg\",\"city\":\"Oss\"}}", NULL},
        {"{\"delivery\":{\"name\":\"X\",\"city\":\"Oss\"}}", NULL},
        {"{\"invoice\":{\"name\":\"X\",\"street\":\"Weg\"}}", NULL},
        {"{\"invoice\":{\"name\":\"X\",\"zipcode\":\"3511ZZ\"}}", NULL},
        {"{\"delivery\":{\"name\":\"X\",\"street\":\"-\",\"zipcode\":\".\",\"city\":\"Oss\"}}",
         NULL},
        {"{\"delivery\":{\"name\":\"X\",\"street\":\"\u200B\",\"zipcode\":\"\u200B\"}}", NULL},
        {"{\"invoice\":{" FULL "},\"delivery\":{\"name\":\"X\",\"street\":\"\u200B\"}}", "Utrecht"},
        {"{\"invoice\":{" FULL "},\"delivery\":{\"name\":\"X\",\"city\":\"Oss\"}}", "Utrecht"},
        {"{}", NULL},
        {"[]", NULL},
        {"null", NULL},
        {"\"Weg 5\"", NULL},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        json_auto_t *order = order_of(rows[i].addresses, "");
        json_auto_t *fields = json_object();

        ROW_CHECK(rows[i].addresses, ship_to_map(order, NULL, fields) == (rows[i].city != NULL));
        ROW_CHECK(rows[i].addresses, (json_object_size(fields) == 0) == (rows[i].city == NULL));
        if (rows[i].city != NULL) {
            check_text(rows[i].addresses, member_text(fields, "city"), rows[i].city);
        }
    }
}

TEST(the_company_of_the_invoice_stays_there)
{
    static const struct {
        const char *addresses;
        const char *company;
        bool is_private;
    } rows[] = {
        {"{\"invoice\":{" FULL ",\"company\":\"Fictief BV\"},\"delivery\":{" FULL "}}", NULL, true},
        {"{\"invoice\":{" FULL ",\"company\":\"Fictief BV\"}}", "Fictief BV", false},
        {"{\"delivery\":{" FULL ",\"company\":\"Opslag NV\"}}", "Opslag NV", false},
        {"{\"delivery\":{" FULL ",\"company\":\" \"}}", NULL, true},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        json_auto_t *order = order_of(rows[i].addresses, "");
        json_auto_t *fields = json_object();

        ROW_CHECK(rows[i].addresses, ship_to_map(order, NULL, fields));
        check_text(rows[i].addresses, member_text(fields, "company"), rows[i].company);
        ROW_CHECK(rows[i].addresses,
                  json_is_true(json_object_get(fields, "private_address")) == rows[i].is_private);
    }
}

TEST(the_country_comes_from_the_nearest_place)
{
    static const char be_shipping[] = ",\"shipping\":[{\"country\":{\"isocode\":\"BE\"}}]";
    static const struct {
        const char *addresses;
        const char *more;
        const char *region;
        const char *country;
    } rows[] = {
        {"{\"delivery\":{" FULL ",\"country_code\":\"de\"}}", be_shipping, "NL", "DE"},
        {"{\"delivery\":{" FULL ",\"country\":\"Duitsland\"}}", be_shipping, "NL", "DE"},
        {"{\"delivery\":{" FULL "}}", be_shipping, "NL", "BE"},
        {"{\"delivery\":{" FULL "}}", ",\"shipping\":{\"country\":{\"description\":\"Belgie\"}}",
         "NL", "BE"},
        {"{\"delivery\":{" FULL "},\"invoice\":{\"country_code\":\"FR\"}}",
         ",\"shipping\":[{\"country\":[]}]", "NL", "FR"},
        {"{\"invoice\":{" FULL ",\"country_code\":\"FR\"}}", be_shipping, "NL", "FR"},
        {"{\"delivery\":{" FULL "}}", "", "NL", "NL"},
        {"{\"delivery\":{" FULL ",\"country_code\":\"Nederland\"}}", "", NULL, "NL"},
        {"{\"delivery\":{" FULL ",\"country_code\":\"DEU\"}}", be_shipping, "NL", "DE"},
        {"{\"delivery\":{" FULL ",\"country\":\"BELGI\u00CB\"}}", "", "NL", "BE"},
        {"{\"delivery\":{" FULL ",\"country_code\":\"XX\",\"country\":\"Hongarije\"}}", be_shipping,
         "NL", "HU"},
        {"{\"delivery\":{" FULL ",\"country_code\":276}}", be_shipping, "NL", "DE"},
        {"{\"delivery\":{" FULL ",\"country_code\":\"-\"}}", be_shipping, "NL", "BE"},
        /* not understood is not "not given" */
        {"{\"delivery\":{" FULL ",\"country_code\":\"XX\"}}", be_shipping, "NL", NULL},
        {"{\"delivery\":{" FULL ",\"country\":\"Atlantis\"}}", be_shipping, "NL", NULL},
        {"{\"delivery\":{" FULL "}}",
         ",\"shipping\":[{\"country\":{\"description\":\"Atlantis\"}}]", "NL", NULL},
        {"{\"delivery\":{" FULL "},\"invoice\":{\"country\":\"Atlantis\"}}", "", "NL", NULL},
        {"{\"delivery\":{" FULL "}}", "", NULL, NULL},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        json_auto_t *order = order_of(rows[i].addresses, rows[i].more);
        json_auto_t *fields = json_object();

        ROW_CHECK(rows[i].addresses, ship_to_map(order, rows[i].region, fields));
        check_text(rows[i].addresses, member_text(fields, "country"), rows[i].country);
    }
}

TEST(name_and_phone_fall_back_along_the_chain)
{
    json_auto_t *order = json_loads(
        "{\"debtor\":{\"email\":\"f@example.org\",\"name\":\"Debiteur\",\"phone\":\"0612345678\","
        "\"address\":{\"delivery\":{\"street\":\"Weg\",\"number\":\"5\",\"city\":\"Oss\","
        "\"country_code\":\"NL\",\"phone\":\"0000\"},\"invoice\":{\"name\":\"\",\"phone\":[]}}}}",
        0, NULL);
    json_auto_t *fields = json_object();

    assert_true(ship_to_map(order, NULL, fields));
    check_member(fields, "name", "Debiteur");
    check_member(fields, "phone", "+31612345678");
    check_member(fields, "email", "f@example.org");
    check_member(fields, "postcode", NULL);
}

TEST(an_unsure_split_keeps_the_line)
{
    json_auto_t *order = order_of("{\"delivery\":{\"name\":\"X\",\"street\":\"Plein 1944 "
                                  "7\",\"number\":\"\",\"city\":\"Oss\"}}",
                                  "");
    json_auto_t *fields = json_object();

    assert_true(ship_to_map(order, NULL, fields));
    check_member(fields, "street", "Plein 1944");
    check_member(fields, "number", "7");
    check_member(fields, "address_line", "Plein 1944 7");
}

TEST(endless_texts_are_capped)
{
    char endless[3001];

    memset(endless, 'x', sizeof(endless) - 1);
    endless[sizeof(endless) - 1] = '\0';

    json_auto_t *order = json_pack("{s:{s:s, s:{s:{s:s, s:s, s:s, s:s, s:s, s:s, s:s}}}}", "debtor",
                                   "email", endless, "address", "delivery", "name", endless,
                                   "company", endless, "street", endless, "number", endless,
                                   "zipcode", endless, "city", endless, "phone", endless);
    json_auto_t *fields = json_object();

    assert_true(ship_to_map(order, NULL, fields));
    assert_int_equal(strlen(member_text(fields, "name")), 200);
    assert_int_equal(strlen(member_text(fields, "company")), 200);
    assert_int_equal(strlen(member_text(fields, "email")), 254);
    assert_int_equal(strlen(member_text(fields, "street")), 200);
    assert_int_equal(strlen(member_text(fields, "address_line")), 250);
    assert_int_equal(strlen(member_text(fields, "postcode")), 20);
    assert_int_equal(strlen(member_text(fields, "city")), 100);
    check_member(fields, "phone", NULL);

    AUTO(free) char *warnings = joined_warnings(fields);

    check_text("warnings", warnings, "country_not_given, address_too_long");
}
