/* A form as a browser sends it, and the same bytes as JSON. */
#include "panel/server/form.h"
#include "tests/fuzz/fuzz.h"

static void require_text(const json_t *value)
{
    const char *text = json_string_value(value);

    REQUIRE(text != NULL);
    REQUIRE(strlen(text) == json_string_length(value) && strlen(text) <= FORM_VALUE_LIMIT);
    fuzz_require_utf8(text);
}

/* What a function of the database may be handed: texts and lists of texts, by plain names. */
static void require_fields(json_t *fields)
{
    const char *name = NULL;
    json_t *value = NULL;
    size_t count = 0;

    json_object_foreach(fields, name, value)
    {
        REQUIRE(name[0] != '\0' && strlen(name) <= FORM_NAME_LIMIT);
        REQUIRE(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(name));
        if (json_is_array(value)) {
            REQUIRE(json_array_size(value) > 0);
            count += json_array_size(value);
            for (size_t i = 0; i < json_array_size(value); i++) {
                require_text(json_array_get(value, i));
            }
        } else {
            count++;
            require_text(value);
        }
    }
    REQUIRE(count <= FORM_FIELD_LIMIT);
}

static void note(const json_t *fields)
{
    char *text = json_dumps(fields, JSON_COMPACT | JSON_SORT_KEYS);

    if (fuzz_note != NULL && text != NULL) {
        fuzz_note(text, strlen(text));
    }
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *bytes = xstrndup((const char *)data, size);
    struct error err = ERROR_INIT;
    json_t *fields = NULL;

    if (form_parse(bytes, size, &fields, &err)) {
        require_fields(fields);
        note(fields);
        json_decref(fields);
        fields = NULL;
    } else {
        REQUIRE(err.code == ERROR_DATA && fields == NULL);
    }
    if (form_parse_json(bytes, size, &fields, &err)) {
        require_fields(fields);
        note(fields);
        json_decref(fields);
    }
    free(bytes);
    return 0;
}
