#include "tests/simulator/fields.h"

#include <stdint.h>
#include <string.h>

static bool read_text(const json_t *value, void *target)
{
    if (!json_is_string(value)) {
        return false;
    }
    *(const char **)target = json_string_value(value);
    return true;
}

static bool read_integer(const json_t *value, void *target)
{
    if (!json_is_integer(value) || json_integer_value(value) < 0) {
        return false;
    }
    *(int64_t *)target = json_integer_value(value);
    return true;
}

static bool read_number(const json_t *value, void *target)
{
    if (!json_is_number(value) || json_number_value(value) < 0) {
        return false;
    }
    *(double *)target = json_number_value(value);
    return true;
}

static bool read_boolean(const json_t *value, void *target)
{
    if (!json_is_boolean(value)) {
        return false;
    }
    *(int *)target = json_is_true(value);
    return true;
}

static bool read_json(const json_t *value, void *target)
{
    *(const json_t **)target = value;
    return true;
}

static const struct {
    bool (*read)(const json_t *value, void *target);
    const char *meaning;
} types[] = {
    [FIELD_TEXT] = {read_text, "a text"},
    [FIELD_INTEGER] = {read_integer, "a whole number, not negative"},
    [FIELD_NUMBER] = {read_number, "a number, not negative"},
    [FIELD_BOOLEAN] = {read_boolean, "true or false"},
    [FIELD_JSON] = {read_json, "a value"},
};

static const struct field *field_find(const struct field *fields, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(fields[i].name, name) == 0) {
            return &fields[i];
        }
    }
    return NULL;
}

bool fields_read(json_t *json, const struct field *fields, size_t count, struct error *err)
{
    if (!json_is_object(json)) {
        return error_set(err, ERROR_DATA, "cannot read the body: a JSON object is needed");
    }
    for (void *at = json_object_iter(json); at != NULL; at = json_object_iter_next(json, at)) {
        const char *name = json_object_iter_key(at);
        const struct field *field = field_find(fields, count, name);

        if (field == NULL) {
            return error_set(err, ERROR_DATA, "cannot read '%.60s': unknown member", name);
        }
        if (!types[field->type].read(json_object_iter_value(at), field->target)) {
            return error_set(err, ERROR_DATA, "cannot read '%s': it must be %s", name,
                             types[field->type].meaning);
        }
    }
    return true;
}
