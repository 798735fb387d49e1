#include "worker/api/shop/order_warning.h"

void order_warn(json_t *fields, const char *code)
{
    if (!json_is_array(json_object_get(fields, "warnings"))) {
        json_object_set_new(fields, "warnings", json_array());
    }
    json_array_append_new(json_object_get(fields, "warnings"), json_string(code));
}
