#include "tests/unit/kind_helpers.h"

#include "worker/api/shop/statuses.h"

static json_t *read_list(const char *text)
{
    json_t *statuses = NULL;
    struct error err = ERROR_INIT;

    if (!statuses_read(text, strlen(text), &statuses, &err)) {
        fail_msg("%s: %s", text, err.text);
    }
    return statuses;
}

TEST(the_list_is_read)
{
    AUTO(free) char *text = fixture_text("orderstatuses.json");
    json_auto_t *statuses = read_list(text);
    json_t *shipped = statuses_find(statuses, 2);

    assert_int_equal(json_array_size(statuses), 5);
    assert_int_equal(statuses_id(shipped), 2);
    assert_string_equal(statuses_description(shipped), "Verzonden");
    assert_true(statuses_says_shipped(shipped));
    assert_false(statuses_is_credit(shipped));
    assert_true(statuses_is_credit(statuses_find(statuses, 10)));
    assert_false(statuses_says_shipped(statuses_find(statuses, 1)));
    assert_null(statuses_find(statuses, 99));
    assert_null(statuses_find_other_shipped(statuses, 2));
    assert_ptr_equal(statuses_find_other_shipped(statuses, 3), shipped);
}

TEST(odd_entries_are_read_or_left_out)
{
    json_auto_t *statuses = read_list("[{\"status\":\"2\",\"description\":\"VERZONDEN\"},"
                                      "{\"status\":4,\"credit_order\":\"1\",\"description\":"
                                      "\"verzonden\"},{\"status\":null},{},[],null,7,\"x\","
                                      "{\"status\":5,\"description\":[]}]");

    assert_int_equal(json_array_size(statuses), 3);
    assert_true(statuses_says_shipped(statuses_find(statuses, 2)));
    assert_true(statuses_is_credit(statuses_find(statuses, 4)));
    assert_string_equal(statuses_description(statuses_find(statuses, 5)), "");
    assert_string_equal(statuses_description(NULL), "");
    /* A status of credit orders is never taken for the shipped one. */
    assert_int_equal(statuses_id(statuses_find_other_shipped(statuses, 1)), 2);
    assert_null(statuses_find_other_shipped(statuses, 2));
}

TEST(what_is_no_list_is_refused)
{
    static const char *const rows[] = {"", "{}", "null", "<html>", "[", "{\"title\":\"x\"}"};

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        json_t *statuses = NULL;
        struct error err = ERROR_INIT;

        ROW_CHECK(rows[i], !statuses_read(rows[i], strlen(rows[i]), &statuses, &err));
        ROW_CHECK(rows[i], statuses == NULL);
    }
}

TEST(an_endless_list_is_bounded)
{
    AUTO(free) char *text = xcalloc(40000, 1);
    size_t length = 0;

    for (int i = 0; i < 1000; i++) {
        length += (size_t)snprintf(text + length, 40, "%c{\"status\":%d}", i == 0 ? '[' : ',', i);
    }
    text[length] = ']';

    json_auto_t *statuses = read_list(text);

    assert_int_equal(json_array_size(statuses), STATUSES_COUNT);
}
