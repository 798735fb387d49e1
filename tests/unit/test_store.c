#include "tests/unit/kind_helpers.h"

#include "worker/api/shop/store.h"

TEST(a_store_is_read)
{
    AUTO(free) char *text = fixture_text("store.json");
    AUTO(store) struct store store;
    struct error err = ERROR_INIT;

    assert_true(store_read(text, strlen(text), &store, &err));
    check_text("id", store.id, "e5fc33df-b2bf-40ec-8d8d-56fc34b495cc");
    check_text("name", store.name, "Voorbeeldwinkel");
    check_text("domain", store.domain, "voorbeeld.myonline.store");
    check_text("region", store.region_code, "NL");
    check_text("currency", store.currency, "EUR");
}

TEST(a_poor_store_is_read_as_far_as_it_goes)
{
    static const char text[] =
        "{\"id\":12,\"name\":[],\"primary_domain\":\"\",\"region_code\":\"?\"}";
    AUTO(store) struct store store;

    assert_true(store_read(text, strlen(text), &store, NULL));
    assert_null(store.id); /* not a uuid: the database could not hold it */
    assert_null(store.name);
    assert_null(store.domain);
    assert_null(store.region_code);
    assert_null(store.currency);
}

TEST(what_is_no_store_is_refused)
{
    static const char *const rows[] = {
        "",
        "null",
        "[]",
        "{}",
        "<html>",
        "\"store\"",
        "{\"name\":\"x\"}",
        "{\"id\":\"\"}",
        "{\"id\":\"e5fc33df\"",
        "[{\"id\":\"x\"}]",
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        AUTO(store) struct store store;
        struct error err = ERROR_INIT;

        ROW_CHECK(rows[i], !store_read(rows[i], strlen(rows[i]), &store, &err));
        ROW_CHECK(rows[i], err.code == ERROR_DATA && err.text[0] != '\0');
    }
}

TEST(a_host_is_found_in_any_address)
{
    static const char *const rows[][2] = {
        {"https://voorbeeld.myonline.store", "voorbeeld.myonline.store"},
        {"http://Voorbeeld.MyOnline.Store/", "voorbeeld.myonline.store"},
        {"voorbeeld.myonline.store", "voorbeeld.myonline.store"},
        {"//voorbeeld.myonline.store/nl", "voorbeeld.myonline.store"},
        {"https://www.knickknacks.be:8443/a?b#c", "www.knickknacks.be"},
        {"https://user:secret@knickknacks.be", "knickknacks.be"},
        {"knickknacks.be.", "knickknacks.be"},
        {"knickknacks.be:80", "knickknacks.be"},
        {"https://", NULL},
        {"", NULL},
        {"/", NULL},
        {":80", NULL},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        AUTO(free) char *host = store_host_of(rows[i][0]);

        check_text(rows[i][0], host, rows[i][1]);
    }
}

TEST(the_domain_tells_whose_token_it_is)
{
    static const struct {
        const char *domain;
        enum store_match match;
    } rows[] = {
        {"voorbeeld.myonline.store", STORE_SAME}, {"www.voorbeeld.myonline.store", STORE_SAME},
        {"Voorbeeld.MyOnline.store", STORE_SAME}, {"ander.myonline.store", STORE_OTHER_SHOP},
        {"www.knickknacks.be", STORE_OWN_DOMAIN}, {"evilmyonline.store", STORE_OWN_DOMAIN},
        {"myonline.store", STORE_OWN_DOMAIN},     {NULL, STORE_UNKNOWN},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        ROW_CHECK(rows[i].domain,
                  store_compare(rows[i].domain, "voorbeeld.myonline.store") == rows[i].match);
    }
}
