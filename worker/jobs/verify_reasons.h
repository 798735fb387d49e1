/*
 * All sentences that a merchant may read after connecting a shop, in Dutch and in English, with the
 * codes that programs read. Each says what is wrong and what to do. {1}, {2}, {3} are filled in.
 * Pure; any thread.
 */
#ifndef WORKER_JOBS_VERIFY_REASONS_H
#define WORKER_JOBS_VERIFY_REASONS_H

#include "common/cleanup.h"

enum verify_reason {
    REASON_TOKEN_UNREADABLE,
    REASON_FROM_ADDRESS_INCOMPLETE, /* {1}: what is missing */
    REASON_TOKEN_REFUSED,
    REASON_TOKEN_OF_ANOTHER_SHOP, /* {1}: the token's shop, {2}: the one given */
    REASON_REFUSED,               /* {1}: HTTP status */
    REASON_UNREACHABLE_FOR_NOW,
    REASON_UNREACHABLE,
    REASON_TOO_LARGE,
    REASON_SHIPPED_STATUS_UNKNOWN, /* {1}: status */
    REASON_SHIPPED_STATUS_CREDIT,  /* {1}: status */
    REASON_SHIPPED_STATUS_UNCLEAR, /* {1}: status, {2}: its description, {3}: the other status */
    WARNING_OWN_DOMAIN,            /* {1}: the domain, {2}: the shop given */
    WARNING_NO_DOMAIN,             /* {1}: the shop given */
    WARNING_STATUSES_UNCHECKED,    /* {1}: status */
};

/* For koppeling.integration.reason_code; NULL for a warning. */
const char *verify_reason_code(enum verify_reason reason) MUSTCHECK;

/* The sentence with its places filled in; unused ones may be NULL. The caller frees it. */
char *verify_reason_dutch(enum verify_reason reason, const char *const values[3]) MUSTCHECK;
char *verify_reason_english(enum verify_reason reason, const char *const values[3]) MUSTCHECK;

#endif
