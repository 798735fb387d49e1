#include "worker/api/shop/request.h"

#include <stdio.h>

#include "worker/api/shop/order.h"
#include "worker/api/text/text.h"

/* Room for an order number in a path, each of its bytes encoded. */
#define ENCODED_NUMBER (ORDER_NUMBER_LENGTH * 4 * 3 + 1)

static void prepare(struct http_request *request, enum http_method method, enum http_auth auth)
{
    request->method = method;
    request->api = API_MIJNWEBWINKEL;
    request->environment = ENVIRONMENT_PRODUCTION;
    request->auth = auth;
    snprintf(request->query, sizeof(request->query), "format=json");
}

void shop_request_store(struct http_request *request)
{
    prepare(request, HTTP_GET, HTTP_AUTH_STORE);
    snprintf(request->path, sizeof(request->path), "/v1/store");
}

void shop_request_statuses(struct http_request *request)
{
    prepare(request, HTTP_GET, HTTP_AUTH_PARTNER);
    snprintf(request->path, sizeof(request->path), "/v1/orderstatuses");
    snprintf(request->query, sizeof(request->query), "format=json&language=nl_NL");
}

/* Which orders are meant, in the list as in the count. */
static int filter_orders(struct http_request *request, int32_t status, const char *since)
{
    prepare(request, HTTP_GET, HTTP_AUTH_STORE);
    return snprintf(request->query, sizeof(request->query),
                    "format=json&status_id=%d&archived=false&test=false%s%.*s", status,
                    since != NULL ? "&start_date=" : "", SHOP_DATE_LENGTH,
                    since != NULL ? since : "");
}

void shop_request_orders(struct http_request *request, int32_t status, const char *since,
                         size_t offset)
{
    int length = filter_orders(request, status, since);

    snprintf(request->path, sizeof(request->path), "/v1/orders");
    snprintf(request->query + length, sizeof(request->query) - (size_t)length,
             "&ordering=desc&limit=%d&offset=%zu", SHOP_PAGE_SIZE, offset);
}

void shop_request_count(struct http_request *request, int32_t status, const char *since)
{
    (void)!filter_orders(request, status, since);
    snprintf(request->path, sizeof(request->path), "/v1/orders/count");
}

void shop_request_order(struct http_request *request, const char *number)
{
    char encoded[ENCODED_NUMBER];

    prepare(request, HTTP_GET, HTTP_AUTH_STORE);
    /* A number that does not fit leaves "/v1/orders/", which names no order and answers 404. */
    (void)!text_percent_encode(number, encoded, sizeof(encoded));
    snprintf(request->path, sizeof(request->path), "/v1/orders/%s", encoded);
}

void shop_request_change_order(struct http_request *request, const char *number, char *body)
{
    shop_request_order(request, number);
    request->method = HTTP_PATCH;
    request->body = body;
}
