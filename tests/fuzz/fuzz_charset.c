/* A body in another character set: its Content-Type, then the bytes. */
#include "tests/fuzz/fuzz.h"
#include "worker/api/text/charset.h"

static bool is_utf8(const char *bytes, size_t left)
{
    while (left > 0) {
        size_t length = utf8_length(bytes, left);

        if (length == 0) {
            return false;
        }
        bytes += length;
        left -= length;
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    AUTO(free) char *content_type = fuzz_take_text(&input);
    size_t length = 0;
    AUTO(free) char *bytes = fuzz_take_bytes(&input, &length);
    AUTO(buffer) struct buffer text = BUFFER_INIT(1U << 20);

    REQUIRE(charset_mark_length(bytes, length) <= length);
    if (!charset_to_utf8(content_type, bytes, length, &text)) {
        REQUIRE(text.length == 0);
        return 0;
    }
    /* Each byte of such a set is a character, or is marked as none. */
    REQUIRE(!is_utf8(bytes, length) && is_utf8(text.bytes, text.length));
    REQUIRE(text.length > length && text.length <= 3 * length);
    REQUIRE(strcasestr(content_type, "charset=") != NULL);
    if (fuzz_note != NULL) {
        fuzz_note(text.bytes, text.length);
    }
    return 0;
}
