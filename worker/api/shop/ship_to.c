#include "worker/api/shop/ship_to.h"

#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "worker/api/text/address.h"
#include "worker/api/text/country.h"
#include "worker/api/text/lenient.h"
#include "worker/api/text/phone.h"

enum {
    NAME_LENGTH = 200,
    EMAIL_LENGTH = 254,
    PHONE_TEXT_LENGTH = 100,
    STREET_LENGTH = 200,
    NUMBER_LENGTH = 49, /* with a street and a blank it fits in an address line of 250 */
    POSTCODE_LENGTH = 20,
    CITY_LENGTH = 100,
    COUNTRY_LENGTH = 60,
};

/* The blocks that an order's addressee is read from; each may be NULL. */
struct parties {
    json_t *debtor;
    json_t *delivery;
    json_t *invoice;
    json_t *country; /* of the first shipping entry: {description, isocode} */
};

static struct parties find_parties(json_t *order)
{
    json_t *debtor = lenient_object(order, "debtor");
    json_t *addresses = lenient_object(debtor, "address");

    return (struct parties){
        .debtor = debtor,
        .delivery = lenient_object(addresses, "delivery"),
        .invoice = lenient_object(addresses, "invoice"),
        .country = lenient_object(lenient_object(order, "shipping"), "country"),
    };
}

/* Adds a text or null; takes ownership of `text`. */
static void set_text(json_t *fields, const char *key, char *text)
{
    json_object_set_new(fields, key, text != NULL ? json_string(text) : json_null());
    free(text);
}

/* The first of these blocks that has the text. */
static char *first_text(json_t *const *blocks, size_t count, const char *key, size_t most)
{
    char *text = NULL;

    for (size_t i = 0; i < count && text == NULL; i++) {
        text = lenient_text(blocks[i], key, most);
    }
    return text;
}

static char *find_name(const struct parties *parties, json_t *address)
{
    json_t *const blocks[] = {address, parties->invoice, parties->debtor};

    return first_text(blocks, ARRAY_LENGTH(blocks), "name", NAME_LENGTH);
}

static bool has_text(json_t *block, const char *key)
{
    AUTO(free) char *text = lenient_text(block, key, 1);

    return text != NULL;
}

static bool is_usable(const struct parties *parties, json_t *address)
{
    AUTO(free) char *name = find_name(parties, address);

    return (has_text(address, "street") || has_text(address, "number")) &&
           (has_text(address, "zipcode") || has_text(address, "city")) &&
           (name != NULL || has_text(address, "company"));
}

/* The code that a block gives, or the one that goes with the name that it gives. */
static bool country_of(json_t *block, const char *code_key, const char *name_key, char ret_code[3])
{
    AUTO(free) char *code = lenient_text(block, code_key, COUNTRY_LENGTH);
    AUTO(free) char *name = lenient_text(block, name_key, COUNTRY_LENGTH);

    return country_from_code(code, ret_code) || country_from_name(name, ret_code);
}

/* The country of the address itself goes first: street and country must not come from two places.
 */
static bool find_country(const struct parties *parties, json_t *address, const char *region_code,
                         char ret_code[3])
{
    return country_of(address, "country_code", "country", ret_code) ||
           country_of(parties->country, "isocode", "description", ret_code) ||
           country_of(parties->invoice, "country_code", "country", ret_code) ||
           country_from_code(region_code, ret_code);
}

/* The first number in the chain that is a phone number at all. */
static char *find_phone(const struct parties *parties, json_t *address, const char *country)
{
    json_t *const blocks[] = {address, parties->invoice, parties->debtor};
    char *phone = NULL;

    for (size_t i = 0; i < ARRAY_LENGTH(blocks) && phone == NULL; i++) {
        AUTO(free) char *text = lenient_text(blocks[i], "phone", PHONE_TEXT_LENGTH);

        phone = phone_normalise(text, country);
    }
    return phone;
}

static void map_street(json_t *block, json_t *fields)
{
    AUTO(free) char *street = lenient_text(block, "street", STREET_LENGTH);
    AUTO(free) char *number = lenient_text(block, "number", NUMBER_LENGTH);
    AUTO(address) struct address address = {.street = NULL};

    address_split(street, number, &address);
    set_text(fields, "street", steal_ptr(&address.street));

    set_text(fields, "number", steal_ptr(&address.number));

    set_text(fields, "number_addition", steal_ptr(&address.addition));

    set_text(fields, "address_line", steal_ptr(&address.line));
}

bool ship_to_map(json_t *order, const char *region_code, json_t *fields)
{
    struct parties parties = find_parties(order);
    json_t *address = is_usable(&parties, parties.delivery)  ? parties.delivery
                      : is_usable(&parties, parties.invoice) ? parties.invoice
                                                             : NULL;
    char country[3] = "";

    if (address == NULL) {
        return false;
    }

    bool has_country = find_country(&parties, address, region_code, country);
    char *company = lenient_text(address, "company", NAME_LENGTH);

    json_object_set_new(fields, "private_address", json_boolean(company == NULL));
    set_text(fields, "name", find_name(&parties, address));
    set_text(fields, "company", company);
    set_text(fields, "email", lenient_text(parties.debtor, "email", EMAIL_LENGTH));
    set_text(fields, "phone", find_phone(&parties, address, has_country ? country : NULL));
    map_street(address, fields);
    set_text(fields, "postcode", lenient_text(address, "zipcode", POSTCODE_LENGTH));
    set_text(fields, "city", lenient_text(address, "city", CITY_LENGTH));
    set_text(fields, "country", has_country ? xstrdup(country) : NULL);
    return true;
}

bool ship_to_is_pickup(json_t *order)
{
    struct parties parties = find_parties(order);
    char country[3];
    bool has_country = has_text(parties.country, "isocode") ||
                       country_of(parties.country, "isocode", "description", country);

    bool has_delivery = has_text(parties.delivery, "street") ||
                        has_text(parties.delivery, "zipcode") || has_text(parties.delivery, "city");

    return lenient_is_set(order, "offline_location_id") && !has_country && !has_delivery;
}
