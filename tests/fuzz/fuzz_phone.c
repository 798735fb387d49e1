/* Phone numbers: E.164 or untouched, and no "+" merely put in front. */
#include "common/ascii.h"
#include "tests/fuzz/fuzz.h"
#include "worker/api/text/country.h"
#include "worker/api/text/phone.h"

static const char *const countries[] = {NULL, "NL", "BE", "DE", "FR", "GB", "LU",
                                        "IT", "XX", "",   "DK", "HU", "US", "LT"};

/* Whether the text reads "+31612345678". */
static bool is_e164(const char *text)
{
    size_t digits = strspn(text + 1, "0123456789");

    return text[0] == '+' && text[1] != '0' && digits >= 7 && digits <= 15 &&
           text[1 + digits] == '\0';
}

/* The digits of the number must end as those of what was typed do. */
static void require_same_end(const char *number, const char *text)
{
    const char *at = number + strlen(number);
    int compared = 0;

    if (strstr(text, "(0)") != NULL) {
        return; /* that zero is left out */
    }
    for (const char *typed = text + strlen(text); typed > text && compared < 4; typed--) {
        if (ascii_is_digit(typed[-1])) {
            REQUIRE(at > number && *--at == typed[-1]);
            compared++;
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    const char *country = countries[fuzz_take_byte(&input) % ARRAY_LENGTH(countries)];
    AUTO(free) char *typed = fuzz_take_text(&input);
    AUTO(free) char *text = text_plain(typed, strlen(typed), PHONE_LENGTH); /* as orders are */
    AUTO(free) char *number = phone_normalise(text, country);
    AUTO(free) char *callable = phone_callable(text, country);

    if (text == NULL || number == NULL) {
        REQUIRE(number == NULL && (text == NULL || strpbrk(text, "123456789") == NULL));
        return 0;
    }
    fuzz_require_clean(number, PHONE_LENGTH);
    if (strcmp(number, text) != 0) {
        REQUIRE(is_e164(number));
        require_same_end(number, text);
    }
    REQUIRE(callable == NULL || is_e164(callable));
    REQUIRE(strcmp(number, text) == 0 || (callable != NULL && strcmp(callable, number) == 0));
    if (is_e164(number)) {
        AUTO(free) char *again = phone_normalise(number, NULL);

        REQUIRE(again != NULL && strcmp(again, number) == 0);
    }
    return 0;
}
