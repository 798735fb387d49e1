#include "worker/api/boekuwzending/party.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "worker/api/text/lenient.h"
#include "worker/api/text/phone.h"

/* Longest text that is sent; the database holds shorter ones. */
#define TEXT_LENGTH 300

/* Shorter texts stand in any sentence by accident and identify nobody. */
#define MASK_FROM 3

json_t *boekuwzending_text_or_null(json_t *object, const char *key)
{
    AUTO(free) char *text = lenient_text(object, key, TEXT_LENGTH);

    return text != NULL ? json_string(text) : json_null();
}

/* The text, or "" where theirs must be a string. */
static json_t *text_or_empty(json_t *party, const char *key)
{
    AUTO(free) char *text = lenient_text(party, key, TEXT_LENGTH);

    return json_string(text != NULL ? text : "");
}

/* Sets `name` only if the party has the text. */
static void set_if_given(json_t *object, const char *name, json_t *party, const char *key)
{
    AUTO(free) char *text = lenient_text(party, key, TEXT_LENGTH);

    if (text != NULL) {
        json_object_set_new(object, name, json_string(text));
    }
}

/* A contact must have a name; a company without a person is called by its own. */
static json_t *contact_of(json_t *party)
{
    AUTO(free) char *name = lenient_text(party, "name", TEXT_LENGTH);
    json_t *contact = json_object();

    json_object_set_new(contact, "name", text_or_empty(party, name != NULL ? "name" : "company"));
    set_if_given(contact, "company", party, "company");
    json_object_set_new(contact, "emailAddress", text_or_empty(party, "email"));
    return contact;
}

static json_t *address_of(json_t *party)
{
    json_t *address = json_object();

    json_object_set_new(address, "street", text_or_empty(party, "street"));
    json_object_set_new(address, "number", text_or_empty(party, "number"));
    json_object_set_new(address, "numberAddition",
                        boekuwzending_text_or_null(party, "number_addition"));
    set_if_given(address, "addressLine1", party, "address_line");
    json_object_set_new(address, "postcode", text_or_empty(party, "postcode"));
    json_object_set_new(address, "city", text_or_empty(party, "city"));
    set_if_given(address, "country", party, "country");
    json_object_set_new(address, "privateAddress",
                        json_boolean(lenient_true(party, "private_address")));
    json_object_set_new(address, "forkliftOrLoadingDockAvailable", json_false());
    json_object_set_new(address, "accessibleWithTrailer", json_false());
    return address;
}

json_t *boekuwzending_shipment_party(json_t *party)
{
    AUTO(free) char *typed = lenient_text(party, "phone", TEXT_LENGTH);
    AUTO(free) char *country = lenient_text(party, "country", TEXT_LENGTH);
    AUTO(free) char *phone = phone_callable(typed, country);
    json_t *contact = contact_of(party);

    if (phone != NULL) {
        json_object_set_new(contact, "phoneNumber", json_string(phone));
    }
    return json_pack("{s:o, s:o}", "contact", contact, "address", address_of(party));
}

json_t *boekuwzending_order_party(json_t *party)
{
    json_t *contact = contact_of(party);
    json_t *address = address_of(party);
    json_auto_t *no_lines = json_pack("{s:n, s:n}", "addressLine1", "addressLine2");

    set_if_given(contact, "plainPhoneNumber", party, "phone");
    json_object_update_missing(address, no_lines);
    return json_pack("{s:o, s:o}", "contact", contact, "address", address);
}

/* Blanks out each place where `secret` stands, in any case. */
static void mask(char *text, const char *secret)
{
    char *at = strcasestr(text, secret);

    while (at != NULL) {
        memset(at, '.', 3);
        memmove(at + 3, at + strlen(secret), strlen(at + strlen(secret)) + 1);
        at = strcasestr(at + 3, secret);
    }
}

void boekuwzending_party_mask(json_t *party, char *text)
{
    static const char *const personal[] = {"address_line", "name",   "company",  "email",
                                           "phone",        "street", "postcode", "city"};

    for (size_t i = 0; i < ARRAY_LENGTH(personal); i++) {
        AUTO(free) char *value = lenient_text(party, personal[i], TEXT_LENGTH);

        if (value != NULL && strlen(value) >= MASK_FROM) {
            mask(text, value);
        }
    }
}
