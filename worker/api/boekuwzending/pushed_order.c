#include "worker/api/boekuwzending/pushed_order.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/memory.h"
#include "worker/api/boekuwzending/request.h"
#include "worker/api/text/lenient.h"

/* Longest path of a shipment: an id and what stands before it. */
#define PATH_LENGTH 200

/* What stands behind the last slash of a path, when that is an id; NULL otherwise. To be freed. */
static char *id_of_path(json_t *path)
{
    AUTO(free) char *text = lenient_value_text(path, PATH_LENGTH);
    const char *slash = text != NULL ? strrchr(text, '/') : NULL;
    const char *id = slash != NULL ? slash + 1 : text;

    return id != NULL && boekuwzending_is_id(id) ? xstrdup(id) : NULL;
}

/* Of a path, or of an object that has an id or tells its path. To be freed. */
static char *shipment_id_of(json_t *shipment)
{
    if (!json_is_object(shipment)) {
        return json_is_string(shipment) ? id_of_path(shipment) : NULL;
    }

    char *id = boekuwzending_id_of(shipment);
    json_t *path = json_object_get(shipment, "@id");

    return id == NULL && json_is_string(path) ? id_of_path(path) : id;
}

void pushed_order_add_shipment(json_t *shipments, const char *id)
{
    for (size_t i = 0; i < json_array_size(shipments); i++) {
        if (strcasecmp(json_string_value(json_array_get(shipments, i)), id) == 0) {
            return;
        }
    }
    json_array_append_new(shipments, json_string(id));
}

/* The ids as a new array; NULL when they are not understood. */
static json_t *read_shipments(json_t *order, struct error *err)
{
    json_t *value = json_object_get(order, "shipments");
    json_auto_t *list = lenient_list(order, "shipments");
    json_auto_t *ids = json_array();

    if (value != NULL && !json_is_null(value) && !json_is_array(value) && !json_is_object(value)) {
        (void)!error_set(err, ERROR_DATA, "the shipments of the order are no list");
        return NULL;
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        AUTO(free) char *id = shipment_id_of(json_array_get(list, i));

        if (id == NULL) {
            (void)!error_set(err, ERROR_DATA, "shipment %zu of the order has no id", i + 1);
            return NULL;
        }
        pushed_order_add_shipment(ids, id);
    }
    return steal_ptr(&ids);
}

bool pushed_order_read(const char *body, size_t length, struct pushed_order *ret_order,
                       struct error *err)
{
    json_auto_t *json = lenient_parse(body, length, NULL, err);
    AUTO(free) char *id = boekuwzending_id_of(json);

    *ret_order = (struct pushed_order){.id = NULL};
    if (json == NULL) {
        return false;
    }
    if (id == NULL) {
        return error_set(err, ERROR_DATA, "the answer is no order with an id");
    }

    json_t *shipments = read_shipments(json, err);

    if (shipments == NULL) {
        return false;
    }
    *ret_order = (struct pushed_order){
        .id = steal_ptr(&id),
        .shipments = shipments,
        .is_archived = lenient_true(json, "archived"),
    };
    return true;
}

void pushed_order_release(struct pushed_order *order)
{
    free(order->id);
    json_decref(order->shipments);
    *order = (struct pushed_order){.id = NULL};
}
