#include "worker/calls/tls_session.h"

#include <openssl/ssl.h>

/* Data that belongs to a connection is freed before OpenSSL looks how the connection ended. */
/* The shape is OpenSSL's. NOLINTNEXTLINE(readability-function-size) */
static void end_in_good_order(void *connection, void *data, CRYPTO_EX_DATA *all, int index,
                              long number, void *argument)
{
    (void)data;
    (void)all;
    (void)index;
    (void)number;
    (void)argument;
    SSL_set_shutdown(connection, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

bool tls_session_keep(struct error *err)
{
    return SSL_get_ex_new_index(0, NULL, NULL, NULL, end_in_good_order) >= 0 ||
           error_set(err, ERROR_SYSTEM, "cannot start OpenSSL: no memory");
}
