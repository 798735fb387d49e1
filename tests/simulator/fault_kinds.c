/*
 * The table of faults. Adding one is a function and a row.
 */
#include <jansson.h>
#include <string.h>

#include "common/memory.h"
#include "tests/simulator/faults.h"
#include "tests/simulator/json_text.h"

static int fault_status(const struct fault *fault, int otherwise)
{
    return fault->settings.status != 0 ? (int)fault->settings.status : otherwise;
}

static void apply_status(const struct fault *fault, enum api api, struct answer *answer)
{
    answer_restart(answer, fault_status(fault, 500));
    if (fault->settings.body != NULL) {
        put_text(&answer->body, fault->settings.body);
    } else {
        answer_problem(answer, api, answer->status, "the simulator was told to answer this");
    }
    if (fault->settings.content_type != NULL) {
        answer->content_type = fault->settings.content_type;
    }
    answer->location = fault->settings.location;
    answer->retry_after = fault->retry_after[0] != '\0' ? fault->retry_after : NULL;
}

static void apply_stall(const struct fault *fault, enum api api, struct answer *answer)
{
    (void)fault, (void)api;
    answer->end = ANSWER_STALL;
}

static void apply_reset(const struct fault *fault, enum api api, struct answer *answer)
{
    (void)fault, (void)api;
    answer->end = ANSWER_RESET;
}

static void apply_close(const struct fault *fault, enum api api, struct answer *answer)
{
    (void)fault, (void)api;
    answer->end = ANSWER_CLOSE;
}

/* Half of the body arrives; Content-Length promises all of it, and `bytes` more. */
static void apply_truncated(const struct fault *fault, enum api api, struct answer *answer)
{
    (void)api;
    size_t kept = answer->body.length / 2;
    answer->missing_bytes = answer->body.length - kept + (uint64_t)fault->settings.bytes + 1;
    answer->body.length = kept;
}

static void apply_malformed(const struct fault *fault, enum api api, struct answer *answer)
{
    (void)fault, (void)api;
    answer->body.length = answer->body.length * 2 / 3;
    put_text(&answer->body, ",,\"oops\": tru}");
}

static void apply_huge(const struct fault *fault, enum api api, struct answer *answer)
{
    (void)api;
    uint64_t bytes =
        fault->settings.bytes > 0 ? (uint64_t)fault->settings.bytes : UINT64_C(100000000);
    answer_restart(answer, fault_status(fault, 200));
    answer->runs[0] = (struct answer_run){"[{\"number\":\"1\",\"uuid\":\"", 1};
    answer->runs[1] = (struct answer_run){"x", bytes};
    answer->runs[2] = (struct answer_run){"\"}]", 1};
}

static void apply_deep(const struct fault *fault, enum api api, struct answer *answer)
{
    (void)api;
    uint64_t levels =
        fault->settings.levels > 0 ? (uint64_t)fault->settings.levels : UINT64_C(100000);
    answer_restart(answer, fault_status(fault, 200));
    answer->runs[0] = (struct answer_run){"[{\"number\":\"1\",\"comments\":", 1};
    answer->runs[1] = (struct answer_run){"[", levels};
    answer->runs[2] = (struct answer_run){"]", levels};
    answer->runs[3] = (struct answer_run){"}]", 1};
}

/* Every number becomes an object around it. */
static json_t *wrap_numbers(json_t *value)
{
    const char *name;
    json_t *member;
    void *next;

    if (json_is_number(value)) {
        return json_pack("{s:O}", "value", value);
    }
    if (json_is_array(value)) {
        size_t index;

        json_array_foreach(value, index, member)
        {
            json_array_set_new(value, index, wrap_numbers(member));
        }
    } else if (json_is_object(value)) {
        json_object_foreach_safe(value, next, name, member)
        {
            json_object_set_new(value, name, wrap_numbers(member));
        }
    }
    return json_incref(value);
}

