/*
 * Passwords: argon2id of libsodium. Making or checking a hash takes some 20 MB and tens of
 * milliseconds, so at most two are at it at a time; sealing_start() comes first. Any thread.
 */
#ifndef PANEL_SESSION_PASSWORD_H
#define PANEL_SESSION_PASSWORD_H

#include <stdbool.h>

#include "common/error.h"

#define PASSWORD_LEAST 10
#define PASSWORD_MOST  1000

/* Room for a hash with its parameters and salt, zero-terminated. */
#define PASSWORD_HASH_SIZE 128

/* ERROR_DATA for one that is too short or too long; the text says which. */
bool password_hash(const char *password, char ret_hash[PASSWORD_HASH_SIZE],
                   struct error *err) MUSTCHECK;

/* Whether the password is that of the hash. Without a hash (NULL: there is no such person) it
 * takes as long and is false. ERROR_UNAVAILABLE when too many are being checked right now. */
bool password_check(const char *hash, const char *password, bool *ret_is_right,
                    struct error *err) MUSTCHECK;

#endif
