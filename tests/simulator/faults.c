#include "tests/simulator/faults.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "tests/simulator/fields.h"
#include "tests/simulator/json_text.h"

DEFINE_CLEANUP(fault, struct fault *, fault_release);

void fault_release(struct fault *fault)
{
    if (fault == NULL || atomic_fetch_sub(&fault->references, 1) > 1) {
        return;
    }
    json_decref(fault->json);
    free(fault);
}

static bool fault_read(json_t *json, struct fault_settings *settings, struct error *err)
{
    const struct field fields[] = {
        {"scope", FIELD_TEXT, &settings->scope},
        {"fault", FIELD_TEXT, &settings->fault},
        {"times", FIELD_INTEGER, &settings->times},
        {"method", FIELD_TEXT, &settings->method},
        {"path_contains", FIELD_TEXT, &settings->path_contains},
        {"probability", FIELD_NUMBER, &settings->probability},
        {"after_effect", FIELD_BOOLEAN, &settings->after_effect},
        {"status", FIELD_INTEGER, &settings->status},
        {"retry_after", FIELD_JSON, &settings->retry_after_json},
        {"location", FIELD_TEXT, &settings->location},
        {"body", FIELD_TEXT, &settings->body},
        {"content_type", FIELD_TEXT, &settings->content_type},
        {"variant", FIELD_TEXT, &settings->variant},
        {"ms", FIELD_INTEGER, &settings->ms},
        {"jitter_ms", FIELD_INTEGER, &settings->jitter_ms},
        {"bytes", FIELD_INTEGER, &settings->bytes},
        {"levels", FIELD_INTEGER, &settings->levels},
        {"bytes_per_second", FIELD_INTEGER, &settings->bytes_per_second},
    };

    return fields_read(json, fields, ARRAY_LENGTH(fields), err);
}

static bool fault_read_scope(struct fault *fault, struct error *err)
{
    const char *scope = fault->settings.scope;

    if (strcmp(scope, "all") == 0) {
        return true;
    }
    if (strncmp(scope, "shop:", 5) == 0) {
        fault->has_shop = true;
        fault->shop = scope + 5;
        return true;
    }
    for (size_t api = 0; api < API_CONTROL; api++) {
        if (strcmp(scope, api_name((enum api)api)) == 0) {
            fault->has_api = true;
            fault->api = (enum api)api;
            return true;
        }
    }
    return error_set(err, ERROR_DATA,
                     "cannot read the scope '%.60s': shop:NAME, mijnwebwinkel, boekuwzending, "
                     "boekuwzending-staging or all is needed",
                     scope);
}

static bool fault_check(struct fault *fault, struct error *err)
{
    struct fault_settings *settings = &fault->settings;

    fault->kind = fault_kind_find(settings->fault);
    if (fault->kind == NULL) {
        return error_set(err, ERROR_DATA, "cannot find the fault '%.60s': see README.md",
                         settings->fault);
    }
    if (settings->status != 0 && (settings->status < 200 || settings->status > 599)) {
        return error_set(err, ERROR_DATA,
                         "cannot answer with the status %lld: 200 to 599 is needed",
                         (long long)settings->status);
    }
    const json_t *retry_after = settings->retry_after_json;
    if (json_is_integer(retry_after)) {
        snprintf(fault->retry_after, sizeof(fault->retry_after), "%lld",
                 (long long)json_integer_value(retry_after));
    } else if (json_is_string(retry_after)) {
        snprintf(fault->retry_after, sizeof(fault->retry_after), "%s",
                 json_string_value(retry_after));
    }
    return fault_read_scope(fault, err);
}

void faults_init(struct faults *faults)
{
    *faults = (struct faults){.first = NULL};
    faults->tail = &faults->first;
}

bool faults_add(struct faults *faults, json_t *json, uint64_t *ret_id, struct error *err)
{
    AUTO(fault) struct fault *fault = xcalloc(1, sizeof(*fault));

    atomic_init(&fault->references, 1);
    fault->json = json_incref(json);
    fault->settings.scope = "all";
    fault->settings.fault = "";
    fault->settings.probability = 1;
    if (!fault_read(json, &fault->settings, err) || !fault_check(fault, err)) {
        return false;
    }
    fault->id = ++faults->last_id;
    *ret_id = fault->id;
    struct fault *queued = steal_ptr(&fault);

    *faults->tail = queued;
    faults->tail = &queued->next;
    return true;
}

/* What is late is only for the request that makes it; others would use the fault up. */
static bool fault_makes_sense(const struct fault *fault, const struct fault_target *target)
{
    static const char suffix[] = "/shipments";
    size_t length = strlen(target->path);

    return (fault->kind->use != FAULT_LABELS && fault->kind->use != FAULT_BOOKING) ||
           (target->api != API_MIJNWEBWINKEL && strcmp(target->method, "POST") == 0 &&
            length >= sizeof(suffix) - 1 &&
            strcmp(target->path + length - (sizeof(suffix) - 1), suffix) == 0);
}

static bool fault_matches(const struct fault *fault, const struct fault_target *target)
{
    const struct fault_settings *settings = &fault->settings;

    return (!fault->has_api || fault->api == target->api) &&
           (!fault->has_shop ||
            (target->api == API_MIJNWEBWINKEL && strcmp(fault->shop, target->shop) == 0)) &&
           (settings->method == NULL || strcmp(settings->method, target->method) == 0) &&
           (settings->path_contains == NULL ||
            strstr(target->path, settings->path_contains) != NULL) &&
           fault_makes_sense(fault, target);
}

/* Takes the fault that *link points to out of the queue, with its reference. */
static struct fault *faults_unlink(struct faults *faults, struct fault **link)
{
    struct fault *fault = *link;

    *link = fault->next;
    if (faults->tail == &fault->next) {
        faults->tail = link;
    }
    return fault;
}

struct fault *faults_match(struct faults *faults, const struct fault_target *target,
                           struct dice *dice)
{
    for (struct fault **link = &faults->first; *link != NULL; link = &(*link)->next) {
        struct fault *fault = *link;

        if (!fault_matches(fault, target)) {
            continue;
        }
        if (fault->settings.probability < 1 &&
            (double)dice_roll(dice, 1000000) >= fault->settings.probability * 1e6) {
            continue;
        }
        fault->applied++;
        if (fault->settings.times > 0 && fault->applied >= fault->settings.times) {
            return faults_unlink(faults, link);
        }
        atomic_fetch_add(&fault->references, 1);
        return fault;
    }
    return NULL;
}

size_t faults_clear(struct faults *faults, const char *scope, uint64_t id)
{
    size_t count = 0;
    struct fault **link = &faults->first;

    while (*link != NULL) {
        if ((scope == NULL || strcmp((*link)->settings.scope, scope) == 0) &&
            (id == 0 || (*link)->id == id)) {
            fault_release(faults_unlink(faults, link));
            count++;
        } else {
            link = &(*link)->next;
        }
    }
    return count;
}

json_t *faults_list(const struct faults *faults)
{
    json_t *list = json_array();

    for (const struct fault *fault = faults->first; fault != NULL; fault = fault->next) {
        json_array_append_new(list,
                              json_pack("{s:I, s:I, s:O}", "id", (json_int_t)fault->id, "applied",
                                        (json_int_t)fault->applied, "fault", fault->json));
    }
    return list;
}
