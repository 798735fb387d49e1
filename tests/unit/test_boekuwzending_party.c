#include "tests/unit/booking_helpers.h"

#include "worker/api/boekuwzending/party.h"

/* The receiver with one member changed. */
static json_t *receiver(const char *key, const char *value)
{
    json_t *party = parsed(RECEIVER);

    if (key != NULL) {
        json_object_set_new(party, key, parsed(value));
    }
    return party;
}

TEST(the_parties_look_as_in_the_example)
{
    json_auto_t *party = receiver(NULL, NULL);
    json_auto_t *of_shipment = boekuwzending_shipment_party(party);
    json_auto_t *of_order = boekuwzending_order_party(party);

    check_value(of_shipment, "contact",
                "{\"name\":\"Fenna Testveld\",\"emailAddress\":\"fenna.testveld@example.org\","
                "\"phoneNumber\":\"+31612345678\"}");
    check_value(of_shipment, "address",
                "{\"street\":\"Voorbeeldlaan\",\"number\":\"14\",\"numberAddition\":\"bis\","
                "\"postcode\":\"3511ZZ\",\"city\":\"Utrecht\",\"country\":\"NL\","
                "\"privateAddress\":true,\"forkliftOrLoadingDockAvailable\":false,"
                "\"accessibleWithTrailer\":false}");
    check_value(of_order, "contact",
                "{\"name\":\"Fenna Testveld\",\"emailAddress\":\"fenna.testveld@example.org\","
                "\"plainPhoneNumber\":\"+31612345678\"}");
    check_value(of_order, "address",
                "{\"street\":\"Voorbeeldlaan\",\"number\":\"14\",\"numberAddition\":\"bis\","
                "\"addressLine1\":null,\"addressLine2\":null,\"postcode\":\"3511ZZ\","
                "\"city\":\"Utrecht\",\"country\":\"NL\",\"privateAddress\":true,"
                "\"forkliftOrLoadingDockAvailable\":false,\"accessibleWithTrailer\":false}");
}

TEST(a_shipment_gets_only_phone_numbers_in_e164)
{
    static const struct {
        const char *phone;
        const char *in_shipment;
        const char *in_order;
    } rows[] = {
        {"\"+31612345678\"", "\"+31612345678\"", "\"+31612345678\""},
        {"\" 06 1234 5678\"", "\"+31612345678\"", "\"06 1234 5678\""},
        {"\"0031 (0)6 12345678\"", "\"+31612345678\"", "\"0031 (0)6 12345678\""},
        {"\"06-12345678 (na 18u)\"", "\"+31612345678\"", "\"06-12345678 (na 18u)\""},
        {"\"612345678\"", "\"+31612345678\"", "\"612345678\""},
        {"\"12\"", "", "\"12\""},
        {"\"ask my neighbour\"", "", "\"ask my neighbour\""},
        {"\"+\"", "", "\"+\""},
        {"\"+31 6 ask\"", "", "\"+31 6 ask\""},
        {"\"\"", "", ""},
        {"null", "", ""},
        {"[]", "", ""},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        json_auto_t *party = receiver("phone", rows[i].phone);
        json_auto_t *of_shipment = boekuwzending_shipment_party(party);
        json_auto_t *of_order = boekuwzending_order_party(party);

        check_value(of_shipment, "contact/phoneNumber", rows[i].in_shipment);
        check_value(of_shipment, "contact/plainPhoneNumber", "");
        check_value(of_order, "contact/plainPhoneNumber", rows[i].in_order);
        check_value(of_order, "contact/phoneNumber", "");
    }
}

TEST(what_is_missing_is_left_out_or_empty)
{
    static const struct {
        const char *key;
        const char *value;
        const char *path;
        const char *sent;
    } rows[] = {
        {"company", "\"Bakkerij  BV\"", "contact/company", "\"Bakkerij BV\""},
        {"company", "\" \"", "contact/company", ""},
        {"email", "null", "contact/emailAddress", "\"\""},
        {"name", "null", "contact/name", "\"\""},
        {"street", "null", "address/street", "\"\""},
        {"number", "14", "address/number", "\"14\""},
        {"number", "\"\"", "address/number", "\"\""},
        {"number_addition", "\"  \"", "address/numberAddition", "null"},
        {"address_line", "\"Laan 14 bis\"", "address/addressLine1", "\"Laan 14 bis\""},
        {"country", "null", "address/country", ""},
        {"private_address", "false", "address/privateAddress", "false"},
        {"private_address", "null", "address/privateAddress", "false"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        json_auto_t *party = receiver(rows[i].key, rows[i].value);
        json_auto_t *of_shipment = boekuwzending_shipment_party(party);
        json_auto_t *of_order = boekuwzending_order_party(party);

        check_value(of_shipment, rows[i].path, rows[i].sent);
        check_value(of_order, rows[i].path, rows[i].sent);
    }

    json_auto_t *company = parsed("{\"company\":\"Bakkerij\"}");
    json_auto_t *sent = boekuwzending_shipment_party(company);

    check_value(sent, "contact/name", "\"Bakkerij\"");
    check_value(sent, "contact/company", "\"Bakkerij\"");
}

TEST(the_party_is_blanked_out_of_a_text)
{
    static const char *const rows[][2] = {
        {"postcode 3511ZZ does not match UTRECHT", "postcode ... does not match ..."},
        {"Fenna Testveld, fenna testveld", "..., ..."},
        {"+31612345678", "..."},
        {"number 14 bis is wrong", "number 14 bis is wrong"},
        {"", ""},
    };
    json_auto_t *party = receiver("company", "\"AB\"");

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        AUTO(free) char *text = xstrdup(rows[i][0]);

        boekuwzending_party_mask(party, text);
        check_text(rows[i][0], text, rows[i][1]);
        boekuwzending_party_mask(NULL, text);
        check_text(rows[i][0], text, rows[i][1]);
    }
}
