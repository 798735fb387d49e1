/*
 * Who a proxy says that it has recognised: "Authorization: Basic", the login and the secret of the
 * proxy, which is what those proxies can send that sign people in (OpenID Connect and the like).
 * Pure; any thread.
 */
#ifndef PANEL_SESSION_PROXY_IDENTITY_H
#define PANEL_SESSION_PROXY_IDENTITY_H

#include <stdbool.h>

#include "common/error.h"

#define PROXY_LOGIN_SIZE 201

/* ERROR_DATA when it says nobody, in another way, or without the secret; the text says which. */
bool proxy_identity_open(const char *authorization, const char *secret,
                         char ret_login[PROXY_LOGIN_SIZE], struct error *err) MUSTCHECK;

#endif
