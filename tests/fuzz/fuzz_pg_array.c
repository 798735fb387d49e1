/* Array literals: what PostgreSQL reads is what was written. The reader below follows its manual,
 * section 8.15.6. */
#include "tests/fuzz/fuzz.h"
#include "worker/queue/pg_array.h"

#define ELEMENTS 64

/* Reads one element of a literal: a new text, or NULL for an SQL NULL. *at moves behind it. */
static char *read_element(const char **at)
{
    if (**at != '"') {
        size_t length = strcspn(*at, ",}");
        char *text = xstrndup(*at, length);

        REQUIRE(length > 0 && strpbrk(text, "\"\\{ ") == NULL);
        *at += length;
        if (strcmp(text, "NULL") == 0) {
            free(text);
            return NULL;
        }
        return text;
    }

    char *text = xcalloc(strlen(*at), 1);
    size_t length = 0;

    for ((*at)++; **at != '"'; (*at)++) {
        *at += **at == '\\' ? 1 : 0;
        REQUIRE(**at != '\0');
        text[length++] = **at;
    }
    (*at)++;
    return text;
}

/* Fails unless the literal holds just these elements. */
static void require_elements(const char *literal, char *const *elements, size_t count)
{
    const char *at = literal;

    REQUIRE(*at++ == '{');
    for (size_t i = 0; i < count; i++) {
        AUTO(free) char *element = read_element(&at);

        REQUIRE((element == NULL) == (elements[i] == NULL));
        REQUIRE(element == NULL || strcmp(element, elements[i]) == 0);
        REQUIRE(*at == (i + 1 == count ? '}' : ','));
        at += i + 1 == count ? 0 : 1;
    }
    REQUIRE(strcmp(at, "}") == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    struct pg_array array;
    char *elements[ELEMENTS] = {NULL};
    size_t count = 0;

    pg_array_init(&array);
    while (input.left > 0 && count < ELEMENTS) {
        uint8_t kind = fuzz_take_byte(&input);

        if (kind % 4 == 0) {
            pg_array_text(&array, NULL);
        } else if (kind % 4 == 1) {
            elements[count] = xasprintf("%d", kind - 100);
            pg_array_integer(&array, kind - 100);
        } else {
            elements[count] = fuzz_take_text(&input);
            pg_array_text(&array, elements[count]);
        }
        count++;
    }

    AUTO(free) char *literal = pg_array_steal(&array);

    require_elements(literal, elements, count);
    for (size_t i = 0; i < count; i++) {
        free(elements[i]);
    }
    pg_array_release(&array);
    return 0;
}
