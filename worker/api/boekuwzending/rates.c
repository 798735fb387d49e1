#include "worker/api/boekuwzending/rates.h"

#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "worker/api/boekuwzending/list.h"
#include "worker/api/text/lenient.h"

#define DESCRIPTION_LENGTH 200
#define CARRIER_LENGTH     60

/* Beyond this a price is no price and a limit no limit; in euros, kg and cm. */
#define MOST_PRICE 1e9
#define MOST_LIMIT 1e6

/* A service key, whole or not at all: one that was cut orders something else. */
static char *read_key(json_t *service)
{
    static const char *const names[] = {"code", "key"};

    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        char *key = lenient_text(service, names[i], BOEKUWZENDING_SERVICE_LENGTH + 1);

        if (key != NULL && strlen(key) <= BOEKUWZENDING_SERVICE_LENGTH) {
            return key;
        }
        free(key);
    }
    return NULL;
}

static json_t *text_or_null(json_t *service, const char *const names[2], size_t most)
{
    AUTO(free) char *text = lenient_text(service, names[0], most);
    AUTO(free) char *other = text == NULL ? lenient_text(service, names[1], most) : NULL;

    return text != NULL ? json_string(text) : other != NULL ? json_string(other) : json_null();
}

static json_t *price_or_null(json_t *rate, const char *key)
{
    double price = 0;

    return lenient_number(rate, key, &price) && price >= 0 && price < MOST_PRICE ? json_real(price)
                                                                                 : json_null();
}

/* Less than is kept of it is nothing. */
static json_t *limit_or_null(json_t *limits, const char *key, double least)
{
    double limit = 0;

    return lenient_number(limits, key, &limit) && limit >= least && limit < MOST_LIMIT
               ? json_real(limit)
               : json_null();
}

/* Adds what a rate offers, with the limits of the matrix that it stands in (or NULL). */
static void add_rate(json_t *services, json_t *rate, json_t *matrix)
{
    static const char *const descriptions[] = {"description", "name"};
    static const char *const carriers[] = {"distributorIdentifier", "distributor"};
    json_t *service = lenient_object(rate, "service");
    json_t *sides = lenient_object(matrix, "maxDimensions");
    AUTO(free) char *key = read_key(service);

    if (key == NULL || json_array_size(services) == BOEKUWZENDING_SERVICES) {
        return;
    }

    json_t *offer = json_pack(
        "{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "service", key, "description",
        text_or_null(service, descriptions, DESCRIPTION_LENGTH), "carrier",
        text_or_null(service, carriers, CARRIER_LENGTH), "price", price_or_null(rate, "price"),
        "tax", price_or_null(rate, "tax"), "max_weight_kg",
        limit_or_null(matrix, "maxWeight", 0.001), "max_length_cm",
        limit_or_null(sides, "length", 0.1), "max_width_cm", limit_or_null(sides, "width", 0.1),
        "max_height_cm", limit_or_null(sides, "height", 0.1));

    if (lenient_is_set(service, "pickupPoint") ||
        json_is_false(json_object_get(service, "pickupPoint"))) {
        json_object_set_new(offer, "pickup_point",
                            json_boolean(lenient_true(service, "pickupPoint")));
    }
    json_array_append_new(services, offer);
}

static void add_rates(json_t *services, json_t *list, json_t *matrix)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        add_rate(services, json_array_get(list, i), matrix);
    }
}

static void add_matrix(json_t *services, json_t *matrix)
{
    json_auto_t *rates = lenient_list(matrix, "rates");

    add_rates(services, rates, matrix);
}

static bool is_blank(const char *body, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (strchr(" \t\r\n", body[i]) == NULL) {
            return false;
        }
    }
    return true;
}

/* The elements of the list that was answered, perhaps none. */
static bool read_elements(const char *body, size_t length, json_t **ret_elements, struct error *err)
{
    json_auto_t *answer =
        is_blank(body, length) ? json_null() : lenient_parse(body, length, NULL, err);
    bool is_nothing =
        json_is_null(answer) || (json_is_object(answer) && json_object_size(answer) == 0);

    if (answer == NULL) {
        return false;
    }
    *ret_elements = is_nothing ? json_array() : boekuwzending_list_elements(answer);
    return *ret_elements != NULL || error_set(err, ERROR_DATA, "the answer is not a list");
}

bool boekuwzending_rates_read(const char *body, size_t length, json_t **ret_services,
                              struct error *err)
{
    json_auto_t *elements = NULL;
    json_auto_t *services = json_array();

    if (!read_elements(body, length, &elements, err)) {
        return false;
    }
    add_rates(services, elements, NULL);
    if (json_array_size(services) == 0 && json_array_size(elements) > 0) {
        return error_set(err, ERROR_DATA, "no element of the list has a service");
    }
    *ret_services = steal_ptr(&services);

    return true;
}

bool boekuwzending_matrix_read(const char *body, size_t length, json_t **ret_services,
                               struct error *err)
{
    json_auto_t *elements = NULL;
    json_auto_t *services = json_array();

    if (!read_elements(body, length, &elements, err)) {
        return false;
    }
    for (size_t i = 0; i < json_array_size(elements); i++) {
        json_t *matrix = json_array_get(elements, i);
        size_t before = json_array_size(services);

        add_matrix(services, matrix);
        if (json_array_size(services) == before && json_object_get(matrix, "rates") == NULL) {
            return error_set(err, ERROR_DATA, "element %zu of the answer has no rates", i + 1);
        }
    }
    *ret_services = steal_ptr(&services);

    return true;
}
