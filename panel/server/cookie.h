/*
 * Cookies of a request. Pure; any thread.
 */
#ifndef PANEL_SERVER_COOKIE_H
#define PANEL_SERVER_COOKIE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/cleanup.h"

/* Copies the value of the cookie from the header "a=1; b=2" (NULL: none), zero-terminated. False
 * when it is not there, or there twice, or longer than the room: who it is would be a guess. */
bool cookie_find(const char *header, const char *name, char *ret_value, size_t size) MUSTCHECK;

#endif
