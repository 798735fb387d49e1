/* Replays inputs without libFuzzer, and so with any compiler: replay_<parser> FILE... Names each
 * file before it is replayed. */
#include <errno.h>

#include "common/error.h"
#include "tests/fuzz/fuzz.h"

/* More than any input that a fuzzer makes here. */
#define INPUT_LIMIT ((size_t)4 << 20)

static bool replay(const char *path)
{
    AUTO(free) uint8_t *bytes = xcalloc(INPUT_LIMIT, 1);
    FILE *file = fopen(path, "rb");

    if (file == NULL) {
        fprintf(stderr, "cannot read '%s': %s\n", path, error_reason(errno));
        return false;
    }

    size_t length = fread(bytes, 1, INPUT_LIMIT, file);

    (void)fclose(file);
    /* Of just the right size, for the sanitizers. */
    bytes = xreallocarray(bytes, length, 1);
    fprintf(stderr, "%s\n", path);
    (void)LLVMFuzzerTestOneInput(bytes, length);
    return true;
}

int main(int argument_count, char **arguments)
{
    bool done = true;

    for (int i = 1; i < argument_count; i++) {
        done = replay(arguments[i]) && done;
    }
    return done ? EXIT_SUCCESS : EXIT_FAILURE;
}
