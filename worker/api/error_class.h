/*
 * How an attempt at a job ended. Each class has one row in koppeling.retry_rule, where a DBA
 * decides what follows: retry, wait or give up. The names are those of the SQL enum
 * koppeling.error_class.
 */
#ifndef WORKER_API_ERROR_CLASS_H
#define WORKER_API_ERROR_CLASS_H

enum error_class {
    ERROR_CLASS_OK,              /* the call was answered and the answer was understood */
    ERROR_CLASS_RATE_LIMITED,    /* 429 */
    ERROR_CLASS_AUTH,            /* 401, 403, or a token that cannot be opened */
    ERROR_CLASS_CLIENT_ERROR,    /* another 4xx or an unexpected 3xx: asking again will not help */
    ERROR_CLASS_SERVER_ERROR,    /* 5xx */
    ERROR_CLASS_TIMEOUT,         /* no answer in time, or 408 */
    ERROR_CLASS_NETWORK,         /* no connection, or it broke */
    ERROR_CLASS_TLS,             /* the certificate or the handshake was refused */
    ERROR_CLASS_UNREADABLE,      /* an answer that cannot be understood */
    ERROR_CLASS_UNKNOWN_OUTCOME, /* a request that must not be repeated blindly may have taken
                                    effect */
};

/* The SQL name of a class. Never NULL. */
const char *error_class_name(enum error_class error_class);

#endif
