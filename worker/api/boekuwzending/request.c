#include "worker/api/boekuwzending/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker/api/boekuwzending/list.h"
#include "worker/api/text/lenient.h"
#include "worker/api/text/text.h"

/* Room for a text to search for, percent-encoded. */
#define ENCODED_SEARCH (BOEKUWZENDING_SEARCH_LENGTH * 3 + 4)

bool boekuwzending_is_id(const char *text)
{
    size_t length = strlen(text);

    return length > 0 && length <= BOEKUWZENDING_ID_LENGTH &&
           strspn(text, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_") ==
               length;
}

char *boekuwzending_id_of(json_t *object)
{
    /* One more than an id has, so that a longer text is not cut to one. */
    char *id = lenient_text(object, "id", BOEKUWZENDING_ID_LENGTH + 1);

    if (id != NULL && !boekuwzending_is_id(id)) {
        free(id);
        return NULL;
    }
    return id;
}

static void prepare(struct http_request *request, enum http_method method,
                    enum environment environment, char *body)
{
    request->method = method;
    request->api = API_BOEKUWZENDING;
    request->environment = environment;
    request->auth = HTTP_AUTH_BEARER;
    request->body = body;
}

/* The page after `pages` others; the first one is what a search is anyway. Whether the service
 * pages where it is not asked to is not known [BKZ-103], so the list of all says so both ways. */
static void add_page(struct http_request *request, int pages)
{
    size_t length = strlen(request->query);

    if (pages == BOEKUWZENDING_ALL) {
        snprintf(request->query + length, sizeof(request->query) - length,
                 "&_pagination=false&_items_per_page=%d", BOEKUWZENDING_ELEMENTS);
    } else if (pages > 0) {
        snprintf(request->query + length, sizeof(request->query) - length, "&_page=%d", pages + 1);
    }
}

/* A text that is too long leaves the search empty, which the callers rule out beforehand. */
static void prepare_search(struct http_request *request, enum environment environment,
                           const char *name, const char *text, const char *more)
{
    char encoded[ENCODED_SEARCH];

    prepare(request, HTTP_GET, environment, NULL);
    (void)!text_percent_encode(text, encoded, sizeof(encoded));
    snprintf(request->query, sizeof(request->query), "%s=%s%s", name, encoded, more);
}

void boekuwzending_request_book(struct http_request *request, enum environment environment,
                                char *body)
{
    prepare(request, HTTP_POST, environment, body);
    request->save_first = true;
    request->not_repeatable = true;
    snprintf(request->path, sizeof(request->path), "/shipments");
}

void boekuwzending_request_find_shipments(struct http_request *request,
                                          enum environment environment, const char *reference,
                                          int pages)
{
    prepare_search(request, environment, "invoiceReference", reference, "");
    add_page(request, pages);
    snprintf(request->path, sizeof(request->path), "/shipments");
}

void boekuwzending_request_shipment(struct http_request *request, enum environment environment,
                                    const char *id)
{
    prepare(request, HTTP_GET, environment, NULL);
    snprintf(request->path, sizeof(request->path), "/shipments/%s", id);
}

void boekuwzending_request_rates(struct http_request *request, enum environment environment,
                                 char *body)
{
    prepare(request, HTTP_POST, environment, body);
    snprintf(request->path, sizeof(request->path), "/rate-request");
}

void boekuwzending_request_matrix(struct http_request *request, enum environment environment,
                                  char *body)
{
    prepare(request, HTTP_POST, environment, body);
    snprintf(request->path, sizeof(request->path), "/shipments/matrix");
}

void boekuwzending_request_create_order(struct http_request *request, enum environment environment,
                                        char *body)
{
    prepare(request, HTTP_POST, environment, body);
    request->not_repeatable = true;
    snprintf(request->path, sizeof(request->path), "/orders");
}

void boekuwzending_request_find_orders(struct http_request *request, enum environment environment,
                                       const char *external_id, int pages)
{
    prepare_search(request, environment, "externalId", external_id, "&includeArchived=1");
    add_page(request, pages);
    snprintf(request->path, sizeof(request->path), "/orders");
}

void boekuwzending_request_order(struct http_request *request, enum environment environment,
                                 const char *id)
{
    prepare(request, HTTP_GET, environment, NULL);
    snprintf(request->path, sizeof(request->path), "/orders/%s", id);
}

void boekuwzending_request_change_order(struct http_request *request, enum environment environment,
                                        const char *id, char *body)
{
    prepare(request, HTTP_PUT, environment, body);
    snprintf(request->path, sizeof(request->path), "/orders/%s", id);
}

void boekuwzending_request_labels(struct http_request *request, enum environment environment,
                                  const json_t *shipments)
{
    size_t length = 0;
    size_t index;
    json_t *id;

    prepare(request, HTTP_GET, environment, NULL);
    request->wants_pdf = true;
    if (json_array_size(shipments) == 1) {
        snprintf(request->path, sizeof(request->path), "/shipments/%s/labels/download",
                 json_string_value(json_array_get(shipments, 0)));
        return;
    }
    snprintf(request->path, sizeof(request->path), "/labels/download-shipments");
    json_array_foreach(shipments, index, id)
    {
        length +=
            (size_t)snprintf(request->query + length, sizeof(request->query) - length,
                             "%sshipments%%5B%%5D=%s", index > 0 ? "&" : "", json_string_value(id));
    }
}

void boekuwzending_request_delete_order(struct http_request *request, enum environment environment,
                                        const char *id)
{
    prepare(request, HTTP_DELETE, environment, NULL);
    snprintf(request->path, sizeof(request->path), "/orders/%s", id);
}

void boekuwzending_request_tracking(struct http_request *request, enum environment environment,
                                    const char *label)
{
    prepare(request, HTTP_GET, environment, NULL);
    snprintf(request->path, sizeof(request->path), "/track-and-trace/%s", label);
}

void boekuwzending_request_me(struct http_request *request, enum environment environment)
{
    prepare(request, HTTP_GET, environment, NULL);
    snprintf(request->path, sizeof(request->path), "/me");
}
