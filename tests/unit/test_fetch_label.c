#include "tests/unit/kind_helpers.h"

#define PDF "%PDF-1.4\n1 0 obj\nendobj\n\xff\xfe%%EOF\n"

static void begin(struct talk *talk, const char *wanted)
{
    AUTO(free)
    char *text = xasprintf("{\"environment\":\"staging\",\"wanted\":%s}", wanted);

    talk_begin(talk, "fetch_label", json_loads(text, 0, NULL));
}

/* Jobs are begun with empty arguments; the document is told by them. */
static void begin_for(struct talk *talk, const char *wanted, json_int_t document)
{
    begin(talk, "null");
    assert_null(talk->state);
    outcome_release(&talk->outcome);
    json_decref(talk->job.context);
    talk->job.context = json_pack("{s:s, s:o}", "environment", "staging", "wanted",
                                  json_loads(wanted, JSON_DECODE_ANY, NULL));
    json_object_set_new(talk->job.args, "document", json_integer(document));
    talk->state = talk->kind->begin(&talk->job, &talk->outcome);
}

static void begin_one(struct talk *talk)
{
    begin_for(talk, "{\"5\":[\"abc-1\"]}", 5);
    assert_non_null(talk->state);
    assert_int_equal(talk_start(talk), STEP_CALL);
}

TEST(the_labels_of_one_shipment_are_asked_for)
{
    struct talk talk;

    begin_one(&talk);
    assert_string_equal(talk.request.path, "/shipments/abc-1/labels/download");
    assert_string_equal(talk.request.query, "");
    assert_true(talk.request.wants_pdf);
    assert_int_equal(talk.request.environment, ENVIRONMENT_STAGING);
    assert_int_equal(talk.outcome.label_environment, ENVIRONMENT_STAGING);
    talk_end(&talk);
}

TEST(those_of_several_are_asked_for_in_order_and_at_once)
{
    struct talk talk;

    begin_for(&talk, "{\"4\":[\"x\"],\"5\":[\"b\",\"a\",\"c\"]}", 5);
    assert_int_equal(talk_start(&talk), STEP_CALL);
    assert_string_equal(talk.request.path, "/labels/download-shipments");
    assert_string_equal(talk.request.query,
                        "shipments%5B%5D=b&shipments%5B%5D=a&shipments%5B%5D=c");
    talk_end(&talk);
}

TEST(as_many_as_may_be_fit_into_the_request)
{
    struct talk talk;
    json_t *ids = json_array();
    char id[61];

    for (int i = 0; i < 25; i++) {
        snprintf(id, sizeof(id), "%060d", i);
        json_array_append_new(ids, json_string(id));
    }
    json_auto_t *wanted = json_pack("{s:o}", "5", ids);
    AUTO(free) char *text = json_dumps(wanted, 0);

    begin_for(&talk, text, 5);
    assert_int_equal(talk_start(&talk), STEP_CALL);
    assert_string_equal(talk.request.query + strlen(talk.request.query) - 60, id);
    talk_end(&talk);
}

TEST(a_pdf_is_stored_byte_for_byte)
{
    static const char body[] = "%PDF-1.7\0\x80\xff%%EOF";
    struct talk talk;

    begin_one(&talk);
    assert_int_equal(talk_bytes(&talk, 200, body, sizeof(body) - 1), STEP_DONE);

    json_auto_t *row = talk_row(&talk, "write_label_document", 0);

    assert_int_equal(json_integer_value(json_object_get(row, "document")), 5);
    check_member(row, "content", "JVBERi0xLjcAgP8lJUVPRg==");
    talk_end(&talk);
}

TEST(what_is_no_whole_pdf_is_not_stored)
{
    static const struct {
        const char *body, *words;
    } rows[] = {
        {"", "the answer is empty"},
        {"%PDF", "the answer is not a PDF"},
        {"<html>%PDF-1.4 %%EOF</html>", "the answer is not a PDF"},
        {"%PDF-1.4\n1 0 obj", "the PDF has no end"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct talk talk;

        begin_one(&talk);
        ROW_CHECK(rows[i].words, talk_http(&talk, 200, rows[i].body) == STEP_RETRY);
        ROW_CHECK(rows[i].words, talk.outcome.error_class == ERROR_CLASS_UNREADABLE);
        ROW_CHECK(rows[i].words, strstr(talk.outcome.error, rows[i].words) != NULL);
        ROW_CHECK(rows[i].words, talk_rows(&talk, "write_label_document") == 0);
        talk_end(&talk);
    }
}

TEST(an_end_far_from_the_end_is_none)
{
    AUTO(free) char *body = xasprintf("%s%1025s", PDF, " ");
    struct talk talk;

    begin_one(&talk);
    assert_int_equal(talk_http(&talk, 200, body), STEP_RETRY);
    talk_end(&talk);
}

TEST(bad_answers_end_the_attempt_as_their_class_says)
{
    static const struct {
        int status;
        enum step step;
        enum error_class class;
    } rows[] = {
        {404, STEP_FAILED, ERROR_CLASS_CLIENT_ERROR},
        {429, STEP_RETRY, ERROR_CLASS_RATE_LIMITED},
        {503, STEP_RETRY, ERROR_CLASS_SERVER_ERROR},
        {401, STEP_RETRY, ERROR_CLASS_AUTH},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct talk talk;

        begin_one(&talk);
        assert_int_equal(
            talk_http(&talk, rows[i].status,
                      "{\"status\":404,\"title\":\"Not Found\",\"detail\":\"Not Found\"}"),
            rows[i].step);
        assert_int_equal(talk.outcome.error_class, rows[i].class);
        assert_non_null(strstr(talk.outcome.error, "cannot fetch the labels"));
        talk_end(&talk);
    }
}

TEST(a_document_that_nobody_wants_any_more_is_not_fetched)
{
    struct talk talk;

    begin_for(&talk, "{\"4\":[\"abc-1\"]}", 5);
    assert_int_equal(talk_start(&talk), STEP_DONE);
    assert_int_equal(talk_rows(&talk, "write_label_document"), 0);
    talk_end(&talk);
}

TEST(a_context_that_makes_no_sense_fails_the_job)
{
    static const char *const wanted[] = {"{\"5\":[]}", "{\"5\":[7]}", "{\"5\":[\"a/b\"]}",
                                         "{\"5\":null}", "{\"5\":\"a\"}"};

    for (size_t i = 0; i < ARRAY_LENGTH(wanted); i++) {
        struct talk talk;

        begin_for(&talk, wanted[i], 5);
        ROW_CHECK(wanted[i], talk.state == NULL);
        ROW_CHECK(wanted[i], talk.outcome.error_class == ERROR_CLASS_CLIENT_ERROR);
        talk_end(&talk);
    }
}

TEST(what_is_too_large_is_not_fetched_again)
{
    struct talk talk;

    begin_one(&talk);
    assert_int_equal(talk_too_large(&talk), STEP_FAILED);
    assert_int_equal(talk.outcome.error_class, ERROR_CLASS_UNREADABLE);
    assert_string_equal(talk.outcome.error,
                        "cannot fetch the labels: no answer: the answer is larger than 16 MiB");
    talk_end(&talk);
}
