#include "tests/unit/kind_helpers.h"

TEST(a_fresh_outcome_says_nothing)
{
    struct outcome outcome;

    outcome_init(&outcome);
    assert_int_equal(outcome.error_class, ERROR_CLASS_OK);
    assert_string_equal(outcome.error, "");
    assert_true(outcome.retry_after_ms == -1);
    assert_null(outcome.writes);
    outcome_release(&outcome);
    outcome_release(&outcome);
}

TEST(writes_stay_in_order)
{
    struct outcome outcome;

    outcome_init(&outcome);
    outcome.result = json_object();
    outcome_write(&outcome, "write_a", json_pack("{s:i}", "n", 1));
    outcome_write_take(&outcome, "write_b", xstrdup("{\"n\":2}"), 7);
    outcome_write(&outcome, "write_a", json_pack("{s:s}", "n", "\xC3\xAB"));
    assert_string_equal(outcome.writes->statement, "write_a");
    assert_string_equal(outcome.writes->json, "{\"n\":1}");
    assert_int_equal(outcome.writes->length, 7);
    assert_string_equal(outcome.writes->next->json, "{\"n\":2}");
    assert_string_equal(outcome.writes->next->next->json, "{\"n\":\"\xC3\xAB\"}");
    assert_null(outcome.writes->next->next->next);
    outcome_release(&outcome);
    assert_null(outcome.writes);
    assert_null(outcome.result);
    outcome_write(&outcome, "write_a", json_pack("{s:i}", "n", 3));
    assert_string_equal(outcome.writes->json, "{\"n\":3}");
    outcome_release(&outcome);
}

TEST(failing_says_why_on_one_line)
{
    struct outcome outcome;

    outcome_init(&outcome);
    assert_int_equal(
        outcome_fail(&outcome, STEP_RETRY, ERROR_CLASS_TIMEOUT, "no\nanswer\x1B in %d s", 5),
        STEP_RETRY);
    assert_int_equal(outcome.error_class, ERROR_CLASS_TIMEOUT);
    assert_string_equal(outcome.error, "no answer  in 5 s");
    /* The database would refuse what is not UTF-8, and the outcome with it. */
    outcome_fail(&outcome, STEP_RETRY, ERROR_CLASS_TIMEOUT,
                 "half \xE2\x82 and \xFF, whole \xC3\xAB");
    assert_string_equal(outcome.error, "half ?? and ?, whole \xC3\xAB");
    outcome_release(&outcome);
}

TEST(a_cut_text_ends_with_a_whole_character)
{
    for (size_t shift = 0; shift < 5; shift++) {
        char text[1000] = "";
        struct outcome outcome;
        size_t length = shift;

        memset(text, 'x', shift);
        for (int i = 0; i < 150; i++) {
            memcpy(text + length, i % 2 == 0 ? "\xE2\x82\xAC" : "\xF0\x9F\x93\xA6", 4);
            length += i % 2 == 0 ? 3 : 4;
        }
        outcome_init(&outcome);
        outcome_fail(&outcome, STEP_FAILED, ERROR_CLASS_UNREADABLE, "%s", text);
        length = strlen(outcome.error);
        assert_in_range(length, sizeof(outcome.error) - 5, sizeof(outcome.error) - 1);

        json_t *string = json_string(outcome.error); /* NULL when it is not valid UTF-8 */

        assert_non_null(string);
        json_decref(string);
        outcome_release(&outcome);
    }
}

TEST(a_request_is_released_and_used_again)
{
    struct http_request request = {.body = xstrdup("{}")};

    http_request_release(&request);
    assert_null(request.body);
    http_request_release(&request);
}
