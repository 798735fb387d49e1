#include "tests/unit/kind_helpers.h"

#include "worker/api/answer.h"

static struct http_response http_answer(int status, const char *body)
{
    return (struct http_response){.transport = ERROR_CLASS_OK,
                                  .status = status,
                                  .body = body,
                                  .length = strlen(body),
                                  .retry_after_ms = -1,
                                  .trouble = ""};
}

TEST(each_status_has_its_class)
{
    static const struct {
        int status;
        enum error_class class;
    } rows[] = {
        {200, ERROR_CLASS_OK},           {204, ERROR_CLASS_OK},
        {301, ERROR_CLASS_CLIENT_ERROR}, {400, ERROR_CLASS_CLIENT_ERROR},
        {401, ERROR_CLASS_AUTH},         {403, ERROR_CLASS_AUTH},
        {404, ERROR_CLASS_UNREADABLE},   {422, ERROR_CLASS_CLIENT_ERROR},
        {408, ERROR_CLASS_TIMEOUT},      {429, ERROR_CLASS_RATE_LIMITED},
        {500, ERROR_CLASS_SERVER_ERROR}, {503, ERROR_CLASS_SERVER_ERROR},
        {599, ERROR_CLASS_SERVER_ERROR}, {0, ERROR_CLASS_UNREADABLE},
        {999, ERROR_CLASS_UNREADABLE},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct http_response answer = http_answer(rows[i].status, "");

        assert_int_equal(answer_class(&answer), rows[i].class);
    }

    struct http_response missing = http_answer(404, "{\"title\":\"Not Found\"}");

    assert_int_equal(answer_class(&missing), ERROR_CLASS_CLIENT_ERROR);

    struct http_response none = {.transport = ERROR_CLASS_TLS, .body = "", .trouble = "expired"};
    char words[ANSWER_WORDS];

    assert_int_equal(answer_class(&none), ERROR_CLASS_TLS);
    answer_describe(&none, words);
    assert_string_equal(words, "no answer: expired");
}

/* Whatever stands before the API answers 404 too: when it is down, moved or misrouted. */
TEST(only_the_api_itself_says_that_something_is_missing)
{
    static const struct {
        int status;
        const char *body;
        bool is_missing;
    } rows[] = {
        {404, "{\"title\":\"Not Found\",\"status\":404}", true},
        {404, " {\"type\":\"about:blank\",\"title\":\"Not Found\"} ", true},
        {404, "{\"detail\":\"no such order\"}", true},
        {404, "{\"code\":7,\"message\":\"Order not found\",\"description\":\"\"}", true},
        {404, "{\"hydra:title\":\"An error occurred\"}", true},
        {404, "{\"status\":404}", true},
        {404, "{\"code\":\"404\"}", true},
        {404, "", false},
        {404, "<!DOCTYPE html><html><title>404 Not Found</title></html>", false},
        {404, "Not Found", false},
        {404, "\"Not Found\"", false},
        {404, "{}", false},
        {404, "[]", false},
        {404, "[{\"title\":\"Not Found\"}]", false},
        {404, "null", false},
        {404, "404", false},
        {404, "{\"status\":200}", false},
        {404, "{\"number\":\"20411\"}", false},
        {404, "{\"title\":\"Not Found\"", false},
        {410, "{\"title\":\"Gone\"}", false},
        {200, "{\"title\":\"Not Found\"}", false},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct http_response answer = http_answer(rows[i].status, rows[i].body);

        ROW_CHECK(rows[i].body, answer_is_missing(&answer) == rows[i].is_missing);
        if (rows[i].status == 404) {
            ROW_CHECK(rows[i].body,
                      answer_class(&answer) ==
                          (rows[i].is_missing ? ERROR_CLASS_CLIENT_ERROR : ERROR_CLASS_UNREADABLE));
        }
    }

    struct http_response none = {
        .transport = ERROR_CLASS_TIMEOUT, .status = 404, .body = "", .trouble = "timed out"};

    assert_false(answer_is_missing(&none));
}

