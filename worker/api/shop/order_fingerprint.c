#include "worker/api/shop/order_fingerprint.h"
#include "worker/api/text/json_write.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "worker/api/text/lenient.h"

/* Sorted and compact, so that equal values give equal bytes; 12 digits write 0.85 as 0.85. */
#define FORMAT (JSON_SORT_KEYS | JSON_COMPACT | JSON_REAL_PRECISION(12))

static const char *const address_members[] = {
    "name",     "company", "street",  "number",        "number_addition", "address_line",
    "postcode", "city",    "country", "country_given", "email",           "phone",
};

/* Of a line; not its identity and place, which change when a merchant saves an order again. */
static const char *const line_members[] = {
    "quantity", "description", "sku", "weight_kg", "unit_price",
};

void order_hash(const char *text, size_t length, char ret_hash[ORDER_HASH_TEXT])
{
    unsigned char hash[ORDER_HASH_BYTES];

    crypto_generichash(hash, sizeof(hash), (const unsigned char *)text, length, NULL, 0);
    sodium_bin2hex(ret_hash, ORDER_HASH_TEXT, hash, sizeof(hash));
}

/* Some members of an object as text, to be freed. */
static char *members_text(json_t *object, const char *const *names, size_t count)
{
    json_auto_t *some = json_object();

    for (size_t i = 0; i < count; i++) {
        json_t *value = json_object_get(object, names[i]);

        if (value != NULL) {
            json_object_set(some, names[i], value);
        }
    }
    return json_write(some, FORMAT, NULL);
}

static int compare_texts(const void *a, const void *b)
{
    const char *const *left = a;
    const char *const *right = b;

    return strcmp(*left, *right);
}

/* The lines as a list of texts, in an order that is theirs, wherever they stand. */
static json_t *sorted_lines(json_t *lines)
{
    size_t count = json_array_size(lines);
    json_t *sorted = json_array();

    /* NOLINTNEXTLINE(bugprone-sizeof-expression): it is an array of pointers */
    AUTO(free) char **texts = xcalloc(count + 1, sizeof(*texts));

    for (size_t i = 0; i < count; i++) {
        texts[i] = members_text(json_array_get(lines, i), line_members, ARRAY_LENGTH(line_members));
    }
    /* NOLINTNEXTLINE(bugprone-sizeof-expression) */
    qsort(texts, count, sizeof(*texts), compare_texts);
    for (size_t i = 0; i < count; i++) {
        json_array_append_new(sorted, json_string(texts[i]));
        free(texts[i]);
    }
    return sorted;
}

/* The weight is the one that the shop gives: a default is no property of the goods. */
static char *goods_text(json_t *order, json_t *fields)
{
    double weight = 0;
    bool has_weight = lenient_number(order, "weight", &weight);
    json_auto_t *goods = json_pack(
        "{s:o, s:O?, s:O?, s:O?, s:o}", "lines", sorted_lines(json_object_get(fields, "lines")),
        "line_count", json_object_get(fields, "line_count"), "total",
        json_object_get(fields, "total"), "currency", json_object_get(fields, "currency"), "weight",
        has_weight ? json_real(weight) : json_null());

    return json_write(goods, FORMAT, NULL);
}

void order_fingerprint_take(const struct order *order, json_t *fields,
                            struct order_fingerprint *ret_fingerprint)
{
    AUTO(free)
    char *address = members_text(fields, address_members, ARRAY_LENGTH(address_members));
    AUTO(free) char *goods = goods_text(order->json, fields);

    order_hash(address, strlen(address), ret_fingerprint->address);
    order_hash(goods, strlen(goods), ret_fingerprint->goods);
}
