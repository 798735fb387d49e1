/*
 * The character references of HTML in a text that should have none: some shops escape what a
 * customer typed before they store it, so that "Bakker &amp;amp; Zn" and "O&#039;Neill" arrive.
 * Pure; any thread.
 */
#ifndef WORKER_API_TEXT_ENTITIES_H
#define WORKER_API_TEXT_ENTITIES_H

#include <stddef.h>

#include "common/cleanup.h"

/* A copy with each reference replaced by its character, once: what comes out is not looked at
 * again. Those of HTML 4 by name, all by number; what is none, such as "R&D;" or "&#0;", stays as
 * it is. The caller frees it; *ret_length does not count its end. */
char *entities_decode(const char *bytes, size_t length, size_t *ret_length) MUSTCHECK;

#endif