/* A list becomes an object with "0", "1".. as PHP does it, unless the variant is "items". */
static void apply_wrong_types(const struct fault *fault, enum api api, struct answer *answer)
{
    (void)api;
    const char *variant = fault->settings.variant;
    AUTO(json)
    json_t *json = json_loadb(answer->body.bytes != NULL ? answer->body.bytes : "",
                              answer->body.length, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    if (json == NULL) {
        return;
    }
    AUTO(json) json_t *wrapped = wrap_numbers(json);
    buffer_clear(&answer->body);
    if (!json_is_array(wrapped) || (variant != NULL && strcmp(variant, "items") == 0)) {
        put_json(&answer->body, wrapped);
        return;
    }
    AUTO(json) json_t *object = json_object();
    for (size_t i = 0; i < json_array_size(wrapped); i++) {
        AUTO(free) char *name = xasprintf("%zu", i);

        json_object_set(object, name, json_array_get(wrapped, i));
    }
    put_json(&answer->body, object);
}

static void apply_empty(const struct fault *fault, enum api api, struct answer *answer)
{
    (void)api;
    answer_restart(answer, fault_status(fault, 200));
}

static void apply_html(const struct fault *fault, enum api api, struct answer *answer)
{
    (void)api;
    answer_restart(answer, fault_status(fault, 503));
    answer->content_type = "text/html; charset=utf-8";
    answer->retry_after = fault->retry_after[0] != '\0' ? fault->retry_after : NULL;
    put_text(
        &answer->body,
        fault->settings.body != NULL
            ? fault->settings.body
            : "<!DOCTYPE html>\n<html lang=\"nl\"><head><title>Onderhoud</title></head>\n"
              "<body><h1>Even geduld</h1><p>Er wordt aan de winkel gewerkt.</p></body></html>\n");
}

static void apply_slow_drip(const struct fault *fault, enum api api, struct answer *answer)
{
    (void)api;
    answer->bytes_per_second =
        fault->settings.bytes_per_second > 0 ? fault->settings.bytes_per_second : 10;
}

/* Puts bytes at the start of the first name in the body, or of its first text. */
static void insert_into_name(struct answer *answer, const char *bytes)
{
    static const char *const openings[] = {"\"name\":\"", ":\""};
    const char *at = NULL;

    for (size_t i = 0; i < ARRAY_LENGTH(openings) && at == NULL && answer->body.length > 0; i++) {
        at = strstr(answer->body.bytes, openings[i]);
        if (at != NULL) {
            at += strlen(openings[i]);
        }
    }
    if (at == NULL) {
        return;
    }
    struct buffer changed = TEXT_INIT;
    put_bytes(&changed, answer->body.bytes, (size_t)(at - answer->body.bytes));
    put_text(&changed, bytes);
    put_text(&changed, at);
    buffer_release(&answer->body);
    answer->body = changed;
}

static void apply_invalid_utf8(const struct fault *fault, enum api api, struct answer *answer)
{
    (void)fault, (void)api;
    insert_into_name(answer, "\xc3\x28\xff\xed\xa0\x80");
}

static void apply_nul_byte(const struct fault *fault, enum api api, struct answer *answer)
{
    (void)fault, (void)api;
    insert_into_name(answer, "nul\\u0000byte");
}

/* The shipment is made in any case; the variant says what the client hears of it, and when. */
static void apply_late_booking(const struct fault *fault, enum api api, struct answer *answer)
{
    static const struct {
        const char *variant;
        void (*apply)(const struct fault *fault, enum api api, struct answer *answer);
    } variants[] = {{"reset", apply_reset},
                    {"close", apply_close},
                    {"stall", apply_stall},
                    {"status", apply_status}};

    for (size_t i = 0; i < ARRAY_LENGTH(variants) && fault->settings.variant != NULL; i++) {
        if (strcmp(variants[i].variant, fault->settings.variant) == 0) {
            variants[i].apply(fault, api, answer);
        }
    }
}

const struct fault_kind *fault_kind_find(const char *name)
{
    static const struct fault_kind kinds[] = {
        {"status", FAULT_REPLACES, apply_status},
        {"latency", FAULT_BENDS, NULL}, /* `ms` delays the answer of any fault */
        {"stall", FAULT_REPLACES, apply_stall},
        {"reset", FAULT_REPLACES, apply_reset},
        {"close", FAULT_REPLACES, apply_close},
        {"truncated", FAULT_BENDS, apply_truncated},
        {"malformed", FAULT_BENDS, apply_malformed},
        {"huge", FAULT_REPLACES, apply_huge},
        {"deep", FAULT_REPLACES, apply_deep},
        {"wrong_types", FAULT_BENDS, apply_wrong_types},
        {"empty", FAULT_REPLACES, apply_empty},
        {"html", FAULT_REPLACES, apply_html},
        {"slow_drip", FAULT_BENDS, apply_slow_drip},
        {"invalid_utf8", FAULT_BENDS, apply_invalid_utf8},
        {"nul_byte", FAULT_BENDS, apply_nul_byte},
        {"encoded", FAULT_BENDS, apply_encoded},
        {"late_labels", FAULT_LABELS, NULL},
        {"late_booking", FAULT_BOOKING, apply_late_booking},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++) {
        if (strcmp(kinds[i].name, name) == 0) {
            return &kinds[i];
        }
    }
    return NULL;
}
