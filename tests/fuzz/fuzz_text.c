/* Texts: cleaned they are one line that cleaning does not change any more, and the references of
 * HTML in them become characters once. */
#include "tests/fuzz/fuzz.h"
#include "worker/api/text/entities.h"
#include "worker/api/text/unicode.h"

#define MOST 40

typedef char *cleaner(const char *bytes, size_t length, size_t most);

static void check_cleaner(cleaner *clean, const char *bytes, size_t length)
{
    AUTO(free) char *once = clean(bytes, length, MOST);

    fuzz_require_clean(once, MOST);
    if (once != NULL) {
        AUTO(free) char *twice = clean(once, strlen(once), MOST);

        REQUIRE(twice != NULL && strcmp(once, twice) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    size_t length = 0;
    size_t decoded_length = 0;
    AUTO(free) char *bytes = fuzz_take_bytes(&input, &length);
    AUTO(free) char *decoded = entities_decode(bytes, length, &decoded_length);
    AUTO(free) char *cleaned = text_clean(bytes, length, length);
    char key[UNICODE_KEY_SIZE];

    check_cleaner(text_clean, bytes, length);
    check_cleaner(text_plain, bytes, length);
    check_cleaner(text_clean, decoded, decoded_length);
    REQUIRE(decoded_length <= length);
    REQUIRE(memchr(bytes, '&', length) != NULL ||
            (decoded_length == length && memcmp(decoded, bytes, length) == 0));
    if (unicode_fold(bytes, length, key)) {
        char again[UNICODE_KEY_SIZE];

        fuzz_require_utf8(key);
        REQUIRE(unicode_fold(key, strlen(key), again));
    } else {
        REQUIRE(key[0] == '\0');
    }
    REQUIRE(cleaned != NULL || !unicode_says_something(bytes));
    return 0;
}
