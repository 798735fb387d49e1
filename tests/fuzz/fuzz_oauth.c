/* The answer to a request for a bearer token. */
#include "tests/fuzz/fuzz.h"
#include "worker/api/boekuwzending/oauth_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int statuses[] = {200, 201, 400, 401, 503};
    struct fuzz_input input = {data, size};
    struct http_response answer = {.transport = ERROR_CLASS_OK, .trouble = ""};
    char *token = NULL;
    int64_t lifetime_s = -7;
    char problem[200] = "";

    answer.status = statuses[fuzz_take_byte(&input) % ARRAY_LENGTH(statuses)];

    AUTO(free) char *body = fuzz_take_bytes(&input, &answer.length);

    answer.body = body;
    if (!oauth_answer_read(&answer, &token, &lifetime_s, problem, sizeof(problem))) {
        REQUIRE(token == NULL && lifetime_s == -7 && problem[0] != '\0');
        fuzz_require_line(problem);
        return 0;
    }
    REQUIRE(answer.status == 200 || answer.status == 201);
    REQUIRE(lifetime_s >= 60 && lifetime_s <= 86400 && problem[0] == '\0');
    REQUIRE(token[0] != '\0' && strlen(token) <= OAUTH_TOKEN_LENGTH);
    for (const char *at = token; *at != '\0'; at++) {
        REQUIRE(*at > ' ' && *at <= '~'); /* it goes into a header as it is */
    }
    free_secret(token);
    return 0;
}
