#include "tests/unit/booking_helpers.h"

#include "worker/api/boekuwzending/contents.h"
#include "worker/api/boekuwzending/shipment.h"

/* The body for the usual wish of 0.85 kg with these lines for customs. */
static json_t *body_with(const char *lines)
{
    json_auto_t *wish = parsed(SHIPMENT_CONTEXT);

    json_object_set_new(wish, "contents", parsed(lines));
    json_object_set_new(wish, "inco_terms", json_string("DAP"));

    AUTO(free) char *text = boekuwzending_shipment_body(wish);

    return parsed(text);
}

TEST(a_shipment_that_crosses_a_border_says_what_is_in_it)
{
    json_auto_t *body =
        body_with("[{\"description\":\"Theepot\",\"quantity\":2,\"weight_kg\":0.4,\"value\":22.5,"
                  "\"tariff_number\":\"6912 00\",\"country_of_origin\":\"CN\"},"
                  "{\"description\":\"Kop\",\"quantity\":1,\"weight_kg\":0.05,\"value\":0,"
                  "\"tariff_number\":null,\"country_of_origin\":null}]");

    check_value(body, "incoTerms", "\"DAP\"");
    check_value(body, "items/0/contents",
                "[{\"description\":\"Theepot\",\"quantity\":2,\"weight\":\"0.400\",\"value\":22.5,"
                "\"tariffNumber\":\"6912 00\",\"countryOfOrigin\":\"CN\"},"
                "{\"description\":\"Kop\",\"quantity\":1,\"weight\":\"0.050\",\"value\":0.0}]");
    check_value(body, "items/0/value", "45.0");
    check_value(body, "items/0/description", "\"Pakket\"");
}

TEST(a_shipment_that_crosses_none_does_not)
{
    json_auto_t *wish = parsed(SHIPMENT_CONTEXT);
    AUTO(free) char *text = boekuwzending_shipment_body(wish);

    assert_null(strstr(text, "contents"));
    assert_null(strstr(text, "incoTerms"));
    assert_null(boekuwzending_contents(wish));
}

/* The parcel weighs 0.85 kg. */
TEST(pieces_that_nobody_weighed_share_the_rest_of_the_weight)
{
    static const struct {
        const char *lines;
        const char *path;
        const char *weight;
    } rows[] = {
        {"[{\"quantity\":5}]", "items/0/contents/0/weight", "\"0.170\""},
        {"[{\"quantity\":1,\"weight_kg\":0.65},{\"quantity\":2}]", "items/0/contents/1/weight",
         "\"0.100\""},
        {"[{\"quantity\":2,\"weight_kg\":0.5},{\"quantity\":2}]", "items/0/contents/1/weight",
         "\"0.001\""},
        {"[{\"quantity\":1,\"weight_kg\":0}]", "items/0/contents/0/weight", "\"0.850\""},
        {"[{\"quantity\":1,\"weight_kg\":7}]", "items/0/contents/0/weight", "\"7.000\""},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        json_auto_t *body = body_with(rows[i].lines);

        check_value(body, rows[i].path, rows[i].weight);
    }
}

TEST(what_is_longer_than_they_allow_is_cut_and_what_is_not_known_left_out)
{
    AUTO(free)
    char *lines = xasprintf("[{\"description\":\"%0100d\",\"quantity\":0,\"value\":null,"
                            "\"tariff_number\":\"%050d\"}]",
                            0, 0);
    json_auto_t *body = body_with(lines);
    json_t *content = value_at(body, "items/0/contents/0");

    assert_int_equal(strlen(member_text(content, "description")), 70);
    assert_int_equal(strlen(member_text(content, "tariffNumber")), 35);
    check_value(content, "quantity", "1");
    check_value(content, "value", "");
    check_value(content, "countryOfOrigin", "");

    json_auto_t *empty = body_with("[]");

    check_value(empty, "items/0/contents", "");
}
