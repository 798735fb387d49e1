/*
 * The token with which a portal says who comes from it: a JSON Web Token (RFC 7519) signed with
 * HMAC-SHA-256 ("HS256"), and nothing else of what that standard allows. Pure; any thread.
 */
#ifndef PANEL_SESSION_PORTAL_TOKEN_H
#define PANEL_SESSION_PORTAL_TOKEN_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"

/* The longest time from now to its end, and how far two clocks may differ. */
#define PORTAL_TOKEN_SECONDS 300
#define PORTAL_TOKEN_SKEW    30

/*
 * Checks the signature and the times; *ret_claims, an object with person, role, jti, exp and
 * perhaps account and language, is the caller's to json_decref(). ERROR_DATA for a token that is
 * malformed, signed otherwise or by another, over, or good for too long; the text says which.
 * Whether it was used before is for the database to say.
 */
bool portal_token_open(const char *token, const char *key, int64_t now_seconds, json_t **ret_claims,
                       struct error *err) MUSTCHECK;

#endif
