#include "worker/api/boekuwzending/list.h"

#include <stdlib.h>

#include "worker/api/boekuwzending/request.h"
#include "worker/api/text/lenient.h"

/* The elements as a new array, or NULL when it is no list. */
static json_t *elements_of(json_t *answer)
{
    json_t *members = json_object_get(answer, "hydra:member");
    json_t *value = members != NULL ? members : answer;
    json_auto_t *wrapped = json_pack("{s:O}", "list", value);

    return json_is_array(value) && json_array_size(value) == 0 ? json_array()
                                                               : lenient_list(wrapped, "list");
}

bool boekuwzending_list_read(const char *body, size_t length, json_t **ret_list, struct error *err)
{
    json_auto_t *answer = lenient_parse(body, length, NULL, err);
    json_auto_t *list = answer != NULL ? elements_of(answer) : NULL;

    if (answer == NULL) {
        return false;
    }
    if (list == NULL) {
        return error_set(err, ERROR_DATA, "the answer is not a list");
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        AUTO(free) char *id = boekuwzending_id_of(json_array_get(list, i));

        if (id == NULL) {
            return error_set(err, ERROR_DATA, "element %zu of the list has no id", i + 1);
        }
    }
    *ret_list = steal_ptr(&list);

    return true;
}
