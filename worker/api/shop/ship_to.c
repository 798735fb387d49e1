#include "worker/api/shop/ship_to.h"

#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "worker/api/shop/order_warning.h"
#include "worker/api/text/address.h"
#include "worker/api/text/country.h"
#include "worker/api/text/lenient.h"
#include "worker/api/text/phone.h"
#include "worker/api/text/text.h"
#include "worker/api/text/unicode.h"

/* In characters. */
enum {
    NAME_LENGTH = 200,
    EMAIL_LENGTH = 254,
    PHONE_TEXT_LENGTH = 100,
    STREET_LENGTH = 200,
    NUMBER_LENGTH = 250,
    LINE_LENGTH = 250,
    POSTCODE_LENGTH = 20,
    CITY_LENGTH = 100,
    COUNTRY_LENGTH = 100,
};

/* The blocks that an order's addressee is read from; each may be NULL. */
struct parties {
    json_t *debtor;
    json_t *delivery;
    json_t *invoice;
    json_t *country; /* of the first shipping entry: {description, isocode} */
};

/* An address on its way into the fields of an order. */
struct mapping {
    struct parties parties;
    json_t *address; /* the block that counts */
    json_t *fields;  /* where it goes; borrowed */
    bool is_cut;     /* something was longer than its field */
    char country[3]; /* "": there is none, or it is not understood */
};

/* lenient_text(), lenient_plain() or lenient_unescaped(). */
typedef char *text_reader(json_t *parent, const char *key, size_t most);

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

/* The member, unless it has neither a letter nor a digit: "-" is no street. */
static char *read_text(json_t *block, const char *key, size_t most, text_reader *reader)
{
    char *text = reader(block, key, most);

    if (!unicode_says_something(text)) {
        free(text);
        return NULL;
    }
    return text;
}

/* The same, noting when it is longer than that, be it by a blank and a letter. */
static char *read_part(struct mapping *mapping, const char *key, size_t most, text_reader *reader)
{
    char *text = read_text(mapping->address, key, most, reader);
    AUTO(free) char *longer = read_text(mapping->address, key, most + 2, reader);

    mapping->is_cut |= text != NULL && longer != NULL && strcmp(text, longer) != 0;
    return text;
}

static bool has_text(json_t *block, const char *key)
{
    AUTO(free) char *text = read_text(block, key, NAME_LENGTH, lenient_text);

    return text != NULL;
}

static char *find_name(const struct parties *parties, json_t *address)
{
    json_t *const blocks[] = {address, parties->invoice, parties->debtor};
    char *name = NULL;

    for (size_t i = 0; i < ARRAY_LENGTH(blocks) && name == NULL; i++) {
        name = read_text(blocks[i], "name", NAME_LENGTH, lenient_unescaped);
    }
    return name;
}

static bool has_somebody(const struct parties *parties, json_t *address)
{
    AUTO(free) char *name = find_name(parties, address);

    return name != NULL || has_text(address, "company");
}

static bool has_street(json_t *address)
{
    return has_text(address, "street") || has_text(address, "number");
}

/* The block that counts, or NULL. */
static json_t *choose_address(const struct parties *parties)
{
    json_t *delivery = parties->delivery;
    json_t *invoice = parties->invoice;

    if ((has_street(delivery) || has_text(delivery, "zipcode")) &&
        has_somebody(parties, delivery)) {
        return delivery;
    }
    return has_street(invoice) && (has_text(invoice, "zipcode") || has_text(invoice, "city")) &&
                   has_somebody(parties, invoice)
               ? invoice
               : NULL;
}

/* What a block says of its country. */
enum word { WORD_NONE, WORD_UNDERSTOOD, WORD_STRANGE };

/* *ret_given is what was not understood, to be freed, or NULL. */
static enum word country_of(json_t *block, const char *code_key, const char *name_key,
                            char ret_code[3], char **ret_given)
{
    AUTO(free) char *code = read_text(block, code_key, COUNTRY_LENGTH, lenient_text);
    AUTO(free) char *name = read_text(block, name_key, COUNTRY_LENGTH, lenient_text);

    if (country_read(code, ret_code) || country_read(name, ret_code)) {
        return WORD_UNDERSTOOD;
    }
    *ret_given = name != NULL ? steal_ptr(&name) : steal_ptr(&code);
    return *ret_given != NULL ? WORD_STRANGE : WORD_NONE;
}

/* The country of the address itself goes first: street and country must not come from two places.
 * The first place that names one decides, understood or not. */
