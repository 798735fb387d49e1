#include "tests/unit/kind_helpers.h"

#include "worker/api/shop/request.h"

static void check_request(struct http_request *request, enum http_method method,
                          enum http_auth auth, const char *path, const char *query)
{
    assert_int_equal(request->api, API_MIJNWEBWINKEL);
    assert_int_equal(request->environment, ENVIRONMENT_PRODUCTION);
    assert_int_equal(request->method, method);
    assert_int_equal(request->auth, auth);
    assert_string_equal(request->path, path);
    assert_string_equal(request->query, query);
    assert_false(request->not_repeatable);
    http_request_release(request);
    *request = (struct http_request){.body = NULL};
}

TEST(requests_look_as_the_api_wants_them)
{
    struct http_request request = {.body = NULL};

    shop_request_store(&request);
    check_request(&request, HTTP_GET, HTTP_AUTH_STORE, "/v1/store", "format=json");
    shop_request_statuses(&request);
    check_request(&request, HTTP_GET, HTTP_AUTH_PARTNER, "/v1/orderstatuses",
                  "format=json&language=nl_NL");
    shop_request_orders(&request, 3, NULL, 198);
    check_request(&request, HTTP_GET, HTTP_AUTH_STORE, "/v1/orders",
                  "format=json&status_id=3&archived=false&test=false&ordering=desc&limit=100&"
                  "offset=198");
    shop_request_count(&request, 3, NULL);
    check_request(&request, HTTP_GET, HTTP_AUTH_STORE, "/v1/orders/count",
                  "format=json&status_id=3&archived=false&test=false");
    shop_request_orders(&request, 3, "2026-10-24", 0);
    check_request(&request, HTTP_GET, HTTP_AUTH_STORE, "/v1/orders",
                  "format=json&status_id=3&archived=false&test=false&start_date=2026-10-24&"
                  "ordering=desc&limit=100&offset=0");
    shop_request_count(&request, 3, "2026-10-24");
    check_request(&request, HTTP_GET, HTTP_AUTH_STORE, "/v1/orders/count",
                  "format=json&status_id=3&archived=false&test=false&start_date=2026-10-24");
    shop_request_order(&request, "20411");
    check_request(&request, HTTP_GET, HTTP_AUTH_STORE, "/v1/orders/20411", "format=json");
    shop_request_change_order(&request, "20411", xstrdup("{\"status\":2}"));
    assert_string_equal(request.body, "{\"status\":2}");
    check_request(&request, HTTP_PATCH, HTTP_AUTH_STORE, "/v1/orders/20411", "format=json");
}

TEST(a_strange_number_cannot_leave_its_place_in_the_path)
{
    struct http_request request = {.body = NULL};

    shop_request_order(&request, "../store?x=#");
    check_request(&request, HTTP_GET, HTTP_AUTH_STORE, "/v1/orders/..%2Fstore%3Fx%3D%23",
                  "format=json");

    shop_request_order(&request, "B2026/0001 \u20AC");
    check_request(&request, HTTP_GET, HTTP_AUTH_STORE, "/v1/orders/B2026%2F0001%20%E2%82%AC",
                  "format=json");

    char number[600];

    memset(number, '/', sizeof(number) - 1);
    number[sizeof(number) - 1] = '\0';
    shop_request_order(&request, number);
    check_request(&request, HTTP_GET, HTTP_AUTH_STORE, "/v1/orders/", "format=json");
}
