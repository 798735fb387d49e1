#include "tests/unit/unit.h"

#include <string.h>

#include "common/sealing.h"
#include "panel/session/password.h"
#include "panel/session/token.h"

static void start(void)
{
    struct error err = ERROR_INIT;

    assert_true(sealing_start(&err));
}

FIXTURE(.before_all = start)

TEST(no_two_tokens_are_the_same)
{
    struct token one = token_make();
    struct token two = token_make();

    assert_true(token_is_one(one.text));
    assert_true(token_is_one(two.text));
    assert_string_not_equal(one.text, two.text);
}

TEST(what_is_no_token_is_not_looked_up)
{
    assert_false(token_is_one(""));
    assert_false(token_is_one("abc"));
    assert_false(token_is_one("0123456789012345678901234567890123456789 12"));
    assert_false(token_is_one("01234567890123456789012345678901234567890123"));
    assert_true(token_is_one("0123456789_-23456789012345678901234567890AZ"));
}

/* As sha256() of PostgreSQL and the tables of the standard have it. */
TEST(the_hash_is_sha_256)
{
    assert_string_equal(token_hash("abc").text,
                        "\\xba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(a_proof_is_of_one_token_only)
{
    struct token one = token_make();
    struct token two = token_make();
    struct token_proof proof = token_proof(one.text);

    assert_true(token_proves(one.text, proof.text));
    assert_false(token_proves(two.text, proof.text));
    assert_false(token_proves(one.text, ""));
    assert_false(token_proves(one.text, one.text));
    proof.text[TOKEN_LENGTH - 1] = proof.text[TOKEN_LENGTH - 1] == 'A' ? 'E' : 'A';
    assert_false(token_proves(one.text, proof.text));
    assert_string_not_equal(token_proof(one.text).text, token_hash(one.text).text);
}

TEST(a_password_is_known_again_and_another_is_not)
{
    char hash[PASSWORD_HASH_SIZE];
    struct error err = ERROR_INIT;
    bool is_right = false;

    assert_true(password_hash("correct horse", hash, &err));
    assert_int_equal(strncmp(hash, "$argon2id$v=19$m=19456,t=2,p=1$", 31), 0);
    assert_true(password_check(hash, "correct horse", &is_right, &err));
    assert_true(is_right);
    assert_true(password_check(hash, "correct hors", &is_right, &err));
    assert_false(is_right);
    assert_true(password_check(NULL, "correct horse", &is_right, &err));
    assert_false(is_right);
    assert_true(password_check("no hash", "correct horse", &is_right, &err));
    assert_false(is_right);
}

TEST(a_password_has_a_least_length)
{
    char hash[PASSWORD_HASH_SIZE];
    struct error err = ERROR_INIT;

    assert_false(password_hash("ninebytes", hash, &err));
    assert_int_equal(err.code, ERROR_DATA);
}
