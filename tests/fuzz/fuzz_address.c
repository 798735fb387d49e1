/* Street and house number: no letter and no digit that a customer typed may get lost. */
#include "common/ascii.h"
#include "tests/fuzz/fuzz.h"
#include "worker/api/text/address.h"

/* A street has 200 characters at most, a number 250, by the time that they are split. */
#define FIELD_LENGTH 250

static bool is_kept(char c)
{
    return ascii_is_alphanumeric(c) || (unsigned char)c >= 0x80;
}

/* Counts the letters and digits of a text (perhaps NULL) up, or down. */
static void tally(int counts[256], const char *text, int by)
{
    for (; text != NULL && *text != '\0'; text++) {
        counts[(unsigned char)*text] += is_kept(*text) ? by : 0;
    }
}

/* Cleaned, as the order's fields are when they get here; to be freed. */
static char *take_field(struct fuzz_input *input)
{
    size_t length = 0;
    AUTO(free) char *bytes = fuzz_take_bytes(input, &length);

    return text_clean(bytes, length, FIELD_LENGTH);
}

static void require_nothing_lost(const struct address *address, const char *street,
                                 const char *number)
{
    int counts[256] = {0};

    if (address->line == NULL) {
        tally(counts, address->street, 1);
        tally(counts, address->number, 1);
        tally(counts, address->addition, 1);
    } else {
        tally(counts, address->line, 1);
        fuzz_require_line(address->line);
    }
    tally(counts, street, -1);
    tally(counts, number, -1);
    for (size_t i = 0; i < ARRAY_LENGTH(counts); i++) {
        REQUIRE(counts[i] == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    AUTO(free) char *street = take_field(&input);
    AUTO(free) char *number = take_field(&input);
    AUTO(address) struct address address = {.street = NULL};

    address_split(street, number, &address);
    require_nothing_lost(&address, street, number);
    REQUIRE(address.number == NULL ||
            (text_is_digits(address.number) && strlen(address.number) <= 10));
    REQUIRE(address.addition == NULL || address.addition[0] != '\0');
    if (address.street != NULL) {
        fuzz_require_utf8(address.street);
    }
    if (address.addition != NULL) {
        fuzz_require_utf8(address.addition);
    }
    return 0;
}
