#include "worker/api/boekuwzending/oauth_answer.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "common/memory.h"
#include "common/utf8.h"
#include "worker/api/answer.h"
#include "worker/api/text/charset.h"
#include "worker/api/text/lenient.h"

#define LIFETIME_DEFAULT_S 3600
#define LIFETIME_MIN_S     60
#define LIFETIME_MAX_S     86400

/* A token goes into a header as it is: visible ASCII only, nothing mended, nothing cut. */
static bool is_token(json_t *value)
{
    const char *text = json_string_value(value);
    size_t length = json_string_length(value);

    if (text == NULL || length == 0 || length > OAUTH_TOKEN_LENGTH) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        if (text[i] <= ' ' || text[i] > '~') {
            return false;
        }
    }
    return true;
}

static int64_t read_lifetime(json_t *answer)
{
    double seconds = 0;

    if (!lenient_number(answer, "expires_in", &seconds)) {
        return LIFETIME_DEFAULT_S;
    }
    if (seconds < LIFETIME_MIN_S) {
        return LIFETIME_MIN_S;
    }
    return seconds < LIFETIME_MAX_S ? (int64_t)seconds : LIFETIME_MAX_S;
}

bool oauth_answer_read(const struct http_response *answer, char **ret_token,
                       int64_t *ret_lifetime_s, char *ret_problem, size_t problem_size)
{
    char words[ANSWER_WORDS];
    bool is_answered = answer_class(answer) == ERROR_CLASS_OK;
    size_t mark = charset_mark_length(answer->body, answer->length);
    json_auto_t *json =
        is_answered ? json_loadb(answer->body + mark, answer->length - mark, 0, NULL) : NULL;
    json_t *token = json_object_get(json, "access_token");

    if (is_token(token)) {
        *ret_token = xstrdup(json_string_value(token));
        *ret_lifetime_s = read_lifetime(json);
        return true;
    }
    answer_describe(answer, words);
    snprintf(ret_problem, problem_size, "%s%s", words,
             is_answered ? ", without a usable access_token" : "");
    utf8_cut(ret_problem, problem_size);
    return false;
}