static enum word find_country(const struct mapping *mapping, const char *region_code,
                              char ret_code[3], char **ret_given)
{
    const struct {
        json_t *block;
        const char *code_key;
        const char *name_key;
    } places[] = {
        {mapping->address, "country_code", "country"},
        {mapping->parties.country, "isocode", "description"},
        {mapping->parties.invoice, "country_code", "country"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(places); i++) {
        enum word word = country_of(places[i].block, places[i].code_key, places[i].name_key,
                                    ret_code, ret_given);

        if (word != WORD_NONE) {
            return word;
        }
    }
    return country_read(region_code, ret_code) ? WORD_UNDERSTOOD : WORD_NONE;
}

static void map_country(struct mapping *mapping, const char *region_code)
{
    char *given = NULL;

    switch (find_country(mapping, region_code, mapping->country, &given)) {
    case WORD_UNDERSTOOD:
        break;
    case WORD_STRANGE:
        order_warn(mapping->fields, "country_not_understood");
        set_text(mapping->fields, "country_given", given);
        break;
    case WORD_NONE:
        order_warn(mapping->fields, "country_not_given");
        break;
    }
    set_text(mapping->fields, "country",
             mapping->country[0] != '\0' ? xstrdup(mapping->country) : NULL);
}

/* The country in which a number was typed: that of the invoice, if it stands there, or beside it.
 */
static void phone_country(const struct mapping *mapping, const json_t *block, char ret_code[3])
{
    AUTO(free) char *given = NULL;

    memcpy(ret_code, mapping->country, sizeof(mapping->country));
    if (block != mapping->address) {
        (void)country_of(mapping->parties.invoice, "country_code", "country", ret_code, &given);
    }
}

/* The first number in the chain that is a phone number at all. */
static void map_phone(struct mapping *mapping)
{
    json_t *const blocks[] = {mapping->address, mapping->parties.invoice, mapping->parties.debtor};
    char *phone = NULL;

    for (size_t i = 0; i < ARRAY_LENGTH(blocks) && phone == NULL; i++) {
        AUTO(free) char *text = lenient_plain(blocks[i], "phone", PHONE_TEXT_LENGTH);
        char country[3];

        phone_country(mapping, blocks[i], country);
        phone = phone_normalise(text, country);

        AUTO(free) char *callable = phone_callable(text, country);

        if (phone != NULL && callable == NULL) {
            order_warn(mapping->fields, "phone_not_understood");
        }
    }
    set_text(mapping->fields, "phone", phone);
}

/* An e-mail address has no blanks; a text with several addresses is left alone. */
static char *read_email(struct mapping *mapping)
{
    char *email = lenient_plain(mapping->parties.debtor, "email", EMAIL_LENGTH);
    const char *at = email != NULL ? strchr(email, '@') : NULL;

    if (at != NULL && strchr(at + 1, '@') == NULL) {
        char *to = email;

        for (const char *from = email; *from != '\0'; from++) {
            if (*from != ' ') {
                *to++ = *from;
            }
        }
        *to = '\0';
    }
    return email;
}

/* The line is a second telling of what the other fields have, so it may be cut. */
static char *cap_line(struct mapping *mapping, const char *line)
{
    char *capped = line != NULL ? text_clean(line, strlen(line), LINE_LENGTH) : NULL;

    mapping->is_cut |= line != NULL && strcmp(line, capped) != 0;
    return capped;
}

static void map_street(struct mapping *mapping)
{
    AUTO(free) char *street = read_part(mapping, "street", STREET_LENGTH, lenient_unescaped);
    AUTO(free) char *number = read_part(mapping, "number", NUMBER_LENGTH, lenient_plain);
    AUTO(address) struct address address = {.street = NULL};

    address_split(street, number, &address);
    if (address.street == NULL) {
        order_warn(mapping->fields, "address_without_street");
    } else if (address.number == NULL && country_has_numbers(mapping->country)) {
        order_warn(mapping->fields, "address_without_number");
    }
    set_text(mapping->fields, "address_line", cap_line(mapping, address.line));
    set_text(mapping->fields, "street", steal_ptr(&address.street));
    set_text(mapping->fields, "number", steal_ptr(&address.number));
    set_text(mapping->fields, "number_addition", steal_ptr(&address.addition));
}

static void map_place(struct mapping *mapping)
{
    char *postcode = read_part(mapping, "zipcode", POSTCODE_LENGTH, lenient_plain);
    char *city = read_part(mapping, "city", CITY_LENGTH, lenient_unescaped);

    if (city == NULL) {
        order_warn(mapping->fields,
                   postcode == NULL ? "address_without_place" : "address_without_city");
    } else if (postcode == NULL && country_has_postcodes(mapping->country)) {
        order_warn(mapping->fields, "address_without_postcode");
    }
    set_text(mapping->fields, "postcode", postcode);
    set_text(mapping->fields, "city", city);
}

bool ship_to_map(json_t *order, const char *region_code, json_t *fields)
{
    struct mapping mapping = {.parties = find_parties(order), .fields = fields};

    mapping.address = choose_address(&mapping.parties);
    if (mapping.address == NULL) {
        return false;
    }

    char *company = read_part(&mapping, "company", NAME_LENGTH, lenient_unescaped);

    json_object_set_new(fields, "private_address", json_boolean(company == NULL));
    set_text(fields, "company", company);
    set_text(fields, "name", find_name(&mapping.parties, mapping.address));
    set_text(fields, "email", read_email(&mapping));
    map_country(&mapping, region_code);
    map_street(&mapping);
    map_place(&mapping);
    map_phone(&mapping);
    if (mapping.is_cut) {
        order_warn(fields, "address_too_long");
    }
    return true;
}
