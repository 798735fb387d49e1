#include "tests/simulator/order.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/clock.h"
#include "common/memory.h"
#include "tests/simulator/json_text.h"

#define KEY_DIGITS 18 /* as many decimal digits as fit into an int64_t for certain */

int64_t order_number_key(const char *number)
{
    size_t length = strlen(number);

    if (length == 0 || length > KEY_DIGITS || strspn(number, "0123456789") != length) {
        return INT64_MAX;
    }
    return strtoll(number, NULL, 10);
}

static bool order_number_is_test(const char *number)
{
    size_t length = strlen(number);

    return strncasecmp(number, "T-", 2) == 0 ||
           (length > 2 && strcasecmp(number + length - 2, "-T") == 0);
}

static const char *json_member_text(const json_t *json, const char *name)
{
    const char *text = json_string_value(json_object_get(json, name));

    return text != NULL ? text : "";
}

/* A JSON string or integer as text, to be freed; "" for anything else. */
static char *json_scalar_text(const json_t *value)
{
    if (json_is_integer(value)) {
        return xasprintf("%lld", (long long)json_integer_value(value));
    }
    return xstrdup(json_is_string(value) ? json_string_value(value) : "");
}

static int json_status(const json_t *value)
{
    AUTO(free) char *text = json_scalar_text(value);
    int64_t status = order_number_key(text);

    return status <= INT_MAX ? (int)status : ORDER_UNKNOWN;
}

static void order_set_facts(struct order *order, const struct order_facts *facts)
{
    free(order->number);
    free(order->uuid);
    order->number = xstrdup(facts->number);
    order->uuid = xstrdup(facts->uuid);
    order->key = order_number_key(order->number);
    order->is_test = order_number_is_test(order->number);
    order->status = facts->status;
    order->archived = facts->archived;
    order->date[0] = '\0';
    if (calendar_is_date(facts->date)) {
        snprintf(order->date, sizeof(order->date), "%s", facts->date);
    }
    snprintf(order->changed, sizeof(order->changed), "%.10s %.8s", facts->changed_date,
             facts->changed_time);
    if (!calendar_is_date_time(order->changed)) {
        order->changed[0] = '\0';
    }
}

/* Works for any JSON value and for NULL. */
static void order_read_facts(struct order *order, const json_t *json)
{
    AUTO(free) char *number = json_scalar_text(json_object_get(json, "number"));
    const json_t *archived = json_object_get(json, "archived");
    struct order_facts facts = {
        .number = number,
        .uuid = json_member_text(json, "uuid"),
        .status = json_status(json_object_get(json, "status")),
        .archived = json_is_boolean(archived) ? json_is_true(archived) : ORDER_UNKNOWN,
        .date = json_member_text(json, "date"),
        .changed_date = json_member_text(json, "status_changed_date"),
        .changed_time = json_member_text(json, "status_changed_time"),
    };

    if (!calendar_is_date(facts.changed_date)) { /* it never changed */
        facts.changed_date = facts.date;
        facts.changed_time = json_member_text(json, "time");
    }
    order_set_facts(order, &facts);
}

struct order *order_new_known(const char *text, size_t length, const struct order_facts *facts)
{
    struct order *order = xcalloc(1, sizeof(*order));

    order->text = xstrndup(text, length);
    order->length = length;
    order_set_facts(order, facts);
    return order;
}

struct order *order_new(const json_t *json)
{
    struct order *order = xcalloc(1, sizeof(*order));

    order->text = json_to_text(json, &order->length);
    order_read_facts(order, json);
    return order;
}

struct order *order_new_raw(char *text)
{
    struct order *order = xcalloc(1, sizeof(*order));

    order->text = text;
    order->length = strlen(text);
    AUTO(json) json_t *json = order_parse(order);
    order_read_facts(order, json);
    return order;
}

void order_free(struct order *order)
{
    if (order == NULL) {
        return;
    }
    buffer_release(&order->patches);
    free(order->text);
    free(order->number);
    free(order->uuid);
    free(order);
}

json_t *order_parse(const struct order *order)
{
    AUTO(json) json_t *json = json_loadb(order->text, order->length, JSON_ALLOW_NUL, NULL);

    return json_is_object(json) ? steal_ptr(&json) : NULL;
}

void order_replace(struct order *order, const json_t *json)
{
    free(order->text);
    order->text = json_to_text(json, &order->length);
    order_read_facts(order, json);
}

static void order_set_status(const struct order *order, json_t *json, int status)
{
    if (json_is_string(json_object_get(json, "status"))) {
        AUTO(free) char *text = xasprintf("%d", status);

        json_object_set_new(json, "status", json_string(text));
    } else {
        json_object_set_new(json, "status", json_integer(status));
    }
    if (status == order->status) {
        return;
    }
    char date[DATE_SIZE], time[TIME_SIZE];
    calendar_local(clock_wall_us(), date, time);
    json_object_set_new(json, "status_changed_date", json_string(date));
    json_object_set_new(json, "status_changed_time", json_string(time));
}

static void order_set_comment(json_t *json, const char *comment)
{
    json_t *comments = json_object_get(json, "comments");

    if (!json_is_object(comments)) {
        comments = json_object();
        json_object_set_new(json, "comments", comments);
    }
    json_object_set_new(comments, "internal", json_string(comment));
}

bool order_change(struct order *order, const struct order_change *change)
{
    AUTO(json) json_t *json = order_parse(order);

    if (json == NULL) {
        return false;
    }
    if (change->status != ORDER_UNKNOWN) {
        order_set_status(order, json, change->status);
    }
    if (change->archived != ORDER_UNKNOWN) {
        json_object_set_new(json, "archived", json_boolean(change->archived));
    }
    if (change->internal_comment != NULL) {
        order_set_comment(json, change->internal_comment);
    }
    if (change->reference != NULL) {
        json_object_set_new(json, "reference", json_string(change->reference));
    }
    if (change->offline_location_id != NULL) {
        json_object_set_new(json, "offline_location_id", json_string(change->offline_location_id));
    }
    order_replace(order, json);
    return true;
}

void order_note_patch(struct order *order, const json_t *body)
{
    AUTO(free) char *text = json_to_text(body, NULL);

    order->patch_count++;
    order->patches.limit = ORDER_NOTES_LIMIT;
    if (!buffer_printf(&order->patches, "%s%s", order->patches.length > 0 ? "," : "", text)) {
        return; /* it is counted; there are enough bodies to look at */
    }
}
