/* What is downloaded as labels, and the whole of the job that asks for it. */
#include "tests/fuzz/conversation.h"

/* The bits of the first byte. */
#define SEVERAL       1
#define STAGING       2
#define TOKEN_PROBLEM 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    uint8_t variant = fuzz_take_byte(&input);
    json_t *shipments =
        (variant & SEVERAL) != 0 ? json_pack("[s, s]", "b-2", "a-1") : json_pack("[s]", "a-1");

    converse("fetch_label",
             json_pack("{s:{s:i}, s:s, s:{s:o}}", "args", "document", 5, "environment",
                       (variant & STAGING) != 0 ? "staging" : "production", "wanted", "5",
                       shipments),
             (variant & TOKEN_PROBLEM) != 0 ? "cannot be opened" : NULL, &input);
    return 0;
}
