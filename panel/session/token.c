#include "panel/session/token.h"

#include <sodium.h>
#include <string.h>

#define TOKEN_BYTES 32

/* What is hashed with the token as the key; another use would have another text. */
static const char proof_of[] = "koppeling-panel form";

_Static_assert(sodium_base64_ENCODED_LEN(TOKEN_BYTES, sodium_base64_VARIANT_URLSAFE_NO_PADDING) ==
                   TOKEN_LENGTH + 1,
               "the length of a token");

static void write_base64(const unsigned char bytes[TOKEN_BYTES], char ret_text[TOKEN_LENGTH + 1])
{
    (void)sodium_bin2base64(ret_text, TOKEN_LENGTH + 1, bytes, TOKEN_BYTES,
                            sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

struct token token_make(void)
{
    unsigned char bytes[TOKEN_BYTES];
    struct token token = {.text = ""};

    randombytes_buf(bytes, sizeof(bytes));
    write_base64(bytes, token.text);
    sodium_memzero(bytes, sizeof(bytes));
    return token;
}

bool token_is_one(const char *text)
{
    return strlen(text) == TOKEN_LENGTH &&
           strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") ==
               TOKEN_LENGTH;
}

struct token_hash token_hash(const char *text)
{
    unsigned char bytes[crypto_hash_sha256_BYTES];
    struct token_hash hash = {.text = "\\x"};

    (void)crypto_hash_sha256(bytes, (const unsigned char *)text, strlen(text));
    (void)sodium_bin2hex(hash.text + 2, sizeof(hash.text) - 2, bytes, sizeof(bytes));
    return hash;
}

struct token_proof token_proof(const char *token)
{
    unsigned char bytes[TOKEN_BYTES];
    struct token_proof proof = {.text = ""};

    (void)crypto_generichash(bytes, sizeof(bytes), (const unsigned char *)proof_of,
                             sizeof(proof_of) - 1, (const unsigned char *)token, strlen(token));
    write_base64(bytes, proof.text);
    return proof;
}

bool token_proves(const char *token, const char *proof)
{
    struct token_proof right = token_proof(token);

    return strlen(proof) == TOKEN_LENGTH && sodium_memcmp(right.text, proof, TOKEN_LENGTH) == 0;
}
