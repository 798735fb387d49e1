/* What else comes from outside: a portal's token, cookies, texts for a page; key, then the rest. */
#include "common/sealing.h"
#include "panel/server/cookie.h"
#include "panel/session/portal_token.h"
#include "panel/template/escape.h"
#include "tests/fuzz/fuzz.h"

static void try_escapes(const char *text)
{
    AUTO(buffer) struct buffer html = BUFFER_INIT(1U << 22);
    AUTO(buffer) struct buffer url = BUFFER_INIT(1U << 22);
    AUTO(buffer) struct buffer part = BUFFER_INIT(1U << 22);

    REQUIRE(escape_html(text, &html) && escape_url(text, &url) && escape_url_part(text, &part));
    REQUIRE(html.length == 0 || strpbrk(html.bytes, "<>\"'") == NULL);
    REQUIRE(url.length > 0 && strpbrk(url.bytes, "<>\"'\\\n") == NULL);
    REQUIRE(url.bytes[0] == '#' || url.bytes[0] == '/' || url.bytes[0] == '?' ||
            strncasecmp(url.bytes, "http", 4) == 0);
    REQUIRE(part.length == 0 || strpbrk(part.bytes, "<>\"'/&?=#: ") == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    AUTO(free) char *key = fuzz_take_text(&input);
    AUTO(free) char *text = fuzz_take_text(&input);
    struct error err = ERROR_INIT;
    json_t *claims = NULL;
    char value[64];

    if (sealing_start(&err) && portal_token_open(text, key, 1800000000, &claims, &err)) {
        REQUIRE(json_is_object(claims));
        json_decref(claims);
    }
    if (cookie_find(text, "koppeling", value, sizeof(value))) {
        REQUIRE(strlen(value) < sizeof(value) && strchr(value, ';') == NULL);
    }
    try_escapes(text);
    return 0;
}
