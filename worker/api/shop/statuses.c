#include "worker/api/shop/statuses.h"

#include <string.h>
#include <strings.h>

#include "worker/api/text/lenient.h"

#define DESCRIPTION_LENGTH 100

static const char shipped_word[] = "verzonden";

/* A new entry, or NULL when the id cannot be read. */
static json_t *read_entry(json_t *element)
{
    int32_t status = 0;

    if (!lenient_integer(element, "status", &status)) {
        return NULL;
    }

    AUTO(free) char *description = lenient_text(element, "description", DESCRIPTION_LENGTH);

    return json_pack("{s:i, s:s?, s:b}", "status", status, "description", description,
                     "credit_order", lenient_true(element, "credit_order") ? 1 : 0);
}

bool statuses_read(const char *body, size_t length, json_t **ret_statuses, struct error *err)
{
    json_auto_t *answer = lenient_parse(body, length, NULL, err);

    if (answer == NULL) {
        return false;
    }
    if (!json_is_array(answer)) {
        return error_set(err, ERROR_DATA, "not a list of statuses");
    }

    json_t *statuses = json_array();

    for (size_t i = 0; i < json_array_size(answer) && json_array_size(statuses) < STATUSES_COUNT;
         i++) {
        json_t *entry = read_entry(json_array_get(answer, i));

        if (entry != NULL) {
            json_array_append_new(statuses, entry);
        }
    }
    *ret_statuses = statuses;
    return true;
}

json_t *statuses_find(json_t *statuses, int32_t status)
{
    for (size_t i = 0; i < json_array_size(statuses); i++) {
        json_t *entry = json_array_get(statuses, i);

        if (statuses_id(entry) == status) {
            return entry;
        }
    }
    return NULL;
}

json_t *statuses_find_other_shipped(json_t *statuses, int32_t status)
{
    for (size_t i = 0; i < json_array_size(statuses); i++) {
        json_t *entry = json_array_get(statuses, i);

        if (statuses_id(entry) != status && !statuses_is_credit(entry) &&
            strcasecmp(statuses_description(entry), shipped_word) == 0) {
            return entry;
        }
    }
    return NULL;
}

int32_t statuses_id(json_t *entry)
{
    return (int32_t)json_integer_value(json_object_get(entry, "status"));
}

const char *statuses_description(json_t *entry)
{
    const char *description = json_string_value(json_object_get(entry, "description"));

    return description != NULL ? description : "";
}

bool statuses_is_credit(json_t *entry)
{
    return json_is_true(json_object_get(entry, "credit_order"));
}

bool statuses_says_shipped(json_t *entry)
{
    return strcasestr(statuses_description(entry), shipped_word) != NULL;
}
