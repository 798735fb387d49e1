/*
 * Reads the members of a JSON object into variables, as a table says, and refuses what it does not
 * know: a misspelt member of a control request must not pass unnoticed.
 */
#ifndef SIMULATOR_FIELDS_H
#define SIMULATOR_FIELDS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/cleanup.h"
#include "common/error.h"

enum field_type {
    FIELD_TEXT,    /* const char *: points into the JSON */
    FIELD_INTEGER, /* int64_t, not negative */
    FIELD_NUMBER,  /* double, not negative */
    FIELD_BOOLEAN, /* int: 0 or 1 */
    FIELD_JSON,    /* const json_t *: any value, points into the JSON */
};

struct field {
    const char *name;
    enum field_type type;
    void *target; /* left alone when the member is absent */
};

/* ERROR_DATA when `json` is not an object, has another member, or one of the wrong type; the
 * targets of the members before it have been set by then. */
bool fields_read(json_t *json, const struct field *fields, size_t count,
                 struct error *err) MUSTCHECK;

#endif
