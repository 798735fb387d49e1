/* Whose credentials they are, as Boekuwzending tells it, and the whole of the job that asks. */
#include "tests/fuzz/conversation.h"

/* The bits of the first byte. */
#define STAGING       1
#define TOKEN_PROBLEM 2

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    uint8_t variant = fuzz_take_byte(&input);

    converse("verify_account",
             json_pack("{s:{s:s}}", "args", "environment",
                       (variant & STAGING) != 0 ? "staging" : "production"),
             (variant & TOKEN_PROBLEM) != 0 ? "cannot be opened" : NULL, &input);
    return 0;
}
