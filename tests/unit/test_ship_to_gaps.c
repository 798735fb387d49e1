/* What is missing, strange or dirty in an address. */
#include "tests/unit/ship_to_helpers.h"

/* Belgians have no 06, and a number that begins with 047 is another one in the Netherlands. */
TEST(a_number_is_read_in_the_country_where_it_was_typed)
{
    static const char *const rows[][3] = {
        /* phone of the delivery (NL), of the invoice (BE), expected */
        {"", "0470 12 34 56", "+32470123456"},
        {"0612345678", "0470 12 34 56", "+31612345678"},
        {"0470 123 456", "", "+31470123456"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        AUTO(free)
        char *addresses =
            xasprintf("{\"delivery\":{" FULL ",\"country_code\":\"NL\",\"phone\":\"%s\"},"
                      "\"invoice\":{" FULL ",\"country\":\"Belgi\u00EB\",\"phone\":\"%s\"}}",
                      rows[i][0], rows[i][1]);
        json_auto_t *order = order_of(addresses, "");
        json_auto_t *fields = json_object();

        assert_true(ship_to_map(order, "NL", fields));
        check_text(rows[i][1], member_text(fields, "phone"), rows[i][2]);
    }

    json_auto_t *debtor = order_of("{\"delivery\":{" FULL ",\"country_code\":\"NL\"},\"invoice\":{"
                                   "\"country_code\":\"BE\"}}",
                                   "");
    json_auto_t *fields = json_object();

    json_object_set_new(json_object_get(debtor, "debtor"), "phone", json_string("0470 12 34 56"));
    assert_true(ship_to_map(debtor, "NL", fields));
    check_member(fields, "phone", "+32470123456");
}

/* A delivery address with gaps is imported as it is, and not replaced by the invoice address. */
TEST(what_is_missing_or_not_understood_is_warned_of)
{
    static const struct {
        const char *delivery;
        const char *warnings;
        const char *street;
        const char *city;
    } rows[] = {
        {FULL, "", "Laan", "Utrecht"},
        {"\"name\":\"Bruna\",\"zipcode\":\"9711AA\",\"city\":\"Groningen\"",
         "address_without_street", NULL, "Groningen"},
        {"\"name\":\"X\",\"street\":\"Weg\",\"number\":\"5\"", "address_without_place", "Weg",
         NULL},
        {"\"name\":\"X\",\"street\":\"Weg\",\"number\":\"5\",\"zipcode\":\"9711AA\"",
         "address_without_city", "Weg", NULL},
        {"\"name\":\"X\",\"street\":\"Weg\",\"number\":\"5\",\"city\":\"Oss\"",
         "address_without_postcode", "Weg", "Oss"},
        {"\"name\":\"X\",\"street\":\"Weg\",\"zipcode\":\"5341AA\",\"city\":\"Oss\"",
         "address_without_number", "Weg", "Oss"},
        {"\"name\":\"X\",\"street\":\"30\",\"zipcode\":\"5341AA\",\"city\":\"Oss\"",
         "address_without_street", NULL, "Oss"},
        {"\"name\":\"X\",\"zipcode\":\"9711AA\"", "address_without_street, address_without_city",
         NULL, NULL},
        {FULL ",\"country_code\":\"Atlantis\"", "country_not_understood", "Laan", "Utrecht"},
        {FULL ",\"phone\":\"ask my neighbour on 12\"", "phone_not_understood", "Laan", "Utrecht"},
        {FULL ",\"phone\":\"06-12345678 (werk)\"", "", "Laan", "Utrecht"},
        {FULL ",\"phone\":\"geen\"", "", "Laan", "Utrecht"},
        /* another country, other customs */
        {"\"name\":\"X\",\"street\":\"High Street\",\"city\":\"Cork\",\"country_code\":\"IE\"", "",
         "High Street", "Cork"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        AUTO(free)
        char *addresses =
            xasprintf("{\"delivery\":{%s},\"invoice\":{\"name\":\"Factuur\",\"street\":\"Elders\","
                      "\"number\":\"1\",\"zipcode\":\"1234AB\",\"city\":\"Elders\"}}",
                      rows[i].delivery);
        json_auto_t *order = order_of(addresses, "");
        json_auto_t *fields = json_object();

        assert_true(ship_to_map(order, "NL", fields));

        AUTO(free) char *warnings = joined_warnings(fields);

        check_text(rows[i].delivery, warnings, rows[i].warnings);
        check_text(rows[i].delivery, member_text(fields, "street"), rows[i].street);
        check_text(rows[i].delivery, member_text(fields, "city"), rows[i].city);
    }
}

TEST(a_country_that_is_not_understood_is_kept_as_it_was_given)
{
    json_auto_t *order = order_of("{\"delivery\":{" FULL ",\"country_code\":\"ZZ\",\"country\":"
                                  "\" Atlantis\u200B \"}}",
                                  "");
    json_auto_t *understood = order_of("{\"delivery\":{" FULL "}}", "");
    json_auto_t *fields = json_object();
    json_auto_t *others = json_object();

    assert_true(ship_to_map(order, "NL", fields));
    check_member(fields, "country", NULL);
    check_member(fields, "country_given", "Atlantis");
    assert_true(ship_to_map(understood, NULL, others));
    check_member(others, "country", NULL);
    assert_null(json_object_get(others, "country_given"));

    AUTO(free) char *warnings = joined_warnings(others);

    check_text("warnings", warnings, "country_not_given");
}

/* As carriers and people read them. */
TEST(texts_are_cleaned_by_what_they_are_for)
{
    json_auto_t *order = json_loads(
        "{\"debtor\":{\"email\":\"fen\\u200Bna\\u2011t@\\u202Fexample.org\",\"address\":{"
        "\"delivery\":{"
        "\"name\":\"O&#039;Neill \\u0646\\u06CC\\u0645\\u200C\\u0641\",\"company\":\"Bakker "
        "&amp;amp; Zn\","
        "\"street\":\"Rue de l&#039;\\u00C9cole\",\"number\":\"12\\u2013A\\u200E\","
        "\"zipcode\":\"35\\u206011\\u202FZZ\\uFE0D\",\"city\":\"Oss\",\"country_code\":\"NL\","
        "\"phone\":\"06\\u2011123\\u200B45678\"}}}}",
        0, NULL);
    json_auto_t *fields = json_object();

    assert_true(ship_to_map(order, NULL, fields));
    check_member(fields, "email", "fenna-t@example.org");
    check_member(fields, "name", "O'Neill \u0646\u06CC\u0645\u200C\u0641");
    check_member(fields, "company", "Bakker &amp; Zn");
    check_member(fields, "street", "Rue de l'\u00C9cole");
    check_member(fields, "number", "12");
    check_member(fields, "number_addition", "A");
    check_member(fields, "postcode", "3511 ZZ");
    check_member(fields, "phone", "+31612345678");
    assert_null(json_object_get(fields, "warnings"));
}

TEST(blanks_in_an_email_address_go_and_two_addresses_stay)
{
    static const char *const rows[][2] = {
        {"fenna @example.org", "fenna@example.org"},
        {"a@example.org b@example.org", "a@example.org b@example.org"},
        {"no address", "no address"},
        {" ", NULL},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        json_auto_t *order = order_of("{\"delivery\":{" FULL "}}", "");
        json_auto_t *fields = json_object();

        json_object_set_new(json_object_get(order, "debtor"), "email", json_string(rows[i][0]));
        assert_true(ship_to_map(order, "NL", fields));
        check_text(rows[i][0], member_text(fields, "email"), rows[i][1]);
    }
}

/* 55 characters, of which the last used to be lost. */
TEST(no_part_of_a_long_number_is_lost)
{
    static const char number[] = "12 appartement 3, achter de poort bij de rode deur links";
    json_auto_t *order = order_of("{\"delivery\":{" FULL "}}", "");
    json_auto_t *fields = json_object();
    json_t *delivery =
        json_object_get(json_object_get(json_object_get(order, "debtor"), "address"), "delivery");

    assert_true(strlen(number) >= 55);
    json_object_set_new(delivery, "number", json_string(number));
    assert_true(ship_to_map(order, "NL", fields));
    check_member(fields, "number", "12");
    check_member(fields, "number_addition", number + 3);
    assert_null(json_object_get(fields, "warnings"));
}
