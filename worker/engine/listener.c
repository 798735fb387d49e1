/*
 * LISTEN on a connection of its own.
 *
 * DESIGN. The thread connects (blocking, with a timeout), listens, and then waits in one place for
 * the socket or the stop signal. After some silence it asks something: a server that is frozen
 * would otherwise be believed for ever. When the connection breaks it waits a second and starts
 * over.
 */
#include "worker/engine/listener.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>

#include "common/database/database.h"
#include "common/database/hosts.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/wakeup.h"

/* Silence until something is asked, and then until an answer must have come. */
enum { RETRY_MS = 1000, CHECK_MS = 15000 };

enum waited { WAITED_STOP, WAITED_INPUT, WAITED_SILENCE };

struct listener {
    struct database_hosts *hosts;
    listener_wake *wake;
    void *context;
    struct wakeup stop;
    pthread_t thread;
};

static enum waited wait_for(const struct listener *listener, int socket, int timeout_ms)
{
    struct pollfd descriptors[] = {
        {.fd = listener->stop.descriptor, .events = POLLIN},
        {.fd = socket, .events = POLLIN},
    };
    int ready = poll(descriptors, socket >= 0 ? 2 : 1, timeout_ms);

    if (ready < 0) {
        return errno == EINTR ? WAITED_INPUT : WAITED_STOP; /* input: reading finds out */
    }
    if (descriptors[0].revents != 0) {
        return WAITED_STOP;
    }
    return ready > 0 ? WAITED_INPUT : WAITED_SILENCE;
}

/* LISTEN needs a session of its own; a transaction pooler gives none. */
static bool is_direct(PGconn *connection, struct error *err)
{
    bool direct = false;

    if (!database_is_direct(connection, &direct, err)) {
        return false;
    }
    return direct || error_set(err, ERROR_CONFIG,
                               "a pooler stands before the database, so notifications do "
                               "not arrive: set KOPPELING_LISTEN_URL to a direct address");
}

static bool take_notifications(PGconn *connection)
{
    bool any = false;
    PGnotify *notify;

    while ((notify = PQnotifies(connection)) != NULL) {
        PQfreemem(notify);
        any = true;
    }
    return any;
}

/* Takes what came. False when the connection is broken. */
static bool read_input(const struct listener *listener, PGconn *connection)
{
    if (!PQconsumeInput(connection)) {
        return false;
    }
    while (!PQisBusy(connection)) {
        AUTO(PQclear) PGresult *answer = PQgetResult(connection);

        if (answer == NULL) {
            break;
        }
    }
    if (take_notifications(connection)) {
        listener->wake(listener->context);
    }
    return PQstatus(connection) == CONNECTION_OK;
}

/* Waits for notifications until the connection breaks (true) or it is time to stop (false). */
static bool wait_on(const struct listener *listener, PGconn *connection)
{
    bool is_asked = false;

    for (;;) {
        enum waited waited = wait_for(listener, PQsocket(connection), CHECK_MS);

        if (waited == WAITED_STOP) {
            return false;
        }
        bool is_frozen = waited == WAITED_SILENCE && is_asked;
        is_asked = waited == WAITED_SILENCE;
        if (is_frozen || (is_asked ? !PQsendQuery(connection, database_query("connection_probe"))
                                   : !read_input(listener, connection))) {
            LOG_WARNING("listener lost its connection",
                        LOG_TEXT("error", is_frozen ? "the database did not answer in time"
                                                    : database_message(connection)));
            return true;
        }
    }
}

static bool listen_on(const struct listener *listener, PGconn *connection)
{
    struct error err = ERROR_INIT;

    if (!database_set_session(connection, &err) ||
        !database_run_text(connection, "LISTEN", database_query("connection_listen"), &err)) {
        LOG_WARNING("cannot listen", LOG_TEXT("error", err.text));
        return true;
    }
    LOG_DEBUG("listening");

    listener->wake(listener->context); /* what was enqueued before we listened */
    return wait_on(listener, connection);
}

static void *listener_main(void *context)
{
    struct listener *listener = context;
    struct error err = ERROR_INIT;

    log_set_thread_name("listener");
    do {
        AUTO(PQfinish) PGconn *connection = NULL;

        if (!database_hosts_open(listener->hosts, "koppeling-worker/listener", &connection, &err)) {
            LOG_WARNING("listener cannot connect", LOG_TEXT("error", err.text));
            continue;
        }
        if (!is_direct(connection, &err)) {
            LOG_WARNING("not listening, polling only", LOG_TEXT("reason", err.text));
            if (err.code == ERROR_CONFIG) {
                break;
            }
            continue;
        }
        if (!listen_on(listener, connection)) {
            break;
        }
        (void)database_hosts_next(listener->hosts); /* this one may be frozen */
    } while (wait_for(listener, -1, RETRY_MS) != WAITED_STOP);
    return NULL;
}

static bool start_thread(struct listener *listener, struct error *err)
{
    int code = pthread_create(&listener->thread, NULL, listener_main, listener);

    return code == 0 || error_set(err, ERROR_SYSTEM, "%s", error_reason(code));
}

static void free_listener(struct listener *listener)
{
    wakeup_close(&listener->stop);
    database_hosts_free(listener->hosts);
    free(listener);
}

bool listener_start(const char *url, listener_wake *wake, void *context,
                    struct listener **ret_listener, struct error *err)
{
    struct listener *listener = xcalloc(1, sizeof(*listener));

    *listener = (struct listener){
        .hosts = database_hosts_new(url),
        .wake = wake,
        .context = context,
        .stop = WAKEUP_INIT,
    };
    if (!wakeup_open(&listener->stop, err) || !start_thread(listener, err)) {
        free_listener(listener);
        return error_prefix(err, "cannot start the listener");
    }
    *ret_listener = listener;
    return true;
}

void listener_stop(struct listener *listener)
{
    if (listener == NULL) {
        return;
    }
    wakeup_ring(&listener->stop);
    pthread_join(listener->thread, NULL);
    free_listener(listener);
}
