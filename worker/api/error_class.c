#include "worker/api/error_class.h"

#include <stddef.h>

#include "common/cleanup.h"

const char *error_class_name(enum error_class error_class)
{
    static const char *const names[] = {
        [ERROR_CLASS_OK] = "ok",
        [ERROR_CLASS_RATE_LIMITED] = "rate_limited",
        [ERROR_CLASS_AUTH] = "auth",
        [ERROR_CLASS_CLIENT_ERROR] = "client_error",
        [ERROR_CLASS_SERVER_ERROR] = "server_error",
        [ERROR_CLASS_TIMEOUT] = "timeout",
        [ERROR_CLASS_NETWORK] = "network",
        [ERROR_CLASS_TLS] = "tls",
        [ERROR_CLASS_UNREADABLE] = "unreadable",
        [ERROR_CLASS_UNKNOWN_OUTCOME] = "unknown_outcome",
    };

    /* A value outside the enum is a defect of ours; the class that repeats nothing blindly is safe.
     */
    return (size_t)error_class < ARRAY_LENGTH(names) ? names[error_class]
                                                     : names[ERROR_CLASS_UNKNOWN_OUTCOME];
}