TEST(an_answer_is_described_without_its_content)
{
    static const struct {
        int status;
        const char *body;
        const char *words;
    } rows[] = {
        {422, "{\"type\":\"x\",\"title\":\"Validation failed\",\"detail\":\"status is unknown\"}",
         "HTTP 422: Validation failed: status is unknown"},
        {400, "{\"code\":7,\"message\":\"Bad request\",\"description\":null}",
         "HTTP 400: Bad request"},
        {400, "{\"detail\":\"only this\"}", "HTTP 400: only this"},
        {404, "{\"title\":\"No order for jan@example.org\"}", "HTTP 404: No order for ..."},
        {401, "{\"title\":\"Bad token 0123456789abcdef0123456789\"}", "HTTP 401: Bad token ..."},
        {500, "", "HTTP 500 with an empty answer"},
        {502, "  <html><title>Fenna Testveld</title>", "HTTP 502 with an HTML page"},
        {500, "{\"name\":\"Fenna Testveld\"}", "HTTP 500 with an object"},
        {500, "[]", "HTTP 500 with a list"},
        {500, "Fenna Testveld", "HTTP 500 with text"},
        {500, "\xEF\xBB\xBF <html>", "HTTP 500 with an HTML page"},
        {500, "\xEF\xBB\xBF", "HTTP 500 with an empty answer"},
        {500, "\xEF\xBB\xBF{\"title\":\"behind a mark\"}", "HTTP 500: behind a mark"},
        {500, "{\"title\":\"a\\nb\\u001b[31m\"}", "HTTP 500: a b[31m"},
        {500, "{\"title\":[1],\"detail\":{}}", "HTTP 500 with an object"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct http_response answer = http_answer(rows[i].status, rows[i].body);
        char words[ANSWER_WORDS];

        answer_describe(&answer, words);
        check_text(rows[i].body, words, rows[i].words);
    }
}

TEST(endless_problem_texts_are_cut)
{
    char title[4000];
    char words[ANSWER_WORDS];

    for (size_t i = 0; i < sizeof(title); i++) {
        title[i] = i % 8 == 0 ? ' ' : 'x';
    }

    AUTO(free) char *body = xasprintf("{\"title\":\"%.*s\"}", (int)sizeof(title), title);

    struct http_response answer = http_answer(500, body);

    answer_describe(&answer, words);
    assert_in_range(strlen(words), 60, 100);
}

TEST(words_are_never_cut_inside_a_character)
{
    char title[4 * 80 + 1] = "";
    char words[ANSWER_WORDS];

    for (size_t shift = 0; shift < 4; shift++) {
        memset(title, 'x', shift);
        for (size_t i = shift; i + 4 < sizeof(title); i += 4) {
            memcpy(title + i, "\xF0\x9F\x93\xA6", 5);
        }

        AUTO(free) char *body = xasprintf("{\"title\":\"%s\"}", title);
        struct http_response answer = http_answer(500, body);

        answer_describe(&answer, words);
        assert_in_range(strlen(words), 200, sizeof(words) - 1);

        json_auto_t *described = json_string(words); /* NULL when it is not valid UTF-8 */

        assert_non_null(described);
        answer_describe_body(body, strlen(body), words);
        assert_in_range(strlen(words), 200, sizeof(words) - 1);

        json_auto_t *body_described = json_string(words);

        assert_non_null(body_described);
    }
}

TEST(a_body_that_is_no_list_is_described)
{
    static const char *const rows[][2] = {
        {"{\"title\":\"Maintenance\"}", "an object (title: Maintenance)"},
        {"{\"a\":1}", "an object"},
        {"<!DOCTYPE html>", "an HTML page"},
        {"", "an empty answer"},
        {"\"a string\"", "text"},
        {"\x1F\x8B\x08", "gzip"},
        {"<?xml version=\"1.0\"?>", "an XML document"},
        {"%PDF-1.4", "a PDF"},
        {"\xFF\xFE[", "text in UTF-16"},
        {"\xEF\xBB\xBF[]", "a list"},
        {"\xEF\xBB\xBF \n", "an empty answer"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        char words[ANSWER_WORDS];

        answer_describe_body(rows[i][0], strlen(rows[i][0]), words);
        check_text(rows[i][0], words, rows[i][1]);
    }
}

TEST(what_is_no_json_is_named_beside_what_is_wrong)
{
    static const char *const rows[][2] = {
        {"<!DOCTYPE html>", "not valid: it is an HTML page"},
        {"\x1F\x8B\x08", "not valid: it is gzip"},
        {"", "not valid: it is an empty answer"},
        {"OK", "not valid: it is text"},
        {"{", "not valid"},
        {" [1,", "not valid"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct http_response answer = http_answer(200, rows[i][0]);
        char words[ANSWER_WORDS];

        answer_explain(&answer, "not valid", words);
        check_text(rows[i][0], words, rows[i][1]);
    }
}
