/* Error reports and whatever else a service answers instead of what was asked for: their words are
 * recorded, so they must be short, printable, and hold nothing personal. */
#include "tests/fuzz/fuzz.h"
#include "worker/api/answer.h"
#include "worker/api/problem.h"

static void check_words(const char *words, size_t size)
{
    REQUIRE(strlen(words) < size);
    fuzz_require_line(words);
    REQUIRE(strchr(words, '@') == NULL);
}

static void check_scrub(const char *text)
{
    AUTO(free) char *copy = xstrdup(text);
    AUTO(free) char *again = NULL;

    text_scrub(copy);
    REQUIRE(strlen(copy) <= strlen(text) && strpbrk(copy, "@=") == NULL);
    for (const char *at = copy; *at != '\0'; at += strcspn(at, " "), at += strspn(at, " ")) {
        size_t count = 0;

        for (size_t i = 0; i < strcspn(at, " "); i++) {
            count += strchr("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
                            at[i]) != NULL;
        }
        REQUIRE(count < 20);
    }
    again = xstrdup(copy);
    text_scrub(again);
    REQUIRE(strcmp(again, copy) == 0);
}

static void check_quotes(const char *text)
{
    AUTO(free) char *copy = xstrdup(text);

    problem_drop_quoted(copy);
    REQUIRE(strlen(copy) <= strlen(text));
    REQUIRE(strpbrk(copy, "\"`") == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int statuses[] = {200, 302, 401, 404, 422, 429, 500, 600, -1, 99999};
    struct fuzz_input input = {data, size};
    struct http_response answer = {.trouble = "it broke", .retry_after_ms = -1};
    uint8_t which = fuzz_take_byte(&input);
    AUTO(free) char *body = fuzz_take_bytes(&input, &answer.length);
    char words[ANSWER_WORDS];
    char problem[PROBLEM_WORDS];

    answer.status = statuses[which % ARRAY_LENGTH(statuses)];
    answer.transport = which >= 0x80 ? ERROR_CLASS_NETWORK : ERROR_CLASS_OK;
    answer.body = body;
    answer_describe(&answer, words);
    check_words(words, sizeof(words));
    answer_describe_body(answer.body, answer.length, words);
    check_words(words, sizeof(words));
    answer_explain(&answer, "not valid", words);
    check_words(words, sizeof(words));
    problem_read(answer.body, answer.length, problem);
    check_words(problem, sizeof(problem));
    REQUIRE((answer_class(&answer) == ERROR_CLASS_OK) == (which < 0x80 && answer.status == 200));
    check_scrub(body);
    check_quotes(body);
    return 0;
}
