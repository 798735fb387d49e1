#include "worker/api/boekuwzending/contents.h"

#include <stdint.h>
#include <stdlib.h>

#include "common/memory.h"
#include "worker/api/shop/order_lines.h"
#include "worker/api/text/lenient.h"

/* Lengths that they allow, in characters [BKZ-514]. */
#define DESCRIPTION_LENGTH 70
#define TARIFF_LENGTH      35
#define COUNTRY_LENGTH     2

/* The least that a piece weighs, in kg: three decimals are sent. */
#define LEAST_WEIGHT 0.001

static int32_t quantity_of(json_t *line)
{
    int32_t quantity = 0;

    return lenient_integer(line, "quantity", &quantity) && quantity > 0 ? quantity : 1;
}

/* What a piece weighs that nobody weighed. */
static double share_of_rest(json_t *wish, json_t *lines)
{
    double rest = 0;
    double pieces = 0;

    if (!lenient_number(wish, "weight_kg", &rest)) {
        return LEAST_WEIGHT;
    }
    for (size_t i = 0; i < json_array_size(lines); i++) {
        json_t *line = json_array_get(lines, i);
        double weight = 0;

        if (lenient_number(line, "weight_kg", &weight) && weight > 0) {
            rest -= weight * quantity_of(line);
        } else {
            pieces += quantity_of(line);
        }
    }
    return pieces > 0 && rest > 0 ? rest / pieces : LEAST_WEIGHT;
}

/* As a text, which is what the field is typed as. */
static json_t *weight_text(json_t *line, double share)
{
    double weight = 0;

    if (!lenient_number(line, "weight_kg", &weight) || weight <= 0) {
        weight = share;
    }
    weight = order_lines_kilograms(weight);

    AUTO(free) char *text = xasprintf("%.3f", weight > LEAST_WEIGHT ? weight : LEAST_WEIGHT);

    return json_string(text);
}

/* Sets `name` only if the line has the text. */
static void set_if_given(json_t *content, const char *name, json_t *line, const char *key,
                         size_t most)
{
    AUTO(free) char *text = lenient_text(line, key, most);

    if (text != NULL) {
        json_object_set_new(content, name, json_string(text));
    }
}

static json_t *content_of(json_t *line, double share)
{
    AUTO(free) char *description = lenient_text(line, "description", DESCRIPTION_LENGTH);
    double value = 0;
    json_t *content =
        json_pack("{s:s, s:i, s:o}", "description", description != NULL ? description : "",
                  "quantity", (int)quantity_of(line), "weight", weight_text(line, share));

    if (lenient_number(line, "value", &value) && value >= 0) {
        json_object_set_new(content, "value", json_real(value));
    }
    set_if_given(content, "tariffNumber", line, "tariff_number", TARIFF_LENGTH);
    set_if_given(content, "countryOfOrigin", line, "country_of_origin", COUNTRY_LENGTH);
    return content;
}

json_t *boekuwzending_contents(json_t *wish)
{
    json_t *lines = json_object_get(wish, "contents");
    double share = share_of_rest(wish, lines);

    if (json_array_size(lines) == 0) {
        return NULL;
    }

    json_t *contents = json_array();

    for (size_t i = 0; i < json_array_size(lines); i++) {
        json_array_append_new(contents, content_of(json_array_get(lines, i), share));
    }
    return contents;
}
