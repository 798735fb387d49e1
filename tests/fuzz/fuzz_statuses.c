/* The list of order statuses. */
#include "tests/fuzz/fuzz.h"
#include "worker/api/shop/statuses.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    struct error err = ERROR_INIT;
    json_auto_t *statuses = NULL;
    size_t length = 0;
    AUTO(free) char *body = fuzz_take_bytes(&input, &length);

    if (!statuses_read(body, length, &statuses, &err)) {
        REQUIRE(err.code == ERROR_DATA && statuses == NULL);
        fuzz_require_line(err.text);
        return 0;
    }
    REQUIRE(json_is_array(statuses) && json_array_size(statuses) <= STATUSES_COUNT);
    for (size_t i = 0; i < json_array_size(statuses); i++) {
        json_t *entry = json_array_get(statuses, i);
        const char *description = statuses_description(entry);
        json_t *other = statuses_find_other_shipped(statuses, statuses_id(entry));

        fuzz_require_clean(description[0] != '\0' ? description : NULL, 100);
        REQUIRE(statuses_id(statuses_find(statuses, statuses_id(entry))) == statuses_id(entry));
        REQUIRE(other == NULL ||
                (other != entry && statuses_says_shipped(other) && !statuses_is_credit(other)));
    }
    REQUIRE(statuses_find(statuses, INT32_MIN) == NULL ||
            statuses_id(statuses_find(statuses, INT32_MIN)) == INT32_MIN);
    return 0;
}
