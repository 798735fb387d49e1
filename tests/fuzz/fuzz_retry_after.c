/* The Retry-After header. */
#include "tests/fuzz/fuzz.h"
#include "worker/calls/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const int64_t now_s = 1795478400; /* 2026-11-24 00:00:00 */
    struct fuzz_input input = {data, size};
    AUTO(free) char *value = fuzz_take_text(&input);
    int64_t wait_ms = http_retry_after_ms(value, now_s);

    REQUIRE(wait_ms == -1 || (wait_ms >= 0 && wait_ms <= 3600000 && wait_ms % 1000 == 0));
    if (strlen(value) < 10 && text_is_digits(value)) {
        int64_t wanted = strtoll(value, NULL, 10) * 1000;

        REQUIRE(wait_ms == (wanted > 3600000 ? 3600000 : wanted));
    }
    return 0;
}
