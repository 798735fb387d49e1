#include "tests/unit/kind_helpers.h"

#include "worker/api/boekuwzending/request.h"

static void check_request(struct http_request *request, enum http_method method, const char *path,
                          const char *query, const char *body)
{
    assert_int_equal(request->api, API_BOEKUWZENDING);
    assert_int_equal(request->environment, ENVIRONMENT_STAGING);
    assert_int_equal(request->auth, HTTP_AUTH_BEARER);
    assert_int_equal(request->method, method);
    assert_string_equal(request->path, path);
    assert_string_equal(request->query, query);
    check_text(path, request->body, body);
    /* A question makes nothing, so it may be repeated. */
    assert_int_equal(request->not_repeatable,
                     method == HTTP_POST &&
                         (strcmp(path, "/shipments") == 0 || strcmp(path, "/orders") == 0));
    assert_int_equal(request->save_first,
                     method == HTTP_POST && strcmp(request->path, "/shipments") == 0);
    http_request_release(request);
    *request = (struct http_request){.body = NULL};
}

TEST(requests_look_as_the_api_wants_them)
{
    struct http_request request = {.body = NULL};

    boekuwzending_request_book(&request, ENVIRONMENT_STAGING, xstrdup("{}"));
    check_request(&request, HTTP_POST, "/shipments", "", "{}");
    boekuwzending_request_find_shipments(&request, ENVIRONMENT_STAGING, "20411-17", 0);
    check_request(&request, HTTP_GET, "/shipments", "invoiceReference=20411-17", NULL);
    boekuwzending_request_shipment(&request, ENVIRONMENT_STAGING, "abc-1");
    check_request(&request, HTTP_GET, "/shipments/abc-1", "", NULL);
    boekuwzending_request_rates(&request, ENVIRONMENT_STAGING, xstrdup("{}"));
    check_request(&request, HTTP_POST, "/rate-request", "", "{}");
    boekuwzending_request_matrix(&request, ENVIRONMENT_STAGING, xstrdup("{}"));
    check_request(&request, HTTP_POST, "/shipments/matrix", "", "{}");
    boekuwzending_request_create_order(&request, ENVIRONMENT_STAGING, xstrdup("{}"));
    check_request(&request, HTTP_POST, "/orders", "", "{}");
    boekuwzending_request_find_orders(&request, ENVIRONMENT_STAGING, "3b0f-1", 0);
    check_request(&request, HTTP_GET, "/orders", "externalId=3b0f-1&includeArchived=1", NULL);
    boekuwzending_request_change_order(&request, ENVIRONMENT_STAGING, "abc-1", xstrdup("{}"));
    check_request(&request, HTTP_PUT, "/orders/abc-1", "", "{}");
}

TEST(what_is_searched_for_is_encoded)
{
    struct http_request request = {.body = NULL};
    char slashes[BOEKUWZENDING_SEARCH_LENGTH + 1];

    boekuwzending_request_find_shipments(&request, ENVIRONMENT_STAGING, "a b&c=\xC3\xA9/#", 0);
    check_request(&request, HTTP_GET, "/shipments", "invoiceReference=a%20b%26c%3D%C3%A9%2F%23",
                  NULL);
    memset(slashes, '/', sizeof(slashes) - 1);
    slashes[sizeof(slashes) - 1] = '\0';
    boekuwzending_request_find_orders(&request, ENVIRONMENT_STAGING, slashes, 0);
    assert_int_equal(strlen(request.query), (size_t)BOEKUWZENDING_SEARCH_LENGTH * 3 +
                                                strlen("externalId=&includeArchived=1"));
}

TEST(an_id_is_what_can_stand_in_a_path)
{
    static const char sixty[] = "012345678901234567890123456789012345678901234567890123456789";
    AUTO(free) char *longer = xasprintf("%s0", sixty);

    assert_true(boekuwzending_is_id("c7b1d1c0-0b7a-4a39-9f3a-1d5a2e000001"));
    assert_true(boekuwzending_is_id("A_9-z"));
    assert_true(boekuwzending_is_id(sixty));
    assert_false(boekuwzending_is_id(longer));
    assert_false(boekuwzending_is_id(""));
    assert_false(boekuwzending_is_id(".."));
    assert_false(boekuwzending_is_id("a/b"));
    assert_false(boekuwzending_is_id("a b"));
    assert_false(boekuwzending_is_id("a?b"));
    assert_false(boekuwzending_is_id("caf\xC3\xA9"));
}

TEST(an_id_is_read_from_an_object)
{
    static const char *const rows[][2] = {
        {"{\"id\":\"abc\"}", "abc"},  {"{\"id\":\" abc \"}", "abc"},   {"{\"id\":17}", "17"},
        {"{\"id\":\"\"}", NULL},      {"{\"id\":null}", NULL},         {"{\"id\":[\"abc\"]}", NULL},
        {"{\"id\":\"../me\"}", NULL}, {"{\"ID\":\"abc\"}", NULL},      {"[]", NULL},
        {"{\"id\":1.5}", NULL},       {"{\"id\":{\"a\":\"b\"}}", NULL}};

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        json_auto_t *json = json_loads(rows[i][0], 0, NULL);
        AUTO(free) char *id = boekuwzending_id_of(json);

        check_text(rows[i][0], id, rows[i][1]);
    }
    assert_null(boekuwzending_id_of(NULL));
}
