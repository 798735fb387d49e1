#include "tests/unit/booking_helpers.h"

#include "worker/api/boekuwzending/rates.h"

typedef bool reader(const char *body, size_t length, json_t **ret_services, struct error *err);

/* What an answer offers; to be freed by the caller. Fails when it cannot be read. */
static json_t *read_with(reader *read, const char *body)
{
    json_t *services = NULL;
    struct error err = ERROR_INIT;

    if (!read(body, strlen(body), &services, &err)) {
        fail_msg("'%s': %s", body, err.text);
    }
    assert_true(json_is_array(services));
    return services;
}

TEST(a_rate_becomes_an_offer)
{
    json_auto_t *services = read_with(
        boekuwzending_rates_read, "[{\"service\":{\"code\":\" dpd_1 \",\"description\":\"DPD\"},"
                                  "\"price\":5.95,\"tax\":\"1.25\"}]");

    assert_int_equal(json_array_size(services), 1);
    check_value(services, "0",
                "{\"service\":\"dpd_1\",\"description\":\"DPD\",\"carrier\":null,\"price\":5.95,"
                "\"tax\":1.25,\"max_weight_kg\":null,\"max_length_cm\":null,\"max_width_cm\":null,"
                "\"max_height_cm\":null}");
}

TEST(a_matrix_becomes_offers_with_limits)
{
    json_auto_t *services = read_with(
        boekuwzending_matrix_read,
        "{\"id\":\"m\",\"name\":\"Pakket\",\"maxWeight\":\"31.5\",\"maxDimensions\":{\"length\":"
        "175,"
        "\"width\":80,\"height\":\"60\"},\"rates\":[{\"id\":\"r\",\"price\":\"5.95\",\"service\":"
        "{\"id\":\"s\",\"key\":\"dpd_1\",\"name\":\"DPD\",\"pickupPoint\":false,"
        "\"distributorIdentifier\":\"dpd\"}},{\"price\":4,\"service\":{\"key\":\"p\","
        "\"pickupPoint\":true}}]}");

    assert_int_equal(json_array_size(services), 2);
    check_value(services, "0",
                "{\"service\":\"dpd_1\",\"description\":\"DPD\",\"carrier\":\"dpd\",\"price\":5.95,"
                "\"tax\":null,\"max_weight_kg\":31.5,\"max_length_cm\":175.0,\"max_width_cm\":80.0,"
                "\"max_height_cm\":60.0,\"pickup_point\":false}");
    check_value(services, "1/pickup_point", "true");
    check_value(services, "1/description", "null");
}

TEST(lists_come_in_many_forms)
{
#define RATE   "{\"service\":{\"code\":\"a\"},\"price\":1}"
#define MATRIX "{\"rates\":[{\"service\":{\"key\":\"a\"}}]}"
    static const struct {
        reader *read;
        const char *body;
        size_t count;
    } rows[] = {
        {boekuwzending_rates_read, "[" RATE "," RATE "]", 2},
        {boekuwzending_rates_read, "{\"0\":" RATE ",\"2\":" RATE "}", 2},
        {boekuwzending_rates_read, "{\"hydra:member\":[" RATE "]}", 1},
        {boekuwzending_rates_read, RATE, 1},
        {boekuwzending_rates_read, "[null,7,{}," RATE "]", 1},
        {boekuwzending_rates_read, "[]", 0},
        {boekuwzending_rates_read, "{}", 0},
        {boekuwzending_rates_read, "null", 0},
        {boekuwzending_rates_read, "", 0},
        {boekuwzending_rates_read, " \n", 0},
        {boekuwzending_rates_read, "{\"hydra:member\":[]}", 0},
        {boekuwzending_matrix_read, MATRIX, 1},
        {boekuwzending_matrix_read, "[" MATRIX "," MATRIX "]", 2},
        {boekuwzending_matrix_read, "{\"rates\":{\"service\":{\"key\":\"a\"}}}", 1},
        {boekuwzending_matrix_read, "{\"rates\":[]}", 0},
        {boekuwzending_matrix_read, "{\"rates\":null}", 0},
        {boekuwzending_matrix_read, "{\"rates\":[{\"service\":null}]}", 0},
        {boekuwzending_matrix_read, "null", 0},
        {boekuwzending_matrix_read, "[]", 0},
        {boekuwzending_matrix_read, "", 0},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        json_auto_t *services = read_with(rows[i].read, rows[i].body);

        ROW_CHECK(rows[i].body, json_array_size(services) == rows[i].count);
    }
}

