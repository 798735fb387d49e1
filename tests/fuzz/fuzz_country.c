/* Countries by code, name and calling code. */
#include "tests/fuzz/fuzz.h"
#include "worker/api/text/country.h"

static void require_code(const char code[3])
{
    REQUIRE(code[0] >= 'A' && code[0] <= 'Z' && code[1] >= 'A' && code[1] <= 'Z');
    REQUIRE(code[2] == '\0');
    REQUIRE(strcmp(code, "UK") != 0 && strcmp(code, "EL") != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    AUTO(free) char *text = fuzz_take_text(&input);
    char code[3] = "??";
    const struct country *country = country_find(text);

    REQUIRE(country == NULL || strcmp(country->code, text) == 0);

    const struct calling_code *calling = country_find_calling(text);

    REQUIRE(calling == NULL || strncmp(text, calling->code, strlen(calling->code)) == 0);
    if (country_read(text, code)) {
        char again[3];

        require_code(code);
        REQUIRE(country_find(code) != NULL);
        REQUIRE(country_read(code, again) && strcmp(again, code) == 0);
    } else {
        REQUIRE(strcmp(code, "??") == 0);
    }
    return 0;
}
