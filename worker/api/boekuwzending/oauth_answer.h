/*
 * The answer to a request for a bearer token: POST /token with client credentials [BKZ-202,
 * BKZ-203]. Pure; any thread.
 */
#ifndef WORKER_API_BOEKUWZENDING_OAUTH_ANSWER_H
#define WORKER_API_BOEKUWZENDING_OAUTH_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/cleanup.h"
#include "worker/api/http_message.h"

/* Longest token in bytes. */
#define OAUTH_TOKEN_LENGTH 4096

/*
 * Reads a token (to be freed with free_secret()) and how many seconds it lasts: expires_in, clamped
 * to 60..86400; 3600 when the answer does not say. False when there is no token to be had; then
 * `ret_problem` says why, without any of the secrets. What is not said stays untouched.
 */
bool oauth_answer_read(const struct http_response *answer, char **ret_token,
                       int64_t *ret_lifetime_s, char *ret_problem, size_t problem_size) MUSTCHECK;

#endif
