#include "worker/api/shop/order.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/ascii.h"
#include "worker/api/text/json_write.h"
#include "worker/api/text/lenient.h"
#include "worker/api/text/moment.h"
#include "worker/api/text/text.h"
#include "worker/api/text/unicode.h"

#define UUID_LENGTH    36
#define CREDIT_NUMBERS 50

/* payment.status.id of a payment that succeeded [MWW-612]. */
#define PAYMENT_SUCCESSFUL 1

/* What 64 bits may not hold is a text; in anything else a parser may have lost digits. */
static void keep_digits(json_t *json, const char *text, size_t length)
{
    static const char *const keys[] = {"number", "credited_order_number", "credit_order_numbers"};
    json_auto_t *exact = lenient_parse_digits(text, length);

    for (size_t i = 0; i < ARRAY_LENGTH(keys); i++) {
        json_t *value = json_object_get(exact, keys[i]);

        if (value != NULL) {
            json_object_set(json, keys[i], value);
        }
    }
}

/* The text of an order number, whole; NULL when it is absent or *ret_unfit. */
static char *read_number(json_t *value, bool *ret_unfit)
{
    /* A blank and a letter more than is kept, so that a longer one shows. */
    char *number = lenient_value_text(value, ORDER_NUMBER_LENGTH + 2);
    AUTO(free) char *kept = lenient_value_text(value, ORDER_NUMBER_LENGTH);
    bool is_fraction = json_is_real(value) && number != NULL && !text_is_digits(number);

    *ret_unfit = number != NULL &&
                 (strcmp(number, kept) != 0 || is_fraction || !unicode_says_something(number));
    if (*ret_unfit) {
        free(number);
        return NULL;
    }
    return number;
}

static char *read_uuid(json_t *json)
{
    /* One more than a uuid has, so that a longer text is not cut to one. */
    char *uuid = lenient_text(json, "uuid", UUID_LENGTH + 1);

    if (uuid != NULL && !text_is_uuid(uuid)) {
        free(uuid);
        return NULL;
    }
    for (char *at = uuid; at != NULL && *at != '\0'; at++) {
        *at = ascii_lower(*at);
    }
    return uuid;
}

static bool read_paid(json_t *json, bool has_status, int32_t status)
{
    int32_t payment = 0;
    AUTO(free) char *words = lenient_text(json, "payment_status", 20);

    if (has_status && status == ORDER_STATUS_PAID) {
        return true;
    }
    if (lenient_integer(lenient_object(lenient_object(json, "payment"), "status"), "id",
                        &payment) &&
        payment == PAYMENT_SUCCESSFUL) {
        return true;
    }
    return words != NULL && strcasecmp(words, "captured") == 0;
}

/* Date and time are "yyyy-mm-dd" and "hh:mm:ss" [MWW-605]; what follows these is ignored. */
static void read_moment(json_t *json, struct order *order)
{
    AUTO(free) char *date = lenient_text(json, "date", 40);
    AUTO(free) char *time = lenient_text(json, "time", 40);

    if (date != NULL && moment_begins_with_date(date)) {
        snprintf(order->date, sizeof(order->date), "%.10s", date);
    }
    if (time != NULL && moment_begins_with_time(time)) {
        snprintf(order->time, sizeof(order->time), "%.8s", time);
    } else {
        snprintf(order->time, sizeof(order->time), "00:00:00");
    }
}

/* A list of numbers, or a single one without its list; NULL when there is none. */
static json_t *number_list(json_t *json, const char *key)
{
    json_t *list = lenient_list(json, key);

    if (list == NULL && lenient_is_set(json, key)) {
        list = json_pack("[O]", json_object_get(json, key));
    }
    return list;
}

bool order_read(const char *text, size_t length, struct order *ret_order, struct error *err)
{
    struct mended mended = {.text = NULL};
    json_auto_t *json = lenient_parse(text, length, &mended, err);
    struct order order = {.mended = mended};

    *ret_order = (struct order){.json = NULL};
    if (json == NULL || !json_is_object(json)) {
        free(mended.text);
        return json == NULL ? false : error_set(err, ERROR_DATA, "not an object");
    }
    if (mended.wide_numbers) {
        keep_digits(json, mended.text != NULL ? mended.text : text, mended.length);
    }
    order.number = read_number(json_object_get(json, "number"), &order.is_number_unfit);
    order.uuid = read_uuid(json);
    order.has_status = lenient_integer(json, "status", &order.status);
    order.archived = lenient_true(json, "archived");
    order.is_credit_unclear = lenient_is_set(json, "credited_order_number") &&
                              json_is_object(json_object_get(json, "credited_order_number"));
    order.credit = !order.is_credit_unclear && lenient_is_set(json, "credited_order_number");
    order.paid = read_paid(json, order.has_status, order.status);
    read_moment(json, &order);
    order.json = steal_ptr(&json);

    *ret_order = order;
    return true;
}

void order_release(struct order *order)
{
    json_decref(order->json);
    free(order->mended.text);
    free(order->number);
    free(order->uuid);
    *order = (struct order){.json = NULL};
}

bool order_is_among(const struct order *order, json_t *statuses)
{
    for (size_t i = 0; i < json_array_size(statuses) && order->has_status; i++) {
        if (json_integer_value(json_array_get(statuses, i)) == order->status) {
            return true;
        }
    }
    return false;
}

bool order_number_is_test(const char *number)
{
    AUTO(free) char *plain = text_plain(number, strlen(number), strlen(number));
    size_t length = plain != NULL ? strlen(plain) : 0;

    return length >= 2 &&
           (strncasecmp(plain, "T-", 2) == 0 || strcasecmp(plain + length - 2, "-T") == 0 ||
            strcasecmp(plain + length - 2, "T-") == 0);
}

/* Of a number that came as something else, such as {"value": 9}: as much of that as is kept; NULL
 * for a number, and for [] and {}. */
static char *read_odd_number(json_t *value)
{
    size_t count = json_is_array(value) ? json_array_size(value) : json_object_size(value);
    AUTO(free)
    char *dump = count > 0 ? json_write(value, JSON_COMPACT | JSON_SORT_KEYS, NULL) : NULL;

    return dump != NULL ? text_clean(dump, strlen(dump), ORDER_NUMBER_LENGTH) : NULL;
}

bool order_credit_number_is_odd(const char *number)
{
    return number[0] == '{' || number[0] == '[';
}

json_t *order_credit_numbers(const struct order *order)
{
    json_t *numbers = json_array();
    json_auto_t *list = number_list(order->json, "credit_order_numbers");

    for (size_t i = 0; i < json_array_size(list) && i < CREDIT_NUMBERS; i++) {
        bool is_unfit = false;
        json_t *value = json_array_get(list, i);
        AUTO(free) char *number = read_number(value, &is_unfit);

        number = number != NULL ? number : read_odd_number(value);

        if (number != NULL) {
            json_array_append_new(numbers, json_string(number));
        }
    }
    return numbers;
}
