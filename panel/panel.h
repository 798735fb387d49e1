/*
 * The panel: pages for merchants and for whoever is on call, over the functions of the database.
 */
#ifndef PANEL_PANEL_H
#define PANEL_PANEL_H

#include <stdbool.h>

#include "common/config/config.h"
#include "common/error.h"
#include "panel/database/pool.h"
#include "panel/server/assets.h"

/* What all requests share; nothing in it changes while the server runs, but for the pool's inside.
 */
struct panel {
    const struct config *config;
    struct pool *pool;
    struct assets *assets;
};

/* Serves until a signal says to stop. */
bool panel_run(const struct config *config, struct error *err) MUSTCHECK;

#endif
