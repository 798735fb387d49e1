#include "panel/panel.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/database/migrate.h"
#include "common/host_port.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/metrics.h"
#include "common/program.h"
#include "panel/database/batch.h"
#include "panel/routes/page.h"
#include "panel/routes/sign_in.h"
#include "panel/server/server.h"

/* Connections of browsers, of the database, and what the libraries open. */
#define DESCRIPTORS 1200

#define SWEEP_MS  1000
#define PEM_LIMIT 65536

struct running {
    struct panel panel;
    const struct config *config;
    struct server_certificate certificate; /* what is served with; NULL: plain HTTP */
    struct server_options options;
    struct server *server;
    struct metrics_server *metrics;
    int signals;
};

/* Ready when the database answers. */
static bool is_ready(void *context, char *reason, size_t reason_size)
{
    struct running *running = context;
    struct pool_connection *connection = NULL;
    struct error err = ERROR_INIT;
    const struct batch_statement statement = {.name = "connection_backend"};
    AUTO(batch_results) struct batch_results results = {.results = {NULL}};
    bool done = pool_take(running->panel.pool, &connection, &err) &&
                batch_run(connection->pg, &statement, 1, &results, &err);

    pool_give(running->panel.pool, connection);
    if (!done) {
        snprintf(reason, reason_size, "%s", err.text);
    }
    return done;
}

/* Cookies over plain HTTP are for tests and demos on one machine. */
static bool check_insecure(const struct config *config, struct error *err)
{
    struct host_port place;

    if (!config->panel_is_insecure) {
        return true;
    }
    if (!host_port_split(config->panel_address, &place, err)) {
        return false;
    }
    if (strncmp(place.host, "127.", 4) == 0 || strcmp(place.host, "::1") == 0 ||
        strcmp(place.host, "localhost") == 0) {
        return true;
    }
    return error_set(err, ERROR_CONFIG,
                     "KOPPELING_PANEL_INSECURE=1 is for a loopback address only");
}

static bool read_pem(const char *variable, const char *path, char **ret_text, struct error *err)
{
    AUTO(free_secret) char *text = xcalloc(PEM_LIMIT + 1, 1);
    FILE *file = fopen(path, "re");
    int number = errno;
    size_t length = file != NULL ? fread(text, 1, PEM_LIMIT + 1, file) : 0;

    if (file == NULL) {
        return error_set(err, ERROR_CONFIG, "cannot read %s '%s': %s", variable, path,
                         error_reason(number));
    }
    (void)fclose(file);
    if (length == 0 || length > PEM_LIMIT) {
        return error_set(err, ERROR_CONFIG, "cannot read %s '%s': %s", variable, path,
                         length == 0 ? "it is empty" : "it is too large to be one");
    }
    *ret_text = steal_ptr(&text);

    return true;
}

static void release_certificate(struct server_certificate *certificate)
{
    free(certificate->chain);
    free_secret(certificate->key);
    *certificate = (struct server_certificate){NULL, NULL};
}

static bool read_certificate(const struct config *config, struct server_certificate *certificate,
                             struct error *err)
{
    if ((config->panel_certificate == NULL) != (config->panel_key == NULL)) {
        return error_set(err, ERROR_CONFIG,
                         "KOPPELING_PANEL_CERTIFICATE and KOPPELING_PANEL_KEY go together");
    }
    return config->panel_certificate == NULL ||
           (read_pem("KOPPELING_PANEL_CERTIFICATE", config->panel_certificate, &certificate->chain,
                     err) &&
            read_pem("KOPPELING_PANEL_KEY", config->panel_key, &certificate->key, err));
}

/* The schema must have the pages that this program asks for. */
static bool check_database(const struct running *running, struct error *err)
{
    struct pool_connection *connection = NULL;
    bool done =
        pool_take(running->panel.pool, &connection, err) && migrate_check(connection->pg, err);

    pool_give(running->panel.pool, connection);
    return done;
}

static bool start(struct running *running, struct error *err)
{
    const struct config *config = running->config;

    running->options = (struct server_options){
        .address = config->panel_address,
        .threads = config->panel_threads,
        .certificate = running->certificate.chain != NULL ? &running->certificate : NULL,
        .proxies = config->panel_proxies,
        .is_insecure = config->panel_is_insecure,
        .handler = page_serve,
        .context = &running->panel,
    };
    metrics_show_build("koppeling-panel");
    page_show_metrics();
    sign_in_show_metrics();
    return check_database(running, err) && program_raise_descriptors(DESCRIPTORS, "", err) &&
           program_read_signals(&running->signals, err) &&
           server_start(&running->options, &running->server, err) &&
           (config->metrics_address == NULL ||
            metrics_server_start(config->metrics_address, is_ready, running, &running->metrics,
                                 err));
}

static bool is_same(const char *one, const char *other)
{
    return one != NULL && other != NULL && strcmp(one, other) == 0;
}

/* A certificate is good for some weeks, and the panel runs for longer. */
static void renew(struct running *running)
{
    struct server_certificate renewed = {NULL, NULL};
    struct error err = ERROR_INIT;

    if (running->certificate.chain == NULL) {
        return;
    }
    if (!read_certificate(running->config, &renewed, &err)) {
        LOG_WARNING("the certificate was not reloaded", LOG_TEXT("error", err.text));
    } else if (!is_same(renewed.chain, running->certificate.chain) ||
               !is_same(renewed.key, running->certificate.key)) {
        if (server_renew(running->server, &renewed, &err)) {
            const struct server_certificate before = running->certificate;

            running->certificate = renewed;
            renewed = before;
            LOG_INFO("another certificate is served");
        } else {
            LOG_WARNING("the certificate was not reloaded", LOG_TEXT("error", err.text));
        }
    }
    release_certificate(&renewed);
}

static void reload(struct running *running)
{
    AUTO(config) struct config live = {0};
    struct error err = ERROR_INIT;

    if (!config_reload(running->config, &live, &err)) {
        LOG_WARNING("the settings were not reloaded", LOG_TEXT("error", err.text));
        return;
    }
    log_set_level(live.log_level);
    renew(running);
    LOG_INFO("settings reloaded");
}

static void run_until_stopped(struct running *running)
{
    for (;;) {
        struct pollfd descriptor = {.fd = running->signals, .events = POLLIN};

        program_notify("WATCHDOG=1");
        server_sweep(running->server);
        if (poll(&descriptor, 1, SWEEP_MS) <= 0) {
            continue;
        }
        switch (program_take_signals(running->signals)) {
        case PROGRAM_STOP:
            return;
        case PROGRAM_RELOAD:
            reload(running);
            break;
        case PROGRAM_GO_ON:
            break;
        }
    }
}

static void stop(struct running *running)
{
    server_stop(running->server);
    metrics_server_stop(running->metrics);
    pool_free(running->panel.pool);
    assets_free(running->panel.assets);
    release_certificate(&running->certificate);
    if (running->signals >= 0) {
        close(running->signals);
    }
}

bool panel_run(const struct config *config, struct error *err)
{
    struct running running = {
        .panel = {.config = config, .pool = pool_new(config->database_url), .assets = assets_new()},
        .config = config,
        .signals = -1,
    };
    bool done = check_insecure(config, err) &&
                read_certificate(config, &running.certificate, err) && start(&running, err);

    if (done) {
        LOG_INFO("serving pages", LOG_TEXT("version", KOPPELING_VERSION),
                 LOG_INT("port", server_port(running.server)));
        program_notify("READY=1");
        run_until_stopped(&running);
        program_notify("STOPPING=1");
    }
    stop(&running);
    if (done) {
        LOG_INFO("stopped");
    }
    return done;
}
