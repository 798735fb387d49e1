/* Orders with an address, for the tests of ship_to.h. */
#ifndef TESTS_UNIT_SHIP_TO_HELPERS_H
#define TESTS_UNIT_SHIP_TO_HELPERS_H

#include "tests/unit/kind_helpers.h"
#include "worker/api/shop/ship_to.h"

/* The members of a whole address. */
#define FULL                                                                                       \
    "\"name\":\"Fenna\",\"street\":\"Laan\",\"number\":\"1\",\"zipcode\":\"3511ZZ\",\"city\":"     \
    "\"Utrecht\""

/* An order from the text of its debtor's address and what else it has. */
static inline json_t *order_of(const char *addresses, const char *more)
{
    AUTO(free)
    char *text = xasprintf("{\"debtor\":{\"email\":\"f@example.org\",\"phone\":\"\","
                           "\"address\":%s}%s}",
                           addresses, more);
    json_t *order = json_loads(text, 0, NULL);

    if (order == NULL) {
        fail_msg("no JSON: %s", text);
    }
    return order;
}

/* "a, b": the codes of the warnings, as the database has them. */
static inline char *joined_warnings(json_t *fields)
{
    json_t *warnings = json_object_get(fields, "warnings");
    char *text = xstrdup("");

    for (size_t i = 0; i < json_array_size(warnings); i++) {
        AUTO(free) char *before = text;

        text = xasprintf("%s%s%s", before, i > 0 ? ", " : "",
                         json_string_value(json_array_get(warnings, i)));
    }
    assert_true(warnings == NULL || text[0] != '\0');
    return text;
}

#endif
