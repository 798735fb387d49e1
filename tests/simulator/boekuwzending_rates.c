/*
 * The Boekuwzending API: services and prices for a shipment, by its weight, its size and where it
 * goes. The prices are invented.
 */
#include <math.h>
#include <string.h>

#include "common/memory.h"
#include "tests/simulator/boekuwzending.h"
#include "tests/simulator/json_text.h"

enum reach { REACH_HOME, REACH_EUROPE, REACH_WORLD };

static const struct service {
    const char *key, *name, *carrier;
    enum reach reach;
    bool takes_pallets;
    bool is_pickup;
    double max_kg, max_length, max_width, max_height; /* of a parcel, in kg and cm */
    double price, price_per_kg;                       /* of a parcel, and for what it weighs */
} services[] = {
    {"dpd_classic_voorbeeld", "DPD classic (voorbeeld)", "dpd", REACH_EUROPE, false, false, 31.5,
     175, 80, 60, 5.75, 0.20},
    {"postnl_standaard_voorbeeld", "PostNL standaard (voorbeeld)", "postnl", REACH_EUROPE, false,
     false, 30, 175, 78, 58, 6.25, 0.10},
    {"postnl_brievenbus_voorbeeld", "PostNL brievenbus (voorbeeld)", "postnl", REACH_HOME, false,
     false, 2, 38, 27, 3, 4.10, 0},
    {"dhl_parcelshop_voorbeeld", "DHL naar een pakketpunt (voorbeeld)", "dhl", REACH_HOME, false,
     true, 20, 80, 50, 35, 4.95, 0.05},
    {"ups_expres_voorbeeld", "UPS expres (voorbeeld)", "ups", REACH_WORLD, false, false, 70, 270,
     80, 80, 14.50, 0.90},
    {"palletvervoer_voorbeeld", "Palletvervoer (voorbeeld)", "palletways", REACH_EUROPE, true,
     false, 1000, 120, 120, 220, 62.00, 0.04},
};

/* So much dearer abroad. */
static const double factors[] = {[REACH_HOME] = 1, [REACH_EUROPE] = 1.9, [REACH_WORLD] = 3.4};

static enum reach reach_of(const json_t *request)
{
    static const char *const europe[] = {"AT", "BE", "DE", "DK", "ES", "FI", "FR",
                                         "IE", "IT", "LU", "PL", "PT", "SE"};
    const json_t *address = json_object_get(json_object_get(request, "shipTo"), "address");
    const char *country = member_text(address, "country");

    if (strcmp(country, "NL") == 0) {
        return REACH_HOME;
    }
    for (size_t i = 0; i < ARRAY_LENGTH(europe); i++) {
        if (strcmp(country, europe[i]) == 0) {
            return REACH_EUROPE;
        }
    }
    return REACH_WORLD;
}

static double side_of(const json_t *item, const char *name)
{
    return json_number_value(json_object_get(json_object_get(item, "dimensions"), name));
}

/* The weight of an item is taken for that of all its parcels. */
static bool item_fits(const struct service *service, const json_t *item)
{
    double quantity = json_number_value(json_object_get(item, "quantity"));
    double weight = json_number_value(json_object_get(item, "weight"));
    bool is_pallet = strncmp(member_text(item, "type"), "pallet", 6) == 0;

    return is_pallet == service->takes_pallets && weight / quantity <= service->max_kg &&
           side_of(item, "length") <= service->max_length &&
           side_of(item, "width") <= service->max_width &&
           side_of(item, "height") <= service->max_height;
}

/* What a service costs, in euros; NAN when it does not take the shipment. */
static double price_of(const struct service *service, const json_t *request)
{
    const json_t *items = json_object_get(request, "items");
    enum reach reach = reach_of(request);
    double price = reach <= service->reach ? 0 : (double)NAN;

    for (size_t i = 0; i < json_array_size(items); i++) {
        const json_t *item = json_array_get(items, i);

        price +=
            item_fits(service, item)
                ? service->price * json_number_value(json_object_get(item, "quantity")) +
                      service->price_per_kg * json_number_value(json_object_get(item, "weight"))
                : (double)NAN;
    }
    return round(price * factors[reach] * 100) / 100;
}

void boekuwzending_rates(struct call *call)
{
    struct buffer *text = &call->answer.body;
    size_t count = 0;

    if (!boekuwzending_has_object(call) || !boekuwzending_shipment_is_valid(call)) {
        return;
    }
    put_text(text, "[");
    for (size_t i = 0; i < ARRAY_LENGTH(services); i++) {
        double price = price_of(&services[i], call->json);

        if (!isnan(price)) {
            put(text,
                "%s{\"service\":{\"code\":\"%s\",\"description\":\"%s\"},\"price\":%.2f,"
                "\"tax\":%.2f}",
                count++ > 0 ? "," : "", services[i].key, services[i].name, price,
                reach_of(call->json) == REACH_WORLD ? 0 : price * 0.21);
        }
    }
    put_text(text, "]");
}

/* The tightest limits of the services that fit hold for all. */
static void put_limits(struct buffer *text, const json_t *request)
{
    double kg = INFINITY, length = INFINITY, width = INFINITY, height = INFINITY;

    for (size_t i = 0; i < ARRAY_LENGTH(services); i++) {
        if (!isnan(price_of(&services[i], request))) {
            kg = fmin(kg, services[i].max_kg);
            length = fmin(length, services[i].max_length);
            width = fmin(width, services[i].max_width);
            height = fmin(height, services[i].max_height);
        }
    }
    put(text,
        "{\"id\":\"e0000000-0000-4000-8000-000000000001\",\"name\":\"Zending\",\"maxWeight\":%g,"
        "\"maxDimensions\":{\"length\":%g,\"width\":%g,\"height\":%g},\"rates\":[",
        kg, length, width, height);
}

void boekuwzending_matrix(struct call *call)
{
    struct buffer *text = &call->answer.body;
    size_t count = 0;

    if (!boekuwzending_has_object(call) || !boekuwzending_shipment_is_valid(call)) {
        return;
    }
    for (size_t i = 0; i < ARRAY_LENGTH(services); i++) {
        double price = price_of(&services[i], call->json);

        if (isnan(price)) {
            continue;
        }
        if (count == 0) {
            put_limits(text, call->json);
        }
        put(text,
            "%s{\"id\":\"e0000000-0000-4000-8000-0000000001%02zu\",\"price\":%.2f,\"service\":"
            "{\"id\":\"e0000000-0000-4000-8000-0000000002%02zu\",\"key\":\"%s\",\"name\":\"%s\","
            "\"pickupPoint\":%s,\"distributorIdentifier\":\"%s\"}}",
            count++ > 0 ? "," : "", i, price, i, services[i].key, services[i].name,
            services[i].is_pickup ? "true" : "false", services[i].carrier);
    }
    put_text(text, count > 0 ? "]}" : "null");
}
