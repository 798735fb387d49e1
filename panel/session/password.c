#include "panel/session/password.h"

#include <sodium.h>
#include <stdatomic.h>
#include <string.h>

/* What OWASP names as the least for argon2id: 19 MiB and two passes. */
#define OPERATIONS 2
#define MEMORY     ((size_t)19 * 1024 * 1024)

/* So that a flood of guesses neither takes the memory nor all threads. */
#define AT_ONCE 2

/* A hash of nothing that anybody knows, with the parameters above: for logins that are none. */
static const char nobody[] = "$argon2id$v=19$m=19456,t=2,p=1$"
                             "c29tZXNhbHRzb21lc2FsdA$"
                             "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

static atomic_int busy;

_Static_assert(PASSWORD_HASH_SIZE >= crypto_pwhash_STRBYTES, "room for a hash");

static bool is_free(struct error *err)
{
    if (atomic_fetch_add(&busy, 1) < AT_ONCE) {
        return true;
    }
    atomic_fetch_sub(&busy, 1);
    return error_set(err, ERROR_UNAVAILABLE, "too many sign in at the same time");
}

bool password_hash(const char *password, char ret_hash[PASSWORD_HASH_SIZE], struct error *err)
{
    size_t length = strlen(password);

    if (length < PASSWORD_LEAST || length > PASSWORD_MOST) {
        return error_set(err, ERROR_DATA, "the password is not of %d to %d bytes", PASSWORD_LEAST,
                         PASSWORD_MOST);
    }
    if (crypto_pwhash_str_alg(ret_hash, password, length, OPERATIONS, MEMORY,
                              crypto_pwhash_ALG_ARGON2ID13) != 0) {
        return error_set(err, ERROR_SYSTEM, "cannot hash a password: out of memory");
    }
    return true;
}

bool password_check(const char *hash, const char *password, bool *ret_is_right, struct error *err)
{
    if (!is_free(err)) {
        return false;
    }

    size_t length = strlen(password);
    bool matches = length <= PASSWORD_MOST &&
                   crypto_pwhash_str_verify(hash != NULL ? hash : nobody, password, length) == 0;

    atomic_fetch_sub(&busy, 1);
    *ret_is_right = hash != NULL && matches;
    return true;
}
