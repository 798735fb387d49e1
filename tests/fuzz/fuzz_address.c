/* Street and house number: no letter and no digit that a customer typed may get lost. */
#include "common/ascii.h"
#include "tests/fuzz/fuzz.h"
#include "worker/api/text/address.h"
#include "worker/api/text/unicode.h"

/* A street has 200 characters at most, a number 250, by the time that they are split. */
#define FIELD_LENGTH 250

static bool is_kept(char c)
{
    return ascii_is_alphanumeric(c) || (unsigned char)c >= 0x80;
}

/* Counts the letters and digits of a text (perhaps NULL) up, or down; not the dashes. */
static void tally(int counts[256], const char *text, int by)
{
    for (size_t left = text != NULL ? strlen(text) : 0; left > 0;) {
        uint32_t character = 0;
        size_t length = unicode_next(text, left, &character);

        for (size_t i = 0; i < length && unicode_plain(character) != '-'; i++) {
            counts[(unsigned char)text[i]] += is_kept(text[i]) ? by : 0;
        }
        text += length;
        left -= length;
    }
}

/* Cleaned, as the order's fields are when they get here; to be freed. */
static char *take_field(struct fuzz_input *input,
                        char *(*clean)(const char *bytes, size_t length, size_t most))
{
    size_t length = 0;
    AUTO(free) char *bytes = fuzz_take_bytes(input, &length);

    return clean(bytes, length, FIELD_LENGTH);
}

/* A number that was given twice is there once, and so are the other words of its line. */
static void require_told_once(const struct address *address, const char *street, const char *number)
{
    size_t length = strlen(address->line);
    size_t tail = strlen(number);

    REQUIRE(address->number != NULL);
    REQUIRE(strcmp(address->line, street) == 0 ||
            (length >= tail && strcmp(address->line + length - tail, number) == 0));
    fuzz_require_line(address->line);
}

static void require_nothing_lost(const struct address *address, const char *street,
                                 const char *number)
{
    int counts[256] = {0};

    if (address->is_twice) {
        require_told_once(address, street, number);
        return;
    }
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
    AUTO(free) char *street = take_field(&input, text_clean);
    AUTO(free) char *number = take_field(&input, text_plain);
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
