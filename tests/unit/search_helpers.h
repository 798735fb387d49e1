/* A create_shipment job whose request was given up, and what it asks for next. */
#ifndef TESTS_UNIT_SEARCH_HELPERS_H
#define TESTS_UNIT_SEARCH_HELPERS_H

#include "tests/unit/booking_helpers.h"

#define HIT(id) "{\"id\":\"" id "\",\"sequence\":\"1\",\"status\":\"new\",\"relation\":null}"

/* Begins with a shipment in that state whose request was given up so many seconds ago (JSON), and
 * searches for it. */
static inline void begin_in_state(struct talk *talk, const char *state, const char *given_up_s)
{
    json_t *context = parsed(SHIPMENT_CONTEXT);

    json_object_set_new(context, "state", json_string(state));
    json_object_set_new(context, "reference", json_string("20411-17 b"));
    json_object_set_new(context, "sent_seconds_ago", json_integer(200));
    json_object_set_new(context, "given_up_seconds_ago", parsed(given_up_s));
    json_object_set_new(context, "settle_seconds", json_integer(90));
    talk_begin(talk, "create_shipment", context);
    assert_non_null(talk->state);
    assert_int_equal(talk_start(talk), STEP_CALL);
    assert_int_equal(talk->request.method, HTTP_GET);
    assert_string_equal(talk->request.path, "/shipments");
    assert_string_equal(talk->request.query, "invoiceReference=20411-17%20b");
    assert_false(talk->request.save_first || talk->request.not_repeatable);
    assert_null(talk->outcome.writes);
}

static inline void begin(struct talk *talk, const char *given_up_s)
{
    begin_in_state(talk, "sending", given_up_s);
}

/* Fails unless the last step asked for this shipment. */
static inline void check_asked(const struct talk *talk, const char *id)
{
    AUTO(free) char *path = xasprintf("/shipments/%s", id);

    assert_int_equal(talk->step, STEP_CALL);
    assert_int_equal(talk->request.method, HTTP_GET);
    assert_string_equal(talk->request.path, path);
    assert_int_equal(talk->request.auth, HTTP_AUTH_BEARER);
}

/* Answers with the shipment with this id and reference, and two labels. */
static inline enum step answer_hit(struct talk *talk, const char *id, const char *reference)
{
    AUTO(free) char *body = shipment_text(id, reference, 2);

    return talk_http(talk, 200, body);
}

/* Fails unless the last step asked for this page of the search. */
static inline void check_next_page(const struct talk *talk, int page)
{
    AUTO(free) char *query = xasprintf("invoiceReference=20411-17%%20b&_page=%d", page);

    assert_int_equal(talk->step, STEP_CALL);
    assert_string_equal(talk->request.path, "/shipments");
    assert_string_equal(talk->request.query, query);
}

/* Fails unless the last step asked for all hits in one list. */
static inline void check_list_of_all(const struct talk *talk)
{
    assert_int_equal(talk->step, STEP_CALL);
    assert_string_equal(talk->request.path, "/shipments");
    assert_string_equal(talk->request.query,
                        "invoiceReference=20411-17%20b&_pagination=false&_items_per_page=300");
}

static inline void check_booking(const struct talk *talk)
{
    assert_int_equal(talk->step, STEP_CALL);
    assert_int_equal(talk->request.method, HTTP_POST);
    assert_string_equal(talk->request.path, "/shipments");
    assert_true(talk->request.save_first && talk->request.not_repeatable);
    assert_int_equal(talk_rows(talk, "write_sending"), 1);
    assert_int_equal(talk_rows(talk, "write_shipment"), 0);
}

#endif
