#include "panel/server/serving.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "common/memory.h"

#define CONNECTION_LIMIT 1000U
#define HEADER_MEMORY    ((size_t)24576)
#define IDLE_SECONDS     30U

/* What the library said first in this thread: of an error it tells the cause before the rest. */
static _Thread_local char remark[256];

__attribute__((format(printf, 2, 0))) static void on_log(void *context, const char *format,
                                                         va_list arguments)
{
    char text[sizeof(remark)];

    (void)context;
    (void)vsnprintf(text, sizeof(text), format, arguments);
    text[strcspn(text, "\n")] = '\0';
    LOG_DEBUG("the HTTP library remarks", LOG_TEXT("message", text));
    if (remark[0] == '\0') {
        memcpy(remark, text, strlen(text) + 1);
    }
}

/* Starts the threads with all signals blocked: they belong to main(). */
static struct MHD_Daemon *start_daemon(const struct serving_calls *calls,
                                       const struct server_certificate *certificate, int listener)
{
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC | MHD_USE_ERROR_LOG |
                     (certificate != NULL ? MHD_USE_TLS : 0);
    struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0, certificate != NULL ? certificate->chain : NULL},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, certificate != NULL ? certificate->key : NULL},
        {MHD_OPTION_HTTPS_PRIORITIES, 0,
         without_const("NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2")},
        {MHD_OPTION_END, 0, NULL},
    };
    struct MHD_OptionItem *end = &tls[3];
    sigset_t all;
    sigset_t before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);

    struct MHD_Daemon *daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, calls->on_request, calls->context, MHD_OPTION_EXTERNAL_LOGGER, on_log,
        NULL, MHD_OPTION_LISTEN_SOCKET, listener, MHD_OPTION_THREAD_POOL_SIZE, calls->threads,
        MHD_OPTION_CONNECTION_LIMIT, CONNECTION_LIMIT, MHD_OPTION_CONNECTION_TIMEOUT, IDLE_SECONDS,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, HEADER_MEMORY, MHD_OPTION_URI_LOG_CALLBACK,
        calls->on_target, NULL, MHD_OPTION_NOTIFY_COMPLETED, calls->on_completed, calls->context,
        MHD_OPTION_NOTIFY_CONNECTION, calls->on_connection, calls->context, MHD_OPTION_ARRAY,
        certificate != NULL ? tls : end, MHD_OPTION_END);

    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return daemon;
}

bool serving_start(const struct serving_calls *calls, const struct server_certificate *certificate,
                   int shared, struct serving *ret_serving, struct error *err)
{
    int listener = fcntl(shared, F_DUPFD_CLOEXEC, 0);

    if (listener < 0) {
        return error_set(err, ERROR_SYSTEM, "cannot serve pages: %s", error_reason(errno));
    }
    remark[0] = '\0';

    struct MHD_Daemon *daemon = start_daemon(calls, certificate, listener);

    if (daemon == NULL) {
        return error_set(err, certificate != NULL ? ERROR_CONFIG : ERROR_SYSTEM,
                         certificate != NULL ? "cannot serve pages with the certificate and key of "
                                               "KOPPELING_PANEL_CERTIFICATE and "
                                               "KOPPELING_PANEL_KEY: %s"
                                             : "cannot serve pages: %s",
                         remark[0] != '\0' ? remark : "the HTTP library does not say why");
    }
    *ret_serving = (struct serving){daemon, listener};

    return true;
}

void serving_quiesce(const struct serving *serving)
{
    (void)MHD_quiesce_daemon(serving->daemon);
}

void serving_end(struct serving *serving)
{
    if (serving->daemon != NULL) {
        MHD_stop_daemon(serving->daemon);
        close(serving->listener);
        serving->daemon = NULL;
    }
}

unsigned serving_count(const struct serving *serving)
{
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(serving->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);

    return info != NULL ? info->num_connections : 0;
}
