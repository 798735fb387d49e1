/* Lenient JSON: what a strict parser takes is not changed, and what comes out of mending can be
 * stored. */
#include "tests/fuzz/fuzz.h"
#include "worker/api/text/lenient.h"

static const char *const keys[] = {"a", "b", "number", "list"};

static void look_at(json_t *value)
{
    for (size_t i = 0; i < ARRAY_LENGTH(keys); i++) {
        AUTO(free) char *text = lenient_text(value, keys[i], 20);
        json_auto_t *list = lenient_list(value, keys[i]);
        double number = 0;
        int32_t integer = 0;

        fuzz_require_clean(text, 20);
        REQUIRE(list == NULL || json_array_size(list) > 0);
        REQUIRE(!lenient_number(value, keys[i], &number) || (number - number == 0));
        REQUIRE(!lenient_integer(value, keys[i], &integer) || (double)integer == number);
        (void)!lenient_true(value, keys[i]);
        (void)!lenient_is_set(value, keys[i]);
        (void)!lenient_object(value, keys[i]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    size_t length = input.left;
    AUTO(free) char *text = xstrndup((const char *)input.at, length);
    struct mended mended = {.text = NULL};
    struct error err = ERROR_INIT;
    json_auto_t *value = lenient_parse(text, length, &mended, &err);
    json_auto_t *strict = json_loadb(text, length, JSON_DECODE_ANY, NULL);
    AUTO(free) char *clean = text_clean(text, length, 50);

    REQUIRE(value != NULL || err.code == ERROR_DATA);
    fuzz_require_line(err.text);
    fuzz_require_clean(clean, 50);
    if (strict != NULL) {
        REQUIRE(value != NULL && json_equal(strict, value));
    }
    if (mended.text != NULL) {
        struct mended again = {.text = NULL};

        REQUIRE(strlen(mended.text) <= mended.length);
        json_mend(mended.text, mended.length, &again);
        REQUIRE(again.text == NULL); /* it is whole now */
        free(mended.text);
    }
    if (value != NULL) {
        AUTO(free) char *dumped = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

        json_auto_t *again = json_loads(dumped, JSON_DECODE_ANY, NULL); /* refuses zero bytes */

        REQUIRE(dumped != NULL && again != NULL);
        fuzz_require_utf8(dumped);
        look_at(value);
    }
    return 0;
}