TEST(what_offers_nothing_is_no_answer)
{
    static const struct {
        reader *read;
        const char *body;
    } rows[] = {
        {boekuwzending_rates_read, "<html>"},
        {boekuwzending_rates_read, "7"},
        {boekuwzending_rates_read, "\"Fenna\""},
        {boekuwzending_rates_read, "[{\"price\":5}]"},
        {boekuwzending_rates_read, "[{\"service\":\"a\",\"price\":5}]"},
        /* A shipment, as their document says [BKZ-702]. */
        {boekuwzending_rates_read, "{\"id\":\"a\",\"status\":\"new\",\"service\":null}"},
        {boekuwzending_matrix_read, "{\"id\":\"a\",\"status\":\"new\",\"labels\":[]}"},
        {boekuwzending_matrix_read, "[{\"service\":{\"code\":\"a\"},\"price\":1}]"},
        {boekuwzending_matrix_read, "{\"rates\":"},
        {boekuwzending_matrix_read, "true"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        json_t *services = NULL;
        struct error err = ERROR_INIT;

        ROW_CHECK(rows[i].body, !rows[i].read(rows[i].body, strlen(rows[i].body), &services, &err));
        ROW_CHECK(rows[i].body, services == NULL && err.code == ERROR_DATA);
        ROW_CHECK(rows[i].body, err.text[0] != '\0' && strstr(err.text, "Fenna") == NULL);
    }
}

TEST(what_makes_no_sense_is_not_told)
{
    static const struct {
        const char *rate; /* within a matrix with these limits */
        const char *path;
        const char *value;
    } rows[] = {
        {"\"price\":-1", "0/price", "null"},
        {"\"price\":1e12", "0/price", "null"},
        {"\"price\":{\"amount\":\"495\",\"currency\":\"EUR\"}", "0/price", "null"},
        {"\"price\":\"gratis\"", "0/price", "null"},
        {"\"price\":0", "0/price", "0.0"},
        {"\"price\":\"6,25\"", "0/price", "6.25"},
        {"\"tax\":null", "0/tax", "null"},
        {"\"x\":1", "0/max_weight_kg", "null"},
        {"\"x\":1", "0/max_length_cm", "null"},
        {"\"x\":1", "0/max_width_cm", "12.5"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        AUTO(free)
        char *body = xasprintf("{\"maxWeight\":0,\"maxDimensions\":{\"length\":\"long\",\"width\":"
                               "12.5},\"rates\":[{%s,\"service\":{\"key\":\"a\"}}]}",
                               rows[i].rate);
        json_auto_t *services = read_with(boekuwzending_matrix_read, body);

        check_value(services, rows[i].path, rows[i].value);
    }
}

TEST(a_key_is_whole_or_no_key)
{
    AUTO(free)
    char *longest =
        xasprintf("[{\"service\":{\"code\":\"%0*d\"}}]", BOEKUWZENDING_SERVICE_LENGTH, 0);
    AUTO(free)
    char *longer =
        xasprintf("[{\"service\":{\"code\":\"%0*d\",\"key\":\"b\"}},{\"service\":{\"code\":"
                  "\"%0*d\"}}]",
                  BOEKUWZENDING_SERVICE_LENGTH + 1, 0, BOEKUWZENDING_SERVICE_LENGTH + 1, 0);
    json_auto_t *kept = read_with(boekuwzending_rates_read, longest);
    json_auto_t *other = read_with(boekuwzending_rates_read, longer);

    assert_int_equal(json_string_length(value_at(kept, "0/service")), BOEKUWZENDING_SERVICE_LENGTH);
    assert_int_equal(json_array_size(other), 1);
    check_value(other, "0/service", "\"b\"");
}

TEST(endless_services_are_bounded)
{
    json_auto_t *list = json_array();

    for (size_t i = 0; i < BOEKUWZENDING_SERVICES + 5; i++) {
        json_array_append_new(list, json_pack("{s:{s:s}}", "service", "code", "a"));
    }

    AUTO(free) char *body = json_dumps(list, 0);
    json_auto_t *services = read_with(boekuwzending_rates_read, body);

    assert_int_equal(json_array_size(services), BOEKUWZENDING_SERVICES);
}
