/*
 * Tokens that a browser or a program shows to say who it is, and what is made of them. A token is
 * 32 random bytes in base64 for URLs; the database has only its SHA-256, so that who reads the
 * database can be nobody. sealing_start() comes first. Pure but for the randomness; any thread.
 */
#ifndef PANEL_SESSION_TOKEN_H
#define PANEL_SESSION_TOKEN_H

#include <stdbool.h>

#include "common/cleanup.h"

#define TOKEN_LENGTH 43 /* 32 bytes in base64 without padding */

/* What the token of a program begins with, so that secret scanners know it. */
#define TOKEN_API_PREFIX "kpl_"

struct token {
    char text[TOKEN_LENGTH + 1];
};

/* "\x" and 64 digits: bytea as PostgreSQL reads it. */
struct token_hash {
    char text[67];
};

/* What a form carries to show that a page of this session made it. */
struct token_proof {
    char text[TOKEN_LENGTH + 1];
};

struct token token_make(void);

/* Whether a text could be a token: its length and its letters. */
bool token_is_one(const char *text) MUSTCHECK;

/* SHA-256 of the text. */
struct token_hash token_hash(const char *text);

/* A keyed hash that only who has the token can make. */
struct token_proof token_proof(const char *token);

/* In constant time; false for a proof of another length. */
bool token_proves(const char *token, const char *proof) MUSTCHECK;

#endif
