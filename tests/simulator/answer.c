#include "tests/simulator/answer.h"

#include <microhttpd.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tests/simulator/json_text.h"

void answer_init(struct answer *answer)
{
    *answer = (struct answer){.status = 200, .body = TEXT_INIT, .content_type = JSON_TYPE};
}

void answer_release(struct answer *answer)
{
    buffer_release(&answer->body);
}

void answer_restart(struct answer *answer, int status)
{
    answer_release(answer);
    answer_init(answer);
    answer->status = status;
}

void answer_problem(struct answer *answer, enum api api, int status, const char *format, ...)
{
    char detail[300];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(detail, sizeof(detail), format, arguments);
    va_end(arguments);

    const char *title = MHD_get_reason_phrase_for((unsigned)status);
    buffer_clear(&answer->body);
    answer->status = status;
    if (api == API_CONTROL) {
        put_text(&answer->body, "{\"error\":");
        put_string(&answer->body, detail);
        put_text(&answer->body, "}");
    } else if (api == API_MIJNWEBWINKEL) {
        put(&answer->body, "{\"type\":\"about:blank\",\"title\":\"%s\",\"detail\":", title);
        put_string(&answer->body, detail);
        put(&answer->body, ",\"status\":%d}", status);
    } else {
        answer->content_type = PROBLEM_TYPE;
        put_text(&answer->body, "{\"type\":\"https://tools.ietf.org/html/rfc2616#section-10\","
                                "\"title\":\"An error occurred\",\"detail\":");
        put_string(&answer->body, detail);
        put_text(&answer->body, "}");
    }
}

void answer_json(struct answer *answer, int status, json_t *json)
{
    AUTO(json) json_t *owned = json;

    answer->status = status;
    buffer_clear(&answer->body);
    put_json(&answer->body, owned);
}

void answer_text(struct answer *answer, int status, const char *text)
{
    answer->status = status;
    buffer_clear(&answer->body);
    put_text(&answer->body, text);
}

uint64_t answer_length(const struct answer *answer)
{
    if (answer->runs[0].text == NULL) {
        return answer->body.length;
    }
    uint64_t length = 0;
    for (size_t i = 0; i < ANSWER_RUNS && answer->runs[i].text != NULL; i++) {
        length += strlen(answer->runs[i].text) * answer->runs[i].times;
    }
    return length;
}
